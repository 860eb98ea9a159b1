"""What the story needs from the outside, as protocols: a ledger, an ERP, dead letters, people, a clock."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol

from connectors.errors import Invalid
from schemas.base import Ref
from schemas.effect import Effect
from schemas.event import Event, Fact, Position
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.posted import Posted
from schemas.privacy import PrivacyRequest
from schemas.standing import Standing


class Priority(IntEnum):
    """Order of the ERP's budget (correctness 17)."""

    LIVE = 0
    RECOVERY = 1
    REPLAY = 2
    POLLING = 3
    """Looking whether anything changed in the ERP: when nobody else waits."""


class Clock(Protocol):
    """Time, replaceable in tests and simulation."""

    def now(self) -> float:
        """Return unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let this long pass."""
        ...


@dataclass(slots=True, eq=False)
class Record:
    """One record of Kafka, as it was read. Not to be changed; a frozen class would cost 1 us more to make."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: float
    """Unix seconds, by the broker or its producer."""

    @property
    def position(self) -> Position:
        """Where it stands; made when somebody asks."""
        return Position(topic=self.topic, partition=self.partition, offset=self.offset)


class Routed(NamedTuple):
    """One piece of work in a record: the lane that it belongs to, and what was read from it."""

    key: str
    payload: object


# --- the ledger, as the pipeline uses it -------------------------------------------------------------------------


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


class IntentState(StrEnum):
    """An intent is the only plan that survives (correctness 6)."""

    OPEN = "open"
    """Committed before the call; after a crash this reads as unknown."""
    DONE = "done"
    REFUSED = "refused"
    ABSENT = "absent"
    """Proven to have had no effect; the next generation may try."""
    IN_DOUBT = "in_doubt"
    """No proof either way: a person decides."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the ERP, before it has a key and a time."""

    method: str
    path: str
    body: bytes

    @property
    def digest(self) -> str:
        """Recognises the very same content, for example after a refusal."""
        return hashlib.sha256(b"%s %s\n%s" % (self.method.encode(), self.path.encode(), self.body)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt to bring about one effect: exact bytes, key and time, committed before the socket is written."""

    id: str
    """Digest of ERP, document, effect name and generation; also the idempotency key that is sent."""
    erp: str
    key: str
    document: Ref
    effect: Effect
    generation: int
    step: Step
    credential: str
    """Fingerprint of the API key; never the key."""
    attempted_at: float
    deadline: float
    erp_time: float
    """The ERP's clock (its `Date` header) when this was written; 0 where it was not known."""
    attempts: int = 1
    state: IntentState = IntentState.OPEN
    answer: str = ""
    """The outcome in short: status, code, hint. No personal field."""
    how: str = ""
    """How an unknown was resolved: `answer`, `key`, `look_up`, `person`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The ERP's last clear no to an effect; the same content is not sent again until something changes."""

    effect_name: str
    content: str
    """`Step.digest` of what was refused."""
    code: str
    detail: str


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
    """Another owner holds the key until `expires_at` (database time); `retry_in` seconds from now is worth a try."""

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


# --- the ERP -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this ERP can do; the planner sees it."""

    confirm_return: bool = True
    refund_minor_units: frozenset[int] = frozenset({2})
    """Currencies with these numbers of decimals may use the refund call (books 12)."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """ERP ids for what an effect names: lines in order, addresses, account."""

    products: Sequence[tuple[str, str | None]] = ()
    """(product id, variant id or None), one per line of the effect."""
    account_erp_id: str = ""
    ship_to_erp_id: str = ""
    bill_to_erp_id: str = ""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An effect cannot be turned into a request yet."""

    reason: Reason
    detail: str
    release: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ERP said it did: the documents as they stand there now."""

    posted: Sequence[Posted]
    erp_time: float = 0.0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Proof of presence: tenant, identity, amount and currency were compared."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """Complete scan without a match; `began_at` by our clock. Proof only together with the settle horizon."""

    began_at: float
    erp_time: float


@dataclass(frozen=True, slots=True)
class Unclear:
    """Neither: more than one found, or a value that is neither before nor after."""

    reason: Reason
    detail: str


class ERP(Protocol):
    """One ERP. `prerequisite`, `step` and `read` are pure; the rest is I/O and raises the names of service.errors."""

    name: str
    capabilities: Capabilities
    credential: str

    def prerequisite(self, effect: Effect, account: Posted | None) -> Effect | None:
        """Return the account or address effect that must be done before this one, if any."""
        ...

    async def resolve(self, effect: Effect, account: Posted | None, *, priority: Priority) -> Resolution | Unresolved:
        """Look up what the effect names (products by SKU, addresses of the account)."""
        ...

    def step(self, effect: Effect, resolution: Resolution) -> Step:
        """Turn an effect into its one request."""
        ...

    def admit(self, *, priority: Priority) -> AbstractAsyncContextManager[None]:
        """Wait for the breaker, a rate token and a free slot; held around `begin` and `publish` of one intent.

        The token is taken before the intent is committed, so that the intent's deadline bounds the call (correctness
        10 and 17). Raises Waiting.
        """
        ...

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        """Send the intent's exact bytes under its key. Raises Retryable, Unknown, Refused or Waiting."""
        ...

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        """Look an effect up by its tag, or compare the value now with before and after (correctness 10, 11).

        `forgotten` where the ledger was restored: what follows on the same document may have been done as well.
        """
        ...

    async def refresh(self, posted: Posted, *, priority: Priority) -> Posted:
        """Read a document again; our own tags (line ids, versions) are kept."""
        ...

    def reason(self, code: str, effect: Effect) -> Reason:
        """Say in our words why the ERP refused an effect with this code of its own."""
        ...

    def erp_time(self) -> float:
        """Return the ERP's clock now, as last seen and carried on by ours; 0 before the first answer."""
        ...

    def window_open(self, intent: Intent) -> bool:
        """Whether the same bytes under the same key are still recognised, by the ERP's clock minus a margin."""
        ...


