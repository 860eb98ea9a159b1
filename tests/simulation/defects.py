"""Seeded defects: each breaks one rule of correctness.md in the real code, and the simulation has to find it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

from schemas.posted import Posted
from service.duties.policies import PolicyBook
from service.duties.rounds import Due
from service.errors import Unknown
from service.intake.dead_letters import KafkaDeadLetters
from service.intake.lanes import Lanes
from service.intake.offsets import Seen as Reading
from service.intake.offsets import Tracker
from service.intake.producer import Unsent
from service.intake.reader import Reader
from service.intake.rebalance import Assignment
from service.ledger import leases, mappings, members
from service.ledger.absorb import Seen
from service.ledger.absorb import absorb as absorbed
from service.ledger.group_commit import GroupCommit
from service.ledger.ledger import SqlLedger
from service.pipeline import news, publish
from service.pipeline.accounts import Accounts
from service.pipeline.publish import Publisher, Void
from service.pipeline.run import Run
from service.pipeline.story import Story
from service.plan import payments
from service.ports import Absent, Absorbed, DeadLetter, Intent, IntentState, Opened
from tests.simulation import pod
from tests.simulation.exchange import Undo, exchange


@dataclass(frozen=True)
class Defect:
    """One change of the product."""

    rule: str
    """The rule of correctness.md that it breaks."""
    plant: Callable[[], list[Undo]]
    """Puts it in; returns what takes it out again."""


# --- versions and desired state


def _no_version_gate() -> list[Undo]:
    def absorb(seen: Seen | None, fact: Any, content: str) -> tuple[Seen, Absorbed]:
        after, what = absorbed(seen, fact, content)
        if what is Absorbed.OLDER and seen is not None:
            return seen.replaced(fact, content), Absorbed.NEWER
        return after, what

    return [exchange(members, "absorb", absorb)]


def _settled_whatever_the_version() -> list[Undo]:
    return [exchange(Seen, "settled_under", property(lambda self: self.settled_policy or None))]


def _receipt_forgets_lines() -> list[Undo]:
    return [exchange(Posted, "carried", lambda _self, after: after)]


# --- intents and unknowns


def _no_intent_before_the_call() -> list[Undo]:
    async def begin(self: SqlLedger, lease: Any, intent: Intent, *, ended: Any = (), posted: Any = ()) -> None:
        del lease, intent
        for one in ended:
            await self.end(one, posted=posted)

    return [exchange(SqlLedger, "begin", begin)]


def _plan_over_an_open_intent() -> list[Undo]:
    async def find_out(_self: Story, _run: Run, _publisher: Publisher) -> None:
        return None

    return [exchange(Story, "_find_out", find_out)]


def _unknown_is_failed() -> list[Undo]:
    async def find_out(_self: Publisher, intent: Intent, **_named: Any) -> Void:
        return Void(replace(intent, state=IntentState.ABSENT, how="answer", answer="no answer"))

    async def found_out(self: Publisher, search: Any, **named: Any) -> Void:
        return await find_out(self, search.intent, **named)

    return [exchange(Publisher, "find_out", find_out), exchange(Publisher, "_found_out", found_out)]


def _retry_without_a_look() -> list[Undo]:
    async def find(self: Publisher, intent: Intent, _priority: Any) -> Absent:
        del intent
        return Absent(self._clock.now(), 0.0)

    return [exchange(Publisher, "_find", find)]


def _one_scan_is_proof() -> list[Undo]:
    old = Publisher._absent

    async def absent(self: Publisher, search: Any, found: Absent, **named: Any) -> Any:
        search.unanswered = 0.0
        return await old(self, search, found, **named)

    return [exchange(publish, "_PROOF", 1), exchange(Publisher, "_absent", absent)]


def _send_again_after_the_window() -> list[Undo]:
    async def absent(self: Publisher, search: Any, _found: Absent, **named: Any) -> Any:
        return await self._send_again(search, **named)

    return [exchange(Publisher, "_absent", absent)]


def _one_key_for_all_bodies() -> list[Undo]:
    old = Publisher._intent

    def intent(self: Publisher, effect: Any, step: Any, **named: Any) -> Intent:
        made = old(self, effect, step, **named)
        return replace(made, id=f"of-{made.key}-{effect.effect}")

    return [exchange(Publisher, "_intent", intent)]


def _same_generation_again() -> list[Undo]:
    old = Publisher._intent

    def intent(self: Publisher, effect: Any, step: Any, **named: Any) -> Intent:
        return old(self, effect, step, **{**named, "generation": 1})

    return [exchange(Publisher, "_intent", intent)]


def _new_key_after_an_unknown() -> list[Undo]:
    async def send_again(self: Publisher, search: Any, *, priority: Any, begin: Any) -> Any:
        before: Intent = search.intent
        now = self._clock.now()
        other = replace(before, id=f"{before.id}+", attempted_at=now, deadline=now + self._timing.call)
        async with self._erp.admit(priority=priority):
            await begin(replace(before, attempts=before.attempts + 1, deadline=other.deadline))
            try:
                receipt = await self._erp.publish(other, priority=priority)
            except Unknown:
                return None
        return self._done(before, receipt, "key")

    return [exchange(Publisher, "_send_again", send_again)]


# --- keys, leases, parking


def _no_fence() -> list[Undo]:
    return [exchange(members, "lost", lambda *_given, **_named: None)]


def _no_lease() -> list[Undo]:
    template = leases.LOCK._template.replace("AND keys.lease_until <= {now}", "")
    leases.LOCK._texts.clear()
    return [exchange(leases.LOCK, "_template", template), leases.LOCK._texts.clear]


def _accounts_without_a_key() -> list[Undo]:
    old, numbers = Accounts._claim, count()

    @asynccontextmanager
    async def claim(self: Accounts, key: str) -> AsyncIterator[Opened]:
        async with old(self, f"{key}/{next(numbers)}") as opened:
            yield opened

    return [exchange(Accounts, "_claim", claim)]


def _parked_for_ever() -> list[Undo]:
    class Nothing:
        def __init__(self, due: Due) -> None:
            self.abandoned = due.abandoned

        async def due(self, *, limit: int) -> Sequence[str]:
            del limit
            return ()

    old = vars(pod)["releasing"]
    return [exchange(pod, "releasing", lambda *, due, wake, limit: old(due=Nothing(due), wake=wake, limit=limit))]


def _nobody_finds_the_abandoned() -> list[Undo]:
    class OnlyDue:
        def __init__(self, due: Due) -> None:
            self.due = due.due

        async def abandoned(self, *, limit: int) -> Sequence[str]:
            del limit
            return ()

    old = vars(pod)["releasing"]
    return [exchange(pod, "releasing", lambda *, due, wake, limit: old(due=OnlyDue(due), wake=wake, limit=limit))]


def _plans_on_old_tables() -> list[Undo]:
    return [exchange(PolicyBook, "fresh", lambda _self: True)]


def _an_account_lets_nobody_go() -> list[Undo]:
    return [exchange(mappings, "of_account", lambda _document: None)]


def _paused_for_ever() -> list[Undo]:
    return [exchange(Reader, "_resume", lambda _self, _one: None)]


# --- offsets and the ledger in time


def _one_offset_too_far() -> list[Undo]:
    def low_water(self: Tracker) -> int:
        return self._order[0] + 1 if self._order else self.next_offset

    return [exchange(Tracker, "low_water", property(low_water))]


def _start_at_the_end() -> list[Undo]:
    def start(_self: Assignment, slot: Any, _marks: Any, commits: Any, logs: Any) -> int:
        known: int | None = commits[slot]
        end: int = logs[slot].end
        return end if known is None else known

    return [exchange(Assignment, "_start", start)]


def _done_before_it_is_durable() -> list[Undo]:
    def delay(self: Lanes, lane: Any, batch: Any, **_named: Any) -> None:
        self._done(batch)
        if lane.items:
            self._queue(lane, lane.best())
        else:
            self._forget(lane)

    return [exchange(Lanes, "_delay", delay)]


def _redelivered_is_new() -> list[Undo]:
    return [exchange(Tracker, "look", lambda _self, _offset: Reading.NEW)]


def _unanswered_is_committed() -> list[Undo]:
    async def committed(_self: GroupCommit, _name: str, _marker: str) -> bool:
        return True

    return [exchange(GroupCommit, "_committed", committed)]


def _dead_letters_without_an_answer() -> list[Undo]:
    async def put(self: KafkaDeadLetters, letter: DeadLetter) -> None:
        self._fallback = None
        self._rest_until = 0.0
        try:
            await self._producer.send("dead", key=letter.key, value=letter.value, headers=_told(letter))
        except Unsent:
            return

    return [exchange(KafkaDeadLetters, "put", put)]


def _told(letter: DeadLetter) -> list[tuple[str, bytes]]:
    at = letter.position
    said = {"topic": at.topic, "partition": str(at.partition), "offset": str(at.offset)}
    return [(f"x-orderferry-{name}", text.encode()) for name, text in said.items()]


def _an_event_without_an_end() -> list[Undo]:
    old = vars(news)["event_ends"]

    def ends(arrivals: Any, *given: Any) -> Any:
        return old(arrivals, *given)[:7]

    return [exchange(news, "event_ends", ends)]


# --- money


def _money_in_floats() -> list[Undo]:
    old = payments._stated

    def stated(payment: Any, order: Any) -> Decimal | None:
        amount = old(payment, order)
        return None if amount is None else Decimal(str(float(amount) * 1.1 / 1.1)).quantize(Decimal("0.1"))

    return [exchange(payments, "_stated", stated)]


def _cash_by_order() -> list[Undo]:
    """Every transaction of an order is one and the same document."""

    def record(draft: Any, order: Any, payment: Any, amount: Any) -> None:
        first = draft.desired.collected()[0]
        _record(draft, order, payment.model_copy(update={"external_id": first.external_id}), amount)

    _record = payments._record
    return [exchange(payments, "_record", record)]


DEFECTS: Mapping[str, Defect] = {
    "skip the version gate": Defect("1", _no_version_gate),
    "settled whatever the version": Defect("2", _settled_whatever_the_version),
    "a receipt forgets lines": Defect("2", _receipt_forgets_lines),
    "drop the intent commit": Defect("5", _no_intent_before_the_call),
    "plan over an open intent": Defect("6", _plan_over_an_open_intent),
    "the same generation again": Defect("7", _same_generation_again),
    "refuse after an unknown": Defect("8", _unknown_is_failed),
    "retry without a look": Defect("8", _retry_without_a_look),
    "reuse a key across bodies": Defect("9", _one_key_for_all_bodies),
    "send again after the window": Defect("9", _send_again_after_the_window),
    "a new key after an unknown": Defect("9", _new_key_after_an_unknown),
    "one early scan is proof": Defect("10", _one_scan_is_proof),
    "one document for all cash of an order": Defect("12", _cash_by_order),
    "no fence": Defect("13", _no_fence),
    "no lease": Defect("13", _no_lease),
    "accounts without a key of their own": Defect("14", _accounts_without_a_key),
    "parked for ever": Defect("15", _parked_for_ever),
    "nobody finds the abandoned": Defect("15", _nobody_finds_the_abandoned),
    "an account that stands lets nobody go": Defect("15", _an_account_lets_nobody_go),
    "a plan on tables from before a freeze": Defect("15", _plans_on_old_tables),
    "a full window stays shut": Defect("16", _paused_for_ever),
    "commit one offset too far": Defect("18", _one_offset_too_far),
    "start at the end of the log": Defect("18", _start_at_the_end),
    "done before it is durable": Defect("18", _done_before_it_is_durable),
    "an unanswered COMMIT is taken as done": Defect("19", _unanswered_is_committed),
    "a record that comes again is new": Defect("20", _redelivered_is_new),
    "dead letters without an acknowledgement": Defect("21", _dead_letters_without_an_answer),
    "an event without an end": Defect("I8", _an_event_without_an_end),
    "money in floats": Defect("I7", _money_in_floats),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """With a defect, or with none."""
    undo = DEFECTS[name].plant() if name else []
    try:
        yield
    finally:
        for step in undo:
            step()
