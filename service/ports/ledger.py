"""The ledger, as the pipeline uses it: events in, one key in hand, verdicts out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from schemas.base import Ref
from schemas.event import Event, Fact, Position
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.posted import Posted
from schemas.privacy import PrivacyRequest
from service.ports.intent import Intent, Refusal
from service.ports.priority import Priority


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on one key, until `expires_at` of the database's clock, proven by `fence`."""

    key: str
    fence: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event on its way in. `id` names it for good (a digest of position or delivery)."""

    id: str
    event: Event
    position: Position | None = None
    """None where the order was read from the shop: then the facts are what is new of the whole of it."""
    priority: Priority = Priority.LIVE


class Absorbed(StrEnum):
    """What became of a fact when it met what was already known of its entity (correctness 2)."""

    NEWER = "newer"
    SAME = "same"
    OLDER = "older"
    CONFLICT = "conflict"
    """Same version, other content: only the shop can tell."""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest accepted fact about one source entity, and whether its effects are proven."""

    fact: Fact
    digest: str
    settled_under: str | None
    """The policy version under which all effects of this very version and digest are proven, if they are."""
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that the ledger knows about one key, under a fresh lease."""

    lease: Lease
    absorbed: Mapping[tuple[str, int], Absorbed]
    """By (arrival id, index of the fact in its event)."""
    known: Mapping[Ref, Known]
    posted: Mapping[Ref, Posted]
    intents: Sequence[Intent]
    """Unresolved ones only: OPEN and IN_DOUBT."""
    generations: Mapping[str, int]
    """Highest generation used so far, by effect name."""
    refusals: Mapping[str, Refusal]
    first_seen: float
    """When this key was first heard of, unix seconds."""
    held: str = ""
    """A person's explicit hold, with its reason."""
    discarded: frozenset[Ref] = frozenset()
    """Documents that a person ended for good."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Another owner holds the key; `retry_in` seconds from now is worth a try."""

    key: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class EventEnd:
    """The one named outcome of one event (I8)."""

    arrival: Arrival
    outcome: OutcomeName
    reason: Reason | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """What is committed when a key is left: verdicts, marks, outcomes, and the lease given back, in one transaction."""

    lease: Lease
    verdicts: Sequence[Verdict]
    """By document; what was said of a document that is not among them stays."""
    settled: Sequence[tuple[Ref, str, str]]
    """(entity, digest, policy version) whose effects are all proven."""
    events: Sequence[EventEnd]
    posted: Sequence[Posted] = ()
    ended: Sequence[Intent] = ()
    """Intents whose outcome is recorded along."""
    wake_at: float | None = None
    """When the key should be looked at again although nothing arrives."""
    unread: Collection[Ref] = ()
    """Documents whose last news cannot be booked: that is said of them until sound ones come, or a person decides."""
    heard: Collection[Ref] = ()
    """Documents of which sound news came, but for those that are settled: of them nothing unreadable is said."""


class Ledger(Protocol):
    """State that survives: see service/ledger. Every call is one member of a group commit and is fenced."""

    async def open(self, key: str, arrivals: Sequence[Arrival]) -> Opened | Busy:
        """Absorb the facts of the arrivals and claim the key, in one transaction."""
        ...

    async def begin(
        self, lease: Lease, intent: Intent, *, ended: Sequence[Intent] = (), posted: Sequence[Posted] = ()
    ) -> None:
        """Commit an intent before its call, together with the ends of earlier ones. Raises FenceLost."""
        ...

    async def end(self, intent: Intent, *, posted: Sequence[Posted] = ()) -> None:
        """Record the outcome of an existing intent; accepted from anyone, a terminal outcome is never overwritten."""
        ...

    async def close(self, closing: Closing) -> None:
        """Commit verdicts and outcomes and give the lease back. Raises FenceLost."""
        ...

    async def renew(self, leases: Sequence[Lease]) -> set[str]:
        """Extend leases; returns the keys whose lease is lost."""
        ...

    async def account(self, ref: Ref) -> Posted | None:
        """The posted account of this buyer, following nothing; no lease needed to read."""
        ...

    async def ask(self, arrival: Arrival, request: PrivacyRequest) -> EventEnd:
        """Record a request about persons and, for an erasure, its tombstones; a duty carries it out."""
        ...
