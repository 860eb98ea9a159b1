"""What people may ask and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.base import Ref
from schemas.outcome import Reason, Verdict
from schemas.posted import Posted
from schemas.standing import Standing
from service.ports.intent import Intent
from service.ports.ledger import EventEnd, Known
from service.ports.mirror import Decision, Drift
from service.ports.privacy import PrivacyDesk


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked document."""

    document: Ref
    key: str
    reason: Reason
    detail: str
    release: str
    amount: str
    since: float
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One line of the tenant's tables: how a word of the shop is said in the ERP."""

    external_source: str
    tenant: str
    table: str
    """sku, tender, tax, shipping, tip, gift_card, duties, fees, custom, rounding, location, account."""
    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Who decided what, and why."""

    at: float
    who: str
    action: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one key, for `explain`."""

    key: str
    known: Sequence[Known]
    posted: Sequence[Posted]
    intents: Sequence[Intent]
    events: Sequence[EventEnd]
    verdicts: Sequence[Verdict]
    audits: Sequence[Audit] = field(default_factory=tuple)
    standings: Sequence[Standing] = field(default_factory=tuple)
    drifts: Sequence[Drift] = field(default_factory=tuple)


class Desk(Protocol):
    """What people may ask and order; every order is audited with who and why."""

    async def find_keys(self, external_source: str, text: str) -> Sequence[str]:
        """Keys that match a document id, an order name, an ERP number or a transaction id."""
        ...

    async def all_keys(self, external_source: str, *, after: str, limit: int) -> Sequence[str]:
        """Keys in order, for a report over everything."""
        ...

    async def story(self, key: str) -> Story:
        """Everything known about one key."""
        ...

    async def parked(
        self, *, tenant: str | None = None, reason: str | None = None, limit: int = 1000
    ) -> Sequence[Parked]:
        """The parked documents, oldest first."""
        ...

    async def last_told(self) -> float:
        """When people were told of parked work last, unix seconds; 0 for never."""
        ...

    async def release(self, key: str, *, who: str, why: str) -> None:
        """Let a key try again: forget refusals and holds, plan it now."""
        ...

    async def hold(self, key: str, *, who: str, why: str) -> None:
        """Leave a key alone until it is released, whatever arrives."""
        ...

    async def discard(self, document: Ref, *, who: str, why: str) -> None:
        """End a parked document for good as skipped by a person."""
        ...

    async def mappings(self, external_source: str, tenant: str) -> Sequence[Mapped]:
        """The tenant's tables."""
        ...

    async def set_mapping(self, mapping: Mapped, *, who: str, why: str) -> int:
        """Set one line and reopen exactly what was parked for it; returns how many keys were reopened."""
        ...

    async def pause(self, external_source: str, tenant: str, *, paused: bool, who: str, why: str) -> None:
        """Stop or resume a tenant."""
        ...

    async def paused(self) -> frozenset[tuple[str, str]]:
        """The paused tenants."""
        ...

    async def drifts(self, *, decision: Decision | None = None, limit: int = 1000) -> Sequence[tuple[str, Drift]]:
        """Drift with the key that it belongs to, newest first."""
        ...

    async def accept_drift(self, key: str, *, who: str, why: str) -> int:
        """A person says that what was changed in the ERP is right; returns how many fields that were."""
        ...

    async def resolve_doubt(self, intent_id: str, *, happened: bool, erp_id: str, who: str, why: str) -> None:
        """A person says whether an effect in doubt exists in the ERP."""
        ...

    @property
    def privacy(self) -> PrivacyDesk:
        """Requests about persons."""
        ...
