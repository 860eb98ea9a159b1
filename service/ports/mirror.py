"""What the ERP says by itself, and what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from schemas.base import Ref
from schemas.event import Fact
from schemas.posted import Posted
from schemas.standing import Standing
from service.ports.priority import Priority


@dataclass(frozen=True, slots=True)
class Notice:
    """Something may have changed in the ERP: which document to read again. Nothing else in an event is believed."""

    erp: str
    event_id: str
    """The same on every delivery of one event; also the id of an entry of the ERP's activity."""
    erp_id: str
    """The document that it is about; empty where it is about nothing that we know."""
    related: tuple[str, ...] = ()
    """Further documents by which ours can be found: the order of a payment."""
    key: str = ""
    """Our key, where the document carries our tag."""
    version: str = ""
    """The document's time of change as the event tells it; a reading that shows it or more has seen the event."""
    happened_at: float = 0.0
    """Unix seconds; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the ERP says of the documents of one key now."""

    began_at: float
    """Our clock before the first request."""
    standings: Sequence[Standing] = ()
    after: Mapping[Ref, Posted] = field(default_factory=dict)
    missing: frozenset[Ref] = frozenset()
    """Documents of ours that the ERP does not know."""
    foreign: Mapping[Ref, Sequence[str]] = field(default_factory=dict)
    """By order: payments on it that are not ours, in words."""
    forgotten: frozenset[Ref] = frozenset()
    """Orders with payments that carry our reference and that the ledger does not know: it was restored."""


class Decision(StrEnum):
    """What becomes of drift. It is never undone."""

    ACCEPTED = "accepted"
    ALERTED = "alerted"
    FOLLOWED = "followed"
    """Nothing to decide: a merged account is followed."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One field that people changed in the ERP after us."""

    document: Ref
    erp_id: str
    field: str
    was: str
    now: str
    decision: Decision
    at: float = 0.0
    """When it was found, unix seconds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that is to be read again, and since when (the ledger's clock)."""

    erp_id: str
    version: str
    asked_at: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger knows of one key, read without its lease; `fence` tells whether anybody acted on it since."""

    key: str
    fence: int
    at: float
    """The ledger's clock."""
    posted: Mapping[Ref, Posted]
    standings: Sequence[Standing]
    drifts: Sequence[Drift]
    wanted: Sequence[Wanted]
    sale: Fact | None
    """The newest order body."""
    unresolved: bool
    """A call of ours has no clear answer: nobody can tell whose doing a difference is."""
    written_at: float
    """When the last call of ours began, unix seconds of our clock; 0 where there was none."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a look at a key came to; kept only where nobody acted on the key since `fence`."""

    key: str
    fence: int
    standings: Sequence[Standing]
    drifts: Sequence[Drift] = ()
    posted: Sequence[Posted] = ()
    seen: Sequence[str] = ()
    """Documents whose reading is done."""
    again_in: float | None = None
    """Look at the others again after so many seconds."""
    wake: bool = False
    """Plan the key anew: what it waited for may have happened."""
    merged: Sequence[str] = ()
    """Accounts that others took the place of: whatever names them is looked at too."""


class Mirror(Protocol):
    """What the ERP says of our documents, as last read, and what is to be read again: see service/ledger/mirror."""

    async def notice(self, notices: Sequence[Notice]) -> None:
        """Ask for the documents to be read again; an event that was noticed before asks for nothing."""
        ...

    async def claim(self, *, limit: int) -> Sequence[str]:
        """Return keys that are to be looked at now; no other process gets them for a while."""
        ...

    async def kept(self, key: str) -> Kept | None:
        """Return what is known of a key; None while somebody has it in hand."""
        ...

    async def keep(self, observation: Observation, *, at: float) -> bool:
        """Record a look that began `at`, on the ledger's clock. False where somebody acted on the key meanwhile."""
        ...

    async def postpone(self, key: str, *, seconds: float) -> None:
        """Look at a key again later."""
        ...

    async def standing(self, erp_ids: Sequence[str]) -> Mapping[str, Standing]:
        """Return what is known of these documents, by id."""
        ...

    async def cursor(self, name: str) -> str:
        """Return how far a feed of the ERP was read; empty where it never was."""
        ...

    async def move(self, name: str, cursor: str) -> None:
        """Keep how far a feed was read, and forget events that nobody sends any more."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the ERP sends its events to, as it says itself."""

    id: str
    url: str
    status: str
    """`active`, `paused` (after failures in a row) or `disabled`."""
    events: tuple[str, ...] = ()
    failures_in_a_row: int = 0
    last_delivery_at: str = ""
    secret_last4: str = ""


class Watched(Protocol):
    """The part of an ERP that tells how documents stand."""

    async def look(self, documents: Sequence[Posted], *, also: Sequence[str], priority: Priority) -> Sight:
        """Read documents of one key, `also` by ids that carry its tag. Raises Retryable, Refused or Waiting."""
        ...
