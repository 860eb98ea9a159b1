"""What callers put into a batch: open, begin, end, close, renew, read an account, and rows of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.base import Ref
from schemas.event import Fact
from schemas.posted import Posted
from service.errors import FenceLost
from service.ledger import documents, entities, intents, leases, mappings, names, outcomes, tombstones
from service.ledger.absorb import Seen, absorb
from service.ledger.batch import Batch
from service.ledger.digest import digest
from service.ledger.rows import Row, Statement, read_ref
from service.ledger.trouble import AlreadyEnded, Rejected
from service.ports import (
    Absorbed,
    Arrival,
    Busy,
    Closing,
    Intent,
    IntentState,
    Known,
    Lease,
    Opened,
)

TRY_AGAIN_S: Final = 1.0  # a key held elsewhere is usually given back within one visit, long before its lease ends


class Plain:
    """What members have in common."""

    error: Exception | None = None
    keys: Sequence[str] = ()
    lease_s: float = 0.0
    intent_ids: Sequence[str] = ()
    wanted: Sequence[Row] = ()

    def named(self, batch: Batch) -> Sequence[Row]:  # noqa: ARG002 - for those that claim a key
        """Only members that claim a key meet persons."""
        return ()

    def absorb(self, batch: Batch) -> None:
        """Only members that claim a key have anything to do here."""


class Open(Plain):
    """Claim a key, absorb what arrived, and read everything about it."""

    def __init__(self, key: str, arrivals: Sequence[Arrival], lease_s: float) -> None:
        self.key = key
        self.keys = (key,)
        self.lease_s = lease_s
        self._facts = [
            ((arrival.id, index), fact, digest(fact))
            for arrival in arrivals
            for index, fact in enumerate(arrival.event.facts)
        ]

    def decide(self, batch: Batch) -> None:
        """See whether the key was claimed for this member, once."""
        self.busy: Busy | None = None
        self._met: dict[tuple[str, str], Seen] | None = None
        row = batch.claimed.get(self.key)
        if row is None:
            held = batch.held[self.key]
            self.busy = Busy(self.key, max(0.0, min(TRY_AGAIN_S, held.lease_until - held.at)))
        elif self.key in batch.opened:
            self.busy = Busy(self.key, TRY_AGAIN_S)
        else:
            batch.opened.add(self.key)
            self._held: str = row.held
            self._first_seen: float = row.first_seen
            self._lease = Lease(self.key, row.fence, row.lease_until)

    def named(self, batch: Batch) -> Sequence[Row]:
        """Whoever the facts of the key are about, those that are known and those that arrived."""
        if self.busy is not None:
            return ()
        source, tenant, root = self.key.split("|", 2)
        self._met = self._read(batch)
        facts = (*(seen.fact for seen in self._met.values()), *(fact for _, fact, _ in self._facts))
        told = {name for fact in facts for name in tombstones.names_of(fact)}
        return [(source, tenant, name) for name in {tombstones.SHOP, tombstones.order_name(root), *told}]

    def absorb(self, batch: Batch) -> None:
        """Meet what is known of every entity of the key; an erased person is met by nobody (correctness 23)."""
        if self.busy is not None:
            return
        key = self.key
        self._rows = {statement: found.get(key, ()) for statement, found in batch.found.items()}
        self._seen = self._met if self._met is not None else self._read(batch)
        self._absorbed: dict[tuple[str, int], Absorbed] = {}
        facts = self._without_the_erased(batch) if batch.stones else self._facts
        for name, fact, content in facts:
            place = (fact.entity, fact.external_id)
            before = self._seen.get(place)
            after, self._absorbed[name] = absorb(before, fact, content)
            if after is before:
                continue
            self._seen[place] = after
            batch.put(entities.UPSERT, (key, place), entities.row(key, fact.external_id, after))
            for row in names.rows(key, fact):
                batch.put(names.INSERT, row, row)

    def _read(self, batch: Batch) -> dict[tuple[str, str], Seen]:
        rows = batch.found[entities.OF_KEYS].get(self.key, ())
        return {(row.kind, row.external_id): entities.read(row) for row in rows}

    def _without_the_erased(self, batch: Batch) -> list[tuple[tuple[str, int], Fact, str]]:
        """Take erased persons out of what arrived, and out of what is planned on; what is kept is erased by a duty."""
        known = [seen.fact for seen in self._seen.values()]
        grave = tombstones.Grave(self.key, [*known, *(fact for _, fact, _ in self._facts)], batch.stones)
        for seen in self._seen.values():
            seen.read = grave.cleared(seen.fact)
        for _, fact, _ in self._facts:
            if (stone := grave.left_by(fact)) is not None:
                batch.put(tombstones.INSERT, stone[:3], stone)
        return [(name, grave.cleared(fact), content) for name, fact, content in self._facts]

    def opened(self) -> Opened | Busy:
        """What the caller gets; read after COMMIT, so that no lock waits for it."""
        if self.busy is not None:
            return self.busy
        posted = [documents.read(row) for row in self._rows[documents.OF_KEYS]]
        generations, refusals = intents.history(self._rows[intents.OF_KEYS])
        return Opened(
            lease=self._lease,
            absorbed=self._absorbed,
            known={seen.fact.ref: known(seen) for seen in self._seen.values()},
            posted={document.document: document for document in posted},
            intents=[intents.read(row) for row in self._rows[intents.WHOLE_ROWS]],
            generations=generations,
            refusals=refusals,
            first_seen=self._first_seen,
            held=self._held,
            discarded=frozenset(read_ref(row) for row in self._rows[outcomes.DISCARDED_OF_KEYS]),
        )


class Begin(Plain):
    """Commit an intent before its call, with the ends of earlier ones."""

    def __init__(
        self, erp: str, lease: Lease, intent: Intent, *, ended: Sequence[Intent], posted: Sequence[Posted]
    ) -> None:
        if intent.key != lease.key:
            raise Rejected(f"intent {intent.id}", f"it belongs to {intent.key}, the lease to {lease.key}")
        self._lease = lease
        self._intent = intent
        self._row = intents.row(intent)
        self._ended = ended
        self._posted = [documents.row(erp, lease.key, document) for document in posted]
        self.keys = (lease.key,)
        self.intent_ids = (intent.id, *(earlier.id for earlier in ended))

    def decide(self, batch: Batch) -> None:
        """A new intent is inserted, an unresolved one goes on, and one that ended stays ended."""
        intent = self._intent
        self.error = lost(batch, self._lease, begin=True)
        if self.error is not None:
            return
        state = batch.states.get(intent.id)
        if state in intents.TERMINAL:
            self.error = AlreadyEnded(intent.id, str(state))
            return
        for earlier in self._ended:
            end(batch, earlier)
        put_all(batch, self._posted)
        if state is None:
            batch.put(intents.INSERT, intent.id, self._row)
            batch.attempts[intent.id] = intent.attempts
        else:
            attempt = (intent.id, intent.attempted_at, intent.deadline, intent.erp_time)
            batch.put(intents.CONTINUE, intent.id, attempt)
            batch.attempts[intent.id] += 1
        batch.states[intent.id] = IntentState.OPEN


class End(Plain):
    """Record the outcome of an intent, whoever brings it."""

    def __init__(self, intent: Intent, *, posted: Sequence[Posted]) -> None:
        self._intent = intent
        self._posted = [documents.row(intent.erp, intent.key, document) for document in posted]
        self.keys = (intent.key,)
        self.intent_ids = (intent.id,)

    def decide(self, batch: Batch) -> None:
        """The first terminal outcome stays."""
        if not end(batch, self._intent):
            return
        put_all(batch, self._posted)


class Close(Plain):
    """Leave a key: verdicts, marks, outcomes, and the lease given back."""

    def __init__(self, erp: str, closing: Closing) -> None:
        key = closing.lease.key
        self._closing = closing
        self._verdicts = [outcomes.verdict_row(closing, verdict) for verdict in closing.verdicts]
        said = {verdict.document for verdict in closing.verdicts}
        self._heard = [(key, ref.kind.value, ref.external_id) for ref in closing.heard if ref not in said]
        self._events = [outcomes.event_row(key, event) for event in closing.events]
        self._settled = [entities.settled(key, mark) for mark in closing.settled]
        self._posted = [documents.row(erp, key, document) for document in closing.posted]
        self.keys = (key,)
        self.intent_ids = tuple(intent.id for intent in closing.ended)

    def decide(self, batch: Batch) -> None:
        """All of it, or FenceLost."""
        lease = self._closing.lease
        self.error = lost(batch, lease)
        if self.error is not None:
            return
        for intent in self._closing.ended:
            end(batch, intent)
        put_all(batch, self._posted)
        for statement, rows in (
            (outcomes.VERDICT, self._verdicts),
            (outcomes.HEARD, self._heard),
            (entities.SETTLE, self._settled),
        ):
            for row in rows:
                batch.put(statement, row[:3], row)
        for row in self._events:
            batch.put(outcomes.EVENT, row[0], row)
        batch.put(leases.GIVE_BACK, lease.key, (lease.key, lease.fence, self._closing.wake_at))
        batch.held[lease.key].lease_until = 0.0


class Renew(Plain):
    """Extend leases."""

    def __init__(self, held: Sequence[Lease], lease_s: float) -> None:
        self._leases = held
        self._for = lease_s
        self.keys = tuple(lease.key for lease in held)
        self.lost: set[str] = set()

    def decide(self, batch: Batch) -> None:
        """Each on its own."""
        self.lost = {lease.key for lease in self._leases if lost(batch, lease) is not None}
        for lease in self._leases:
            if lease.key not in self.lost:
                batch.put(leases.RENEW, lease.key, (lease.key, lease.fence, self._for))


class Account(Plain):
    """Read a posted document of any key."""

    def __init__(self, erp: str, ref: Ref) -> None:
        identity = documents.identity(erp, ref)
        self.wanted = (identity,)
        self._name = identity[1:]
        self.posted: Posted | None = None

    def decide(self, batch: Batch) -> None:
        """Take what was found."""
        row = batch.posted.get(self._name)
        self.posted = None if row is None else documents.read(row)


class Rows(Plain):
    """Rows of one statement that only want to be committed."""

    def __init__(self, statement: Statement, rows: Mapping[Row, Row]) -> None:
        self._statement = statement
        self._rows = rows

    def decide(self, batch: Batch) -> None:
        """Put them."""
        for name, row in self._rows.items():
            batch.put(self._statement, name, row)


def known(seen: Seen) -> Known:
    """What the pipeline sees of an entity."""
    return Known(seen.fact, seen.digest, seen.settled_under, seen.conflict)


def lost(batch: Batch, lease: Lease, *, begin: bool = False) -> FenceLost | None:
    """The error where a lease no longer holds. A key that this very batch claimed has a new owner."""
    held = batch.held.get(lease.key)
    return None if held is not None and held.lets(lease.fence, begin=begin) else FenceLost(lease.key)


def end(batch: Batch, intent: Intent) -> bool:
    """Record an outcome unless there is a terminal one, and let those go on who wait for what is done.

    A no to one attempt says nothing of a later one that a successor began. An intent that a restored database forgot
    is written whole.
    """
    state = batch.states.get(intent.id)
    if state in intents.TERMINAL:
        return False
    if intent.state in intents.NEGATIVE and batch.attempts.get(intent.id, 0) > intent.attempts:
        return False
    if state is None:
        batch.put(intents.INSERT, intent.id, intents.row(intent))
    batch.put(intents.END, intent.id, (intent.id, intent.state.value, intent.answer, intent.how))
    batch.states[intent.id] = intent.state.value
    if intent.state is IntentState.DONE and (condition := mappings.of_account(intent.document)):
        batch.put(mappings.MET, condition, condition)
    return True


def put_all(batch: Batch, rows: Sequence[Row]) -> None:
    """Write posted documents."""
    for row in rows:
        batch.put(documents.UPSERT, row[:5], row)
