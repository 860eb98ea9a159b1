"""Why a record does not become an event, in words that a shop clerk understands; never a name or an address."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.base import Kind, Ref
from schemas.event import Envelope, Key
from schemas.outcome import Reason


class ConnectorError(Exception):
    """One record, or one element of a batch, that is not an event. Nothing else ever leaves this package."""

    reason: Reason
    detail: str


@dataclass(eq=False)
class Undecodable(ConnectorError):
    """Nobody can tell what it is: it goes to the dead letters with its bytes, headers and position."""

    reason: Reason
    detail: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.reason}: {self.detail}"


@dataclass(eq=False, kw_only=True)
class Recognised(ConnectorError):
    """We know who says it and what it is about, as far as the fields go."""

    envelope: Envelope
    detail: str
    kind: Kind | None = None
    external_id: str | None = None
    root: str | None = None
    reason: Reason = Reason.INVALID

    @property
    def topic(self) -> str:
        """The shop's topic, empty where it was lost."""
        return self.envelope.topic

    @property
    def external_source(self) -> str:
        """The shop system."""
        return self.envelope.external_source

    @property
    def tenant(self) -> str:
        """The shop, empty where nobody names it."""
        return self.envelope.tenant

    @property
    def key(self) -> Key | None:
        """The lane of its root document, where shop and root are known."""
        if not self.tenant or self.root is None:
            return None
        return Key(external_source=self.external_source, tenant=self.tenant, root=self.root)

    @property
    def ref(self) -> Ref | None:
        """The document, where shop, kind and id are known."""
        if not self.tenant or self.kind is None or self.external_id is None:
            return None
        return Ref(
            external_source=self.external_source, tenant=self.tenant, kind=self.kind, external_id=self.external_id
        )

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.reason}: {self.detail}"


@dataclass(eq=False, kw_only=True)
class OutOfScope(Recognised):
    """A known thing that is not ours to post: skipped by name."""

    reason: Reason = Reason.OUT_OF_SCOPE


@dataclass(eq=False, kw_only=True)
class Invalid(Recognised):
    """A document whose content cannot be booked: parked, with the field that is wrong."""

    field: str = ""
