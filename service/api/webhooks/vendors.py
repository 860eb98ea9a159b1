"""The senders of webhooks: which secrets prove them, and what their deliveries become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.arcus import signature as arcus_signature
from connectors.arcus import webhook as arcus
from connectors.quickbooks import signature as quickbooks_signature
from connectors.quickbooks import webhook as quickbooks
from connectors.shopify import signature as shopify_signature
from connectors.shopify import webhook as shopify
from connectors.webhook import Headers, Outgoing

Secrets = tuple[str, ...]


class Vendor(Protocol):
    """One endpoint. Pure: whoever asks has the bytes."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        ...

    @property
    def topic(self) -> str:
        """Where its records go."""
        ...

    @property
    def signed_in(self) -> Sequence[str]:
        """The headers, in small letters, one of which holds its signature."""
        ...

    @property
    def closed(self) -> bool:
        """Whether no secret is set."""
        ...

    def proven(self, body: bytes, headers: Headers, signature: str, now: float) -> Sequence[Outgoing] | None:
        """Return the records of a genuine delivery, None for any other; nothing is parsed before that is known."""
        ...


@dataclass(frozen=True, slots=True)
class Shopify:
    """Shops. A shop's own secrets prove only deliveries that name it; those of the app prove all."""

    topic: str
    secrets: Secrets = field(repr=False)
    of_shop: Mapping[str, Secrets] = field(repr=False)
    name: str = "shopify"
    signed_in: Sequence[str] = shopify_signature.HEADERS

    @property
    def closed(self) -> bool:
        """Whether no secret is set."""
        return not (self.secrets or any(self.of_shop.values()))

    def proven(self, body: bytes, headers: Headers, signature: str, now: float) -> Sequence[Outgoing] | None:  # noqa: ARG002 - it has no time
        """Return the one record of a genuine delivery."""
        secrets = (*self.secrets, *self.of_shop.get(shopify.shop(headers), ()))
        return shopify.records(body, headers) if shopify_signature.is_genuine(body, signature, secrets) else None


@dataclass(frozen=True, slots=True)
class QuickBooks:
    """Realms; Intuit signs by app, not by realm."""

    topic: str
    tokens: Secrets = field(repr=False)
    name: str = "quickbooks"
    signed_in: Sequence[str] = quickbooks_signature.HEADERS

    @property
    def closed(self) -> bool:
        """Whether no verifier token is set."""
        return not self.tokens

    def proven(self, body: bytes, headers: Headers, signature: str, now: float) -> Sequence[Outgoing] | None:  # noqa: ARG002 - it has no time
        """Return the records of a genuine delivery, one for each entity of each realm."""
        genuine = quickbooks_signature.is_genuine(body, signature, self.tokens)
        return quickbooks.records(body, headers) if genuine else None


@dataclass(frozen=True, slots=True)
class Arcus:
    """ERP entities, by the name of their API key; each has secrets of its own."""

    topic: str
    of_key: Mapping[str, Secrets] = field(repr=False)
    tolerance_s: float
    name: str = "arcus"
    signed_in: Sequence[str] = arcus_signature.HEADERS

    @property
    def closed(self) -> bool:
        """Whether no secret is set."""
        return not any(self.of_key.values())

    def proven(self, body: bytes, headers: Headers, signature: str, now: float) -> Sequence[Outgoing] | None:
        """Return the one record of a genuine event, with the name of the entity that signed it."""
        found = [
            name
            for name, secrets in self.of_key.items()
            if arcus_signature.is_genuine(body, signature, secrets, now=now, tolerance_s=self.tolerance_s)
        ]
        return arcus.records(body, headers, api_key=found[0]) if found else None