# --- the shop ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderRead:
    """An order as the shop shows it."""

    event: Event | Invalid
    """Its facts, as those of a webhook; none where the shop does not show it."""
    at: datetime
    """The shop's clock when it was read: nothing of it changed after its own time and before this."""
    shown: bool


class Shop(Protocol):
    """One shop, read and never written to."""

    async def read(self, order_id: str) -> OrderRead:
        """Read an order with its lines, transactions and refunds, all of one moment.

        Raises Retryable, Refused or Waiting.
        """
        ...


# --- what the ERP says by itself ---------------------------------------------------------------------------------


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


# --- dead letters ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that cannot be read: its bytes, headers and position, and why."""

    position: Position
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    reason: Reason
    detail: str


class DeadLetters(Protocol):
    """Where undecodable records go; durable when it returns (the topic acknowledged, or the ledger committed)."""

    async def put(self, letter: DeadLetter) -> None:
        """Keep it."""
        ...


# --- people ------------------------------------------------------------------------------------------------------


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


class CaseState(StrEnum):
    """How far a request about persons is."""

    OPEN = "open"
    """Not carried out yet, or something in it waits: an effect without an outcome, a key in hand."""
    TO_ANSWER = "to_answer"
    """What is held is found; a person answers the shop."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StandsInErp:
    """A document in the ERP that may hold the person: nothing is deleted there."""

    kind: str
    external_id: str
    document_type: str
    erp_id: str
    erp_number: str


@dataclass(frozen=True, slots=True)
class StandsOnKafka:
    """Where events of the person stood on a topic when they were read; Kafka forgets them by its retention."""

    topic: str
    partition: int
    first: int
    last: int
    records: int


@dataclass(frozen=True, slots=True)
class Traces:
    """What was found of a person, and what of it is erased. Ids and numbers only."""

    keys: int = 0
    """Orders and accounts of the person."""
    facts: int = 0
    """Of these, what held a person and was erased (or is held, where the person only wants to know)."""
    requests: int = 0
    """Requests to the ERP, kept for looking them up, whose bytes were erased (or are held)."""
    letters: int = 0
    """Dead letters in the ledger that were erased."""
    erp: tuple[StandsInErp, ...] = ()
    erp_more: int = 0
    """Documents beyond those that are listed."""
    kafka: tuple[StandsOnKafka, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    """Keys that cannot be erased yet, each with why."""


@dataclass(frozen=True, slots=True)
class PrivacyCase:
    """One request about persons and how far it is. Holds no person: ids and digests."""

    id: str
    external_source: str
    tenant: str
    request: PrivacyRequest
    state: CaseState
    asked_at: float
    changed_at: float
    found: Traces
    scanned: int = 0
    """How often everything was looked through."""


class PrivacyDesk(Protocol):
    """What people see and order about requests; every order is audited."""

    async def cases(self) -> Sequence[PrivacyCase]:
        """Every request, oldest first."""
        ...

    async def case(self, case_id: str) -> PrivacyCase | None:
        """One request."""
        ...

    async def held(self, case_id: str) -> Sequence[Mapping[str, object]]:
        """The personal fields that the ledger holds of the person now, document by document: to answer the shop."""
        ...

    async def answered(self, case_id: str, *, who: str, why: str) -> None:
        """A person answered the shop."""
        ...

    async def lift(self, case_id: str, *, who: str, why: str) -> int:
        """Let orders that are made from now on keep their persons; returns how many names that frees."""
        ...


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
