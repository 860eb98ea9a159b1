"""How one tenant wants its documents posted: immutable, versioned; a document stays under what posted it."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property

from pydantic import Field

from schemas.base import ExternalSource, Frozen, Utc
from schemas.effect import Component
from schemas.party import Address


class Fulfilment(StrEnum):
    """Who ships, and therefore which document carries the sale (books 4)."""

    ERP = "erp"
    SHOP = "shop"


class Gate(StrEnum):
    """From which state on an order is exported (books 3)."""

    PAID = "paid"
    AUTHORIZED = "authorized"
    CREATED = "created"


class ClosedPeriod(StrEnum):
    """What happens to cash that is dated before `closed_before` (books 14)."""

    PARK = "park"
    FIRST_OPEN_DAY = "first_open_day"


class Targets(Frozen):
    """Where each component goes: `sku:<SKU>`, `id:<product id>` or `fee:<label>`; None where nobody chose (books 8)."""

    tax: str | None = None
    marketplace_tax: str | None = None
    tips: str | None = None
    gift_cards: str | None = None
    shipping: str | None = None
    duties: str | None = None
    fees: str | None = None
    custom: str | None = None
    rounding: str | None = None

    def of(self, component: Component) -> str | None:
        """Return the target of a component that has one."""
        target: str | None = getattr(self, _FIELD[component])
        return target


_FIELD = {
    Component.TAX: "tax",
    Component.TIPS: "tips",
    Component.GIFT_CARDS: "gift_cards",
    Component.SHIPPING: "shipping",
    Component.DUTIES: "duties",
    Component.FEES: "fees",
    Component.GOODS: "custom",
    Component.ROUNDING: "rounding",
}


class Policy(Frozen):
    """Everything that decides how a tenant's documents are posted; see books.md for each field."""

    external_source: ExternalSource
    tenant: str
    go_live: Utc
    fulfilment: Fulfilment
    entity_currency: str
    time_zone: str = "UTC"
    gate: Gate = Gate.PAID
    admit_test: bool = False
    channels: frozenset[str] = frozenset()
    """Only these channels, where any is named."""
    excluded_tags: frozenset[str] = frozenset()
    only_locations: frozenset[str] = frozenset()
    """Only orders of these shop locations, where any is named."""
    targets: Targets = Targets()
    tenders: dict[str, str] = Field(default_factory=dict)
    """Gateway to the ERP's tender, for example `shopify_payments` to `external`, `gift_card` to `credit`."""
    skus: dict[str, str] = Field(default_factory=dict)
    """A shop's SKU to the ERP's, where they differ."""
    locations: dict[str, str] = Field(default_factory=dict)
    pick_up: Address | None = None
    """Where goods go that have no address: point of sale, pick-up, digital (books 5)."""
    transactions_grace_s: float = 900.0
    closed_before: date | None = None
    closed_period: ClosedPeriod = ClosedPeriod.PARK
    cents_for_other_units: bool = False
    """Whether the refund call, documented in cents, may be used for a currency without two decimals."""

    @cached_property
    def version(self) -> str:
        """Digest of everything above: a changed setting is another policy."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()[:16]

    def open_day(self, business_date: date) -> date | None:
        """Return the date to post under, or None where the period is closed and the document has to park."""
        if self.closed_before is None or business_date >= self.closed_before:
            return business_date
        return self.closed_before if self.closed_period is ClosedPeriod.FIRST_OPEN_DAY else None

    def is_live(self, moment: datetime) -> bool:
        """Whether a document of this moment is ours to post (books 2)."""
        return moment >= self.go_live


def canonical(policy: Policy) -> str:
    """Write a policy so that the same rules always give the same text: sets and tables in order."""
    plain = policy.model_dump(mode="json")
    for name in ("channels", "excluded_tags", "only_locations"):
        plain[name] = sorted(plain[name])
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))
