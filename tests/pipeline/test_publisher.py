"""The publisher by itself, on a clock that only its own pauses move: what it sends, looks up, concludes and tells."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from schemas.outcome import Reason
from service.errors import KeyTaken, Refused, Retryable, Unknown
from service.pipeline.publish import Done, Doubt, No, Publisher, Result, Timing, Void
from service.ports import Absent, Found, Intent, IntentState, Lease, Priority, Receipt, Step, Unclear
from tests.ledger.world import create, intent, key_of, posted

START = 1_000_000.0
TIMING = Timing(call=10.0, settle=15.0, patience=60.0, again=30.0, pause=1.0, pause_max=4.0)
LOST = Unknown("POST /orders", "the connection was closed")
TAKEN = KeyTaken("POST /orders", "the key stands for other bytes")
NO = Refused("POST /orders", 422, "sku_inactive")
THERE = Receipt((posted(),), answer="201 created")
SEEN = Receipt((posted(),), answer="found by its tag")
Said = Receipt | Found | Unclear | Exception | type[Absent]


@dataclass
class Town:
    """An ERP that answers as it was told to, a ledger and an observer that note what they hear, and the time."""

    answers: Iterator[Said] = field(default_factory=lambda: iter(()))
    """To calls and look-ups in their order; `Absent` is a scan that begins now, and goes on when they are through."""
    window: bool = True
    at: float = START
    heard: list[str] = field(default_factory=list)
    begun: list[Intent] = field(default_factory=list)
    ended: list[Intent] = field(default_factory=list)
    asked: list[Priority] = field(default_factory=list)
    name: str = "arcus"
    credential: str = "c0ffee"

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.heard.append(f"sleep {seconds:g}")
        self.at += seconds

    def erp_time(self) -> float:
        return self.at

    def window_open(self, intent: Intent) -> bool:
        del intent
        return self.window

    @asynccontextmanager
    async def admit(self, *, priority: Priority) -> AsyncIterator[None]:
        self.asked.append(priority)
        yield

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        self.heard.append(f"send {intent.attempts}")
        return cast("Receipt", self._answer(priority))

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool) -> Found | Absent | Unclear:
        self.heard.append("forgotten?" if forgotten else "look")
        assert intent.key == key_of("1")
        return cast("Found | Absent | Unclear", self._answer(priority))

    def _answer(self, priority: Priority) -> object:
        self.asked.append(priority)
        answer = next(self.answers, Absent)
        if isinstance(answer, Exception):
            raise answer
        return Absent(self.at, self.at) if answer is Absent else answer

    async def end(self, intent: Intent) -> None:
        self.ended.append(intent)

    def unknown(self, intent: Intent, why: str) -> None:
        self.heard.append(f"unknown {intent.attempts}: {why.partition(':')[0]}")

    def resolved(self, intent: Intent, how: str) -> None:
        self.heard.append(f"resolved by {how}")
        del intent

    async def begin(self, intent: Intent) -> None:
        self.begun.append(intent)

    def publisher(self, timing: Timing = TIMING) -> Publisher:
        here: Any = self
        return Publisher(ledger=here, erp=here, clock=here, observer=here, timing=timing)

    async def publish_order(self, priority: Priority = Priority.LIVE) -> Result:
        lease = Lease(key_of("1"), 1, START + 60)
        step = Step("POST", "/orders", b"{}")
        return await self.publisher().publish(
            create(), step, lease=lease, generation=1, priority=priority, begin=self.begin
        )

    async def find_out(self, one: Intent) -> Result:
        return await self.publisher().find_out(one, priority=Priority.LIVE, begin=self.begin)


def told(*answers: Said, **given: Any) -> Town:
    return Town(iter(answers), **given)


async def test_an_answer_is_an_end_that_nothing_had_to_find_out() -> None:
    town = told(THERE)
    result = await town.publish_order()
    assert isinstance(result, Done)
    assert (result.intent.state, result.intent.how, result.intent.answer) == (IntentState.DONE, "answer", "201 created")
    assert town.heard == ["send 1"], "`resolved` counts unknowns only"
    assert [one.deadline for one in town.begun] == [START + 10.0]


async def test_a_no_to_the_first_attempt_is_clear() -> None:
    result = await told(NO).publish_order()
    assert isinstance(result, No)
    assert (result.intent.state, result.intent.how) == (IntentState.REFUSED, "answer")


async def test_what_provably_did_not_happen_ends_its_intent_before_it_is_raised() -> None:
    town = told(Retryable("POST /orders", "nothing was sent"))
    with pytest.raises(Retryable):
        await town.publish_order()
    assert [(one.state, one.how) for one in town.ended] == [(IntentState.ABSENT, "answer")]


async def test_an_unknown_is_looked_up_before_its_bytes_are_sent_again() -> None:
    town = told(LOST, Absent, THERE)
    result = await town.publish_order()
    assert isinstance(result, Done)
    assert (result.intent.attempts, result.intent.how) == (2, "key")
    assert town.heard == ["send 1", "unknown 1: POST /orders", "look", "send 2", "resolved by key"]
    assert [one.attempts for one in town.begun] == [1, 2]
    assert town.begun[1].step == town.begun[0].step


async def test_an_unknown_that_is_found_is_not_sent_again() -> None:
    town = told(LOST, Found(SEEN))
    result = await town.publish_order()
    assert isinstance(result, Done)
    assert (result.intent.how, result.intent.answer) == ("look_up", "found by its tag")
    assert town.heard[-1] == "resolved by look_up"


@pytest.mark.parametrize(
    ("priority", "asked"), [(Priority.LIVE, Priority.RECOVERY), (Priority.REPLAY, Priority.REPLAY)]
)
async def test_finding_out_comes_after_live_traffic_and_before_replays(priority: Priority, asked: Priority) -> None:
    town = told(LOST, Absent, THERE)
    await town.publish_order(priority)
    assert town.asked == [priority, priority, asked, asked, asked]


@pytest.mark.parametrize("answer", [NO, TAKEN])
async def test_a_no_to_a_second_attempt_leads_to_a_proof_of_absence(answer: Exception) -> None:
    town = told(Absent, answer)
    result = await town.find_out(intent())
    assert isinstance(result, Void)
    assert [line for line in town.heard if line.startswith("send")] == ["send 2"]
    assert town.heard[-1] == "resolved by look_up"
    assert result.intent.answer == "2 complete scans found nothing"


async def test_a_second_attempt_without_an_answer_begins_the_proof_anew() -> None:
    town = told(Absent, LOST, Absent, NO)
    result = await town.find_out(intent())
    assert isinstance(result, Void)
    assert result.intent.attempts == 3
    unanswered = town.begun[0].deadline
    assert town.at >= unanswered + TIMING.settle, "scans of before say nothing of it"
    assert town.heard.count("look") > 3


async def test_absence_is_proven_by_two_scans_after_the_settle_horizon() -> None:
    one = intent()
    town = Town(window=False, at=one.deadline + TIMING.settle)
    assert isinstance(await town.find_out(one), Void)
    assert [line for line in town.heard if line == "look"] == ["look"] * 2
    early = Town(window=False, at=one.deadline + TIMING.settle - 0.5)
    assert isinstance(await early.find_out(one), Void)
    assert [line for line in early.heard if line == "look"] == ["look"] * 3, "the first one began too early"


async def test_pauses_grow_up_to_a_limit_and_end_with_the_patience() -> None:
    town = Town(iter([LOST] * 99))
    result = await town.find_out(intent())
    assert isinstance(result, Doubt)
    sleeps = [float(line.split()[1]) for line in town.heard if line.startswith("sleep")]
    assert sleeps[:4] == [1.0, 2.0, 4.0, 4.0]
    assert TIMING.patience <= town.at - START < TIMING.patience + TIMING.pause_max
    assert (result.intent.state, result.wake_at) == (IntentState.OPEN, town.at + TIMING.again)


async def test_what_is_unclear_is_for_a_person_at_once() -> None:
    town = told(Unclear(Reason.IN_DOUBT, "two are found"))
    result = await town.find_out(intent())
    assert isinstance(result, Doubt)
    assert (result.intent.state, result.wake_at) == (IntentState.IN_DOUBT, None)
    assert town.heard[-1] == "resolved by person"


RESTORED = Timing(call=10.0, settle=15.0, patience=60.0, again=30.0, pause=1.0, pause_max=4.0, restored_at=START)
BEFORE = create().model_copy(update={"source_version": "1970-01-12T13:00:00.000000Z//000000"})


async def look_before(town: Town) -> Done | Doubt | None:
    step = Step("POST", "/orders", b"{}")
    return await town.publisher(RESTORED).done_before(
        BEFORE, step, key=key_of("1"), generation=1, priority=Priority.LIVE
    )


async def test_what_a_restored_ledger_may_have_forgotten_is_absent_after_two_scans_that_began_late_enough() -> None:
    settled = RESTORED.restored_at + RESTORED.call + RESTORED.settle
    town = Town(at=settled)
    assert await look_before(town) is None
    assert town.heard == ["forgotten?"] * 2
    assert town.asked == [Priority.RECOVERY] * 2
    early = Town(at=settled - 2.5)
    assert await look_before(early) is None
    assert early.heard == ["forgotten?", "sleep 1", "forgotten?", "sleep 2", "forgotten?", "forgotten?"]


async def test_what_a_restored_ledger_forgot_is_found() -> None:
    town = told(LOST, Found(SEEN), at=RESTORED.restored_at)
    found = await look_before(town)
    assert isinstance(found, Done)
    assert found.intent.how == "look_up"


async def test_what_cannot_be_looked_for_after_a_restore_waits() -> None:
    town = Town(iter([LOST] * 99), at=RESTORED.restored_at)
    found = await look_before(town)
    assert isinstance(found, Doubt)
    assert found.wake_at == town.at + RESTORED.again


async def test_only_soon_after_a_restore_may_the_log_still_tell() -> None:
    unclear = Unclear(Reason.IN_DOUBT, "two are found")
    soon = await look_before(told(unclear, at=RESTORED.read_again_by - 1))
    late = await look_before(told(unclear, at=RESTORED.read_again_by))
    assert isinstance(soon, Doubt)
    assert isinstance(late, Doubt)
    assert (soon.intent.state, late.intent.state) == (IntentState.OPEN, IntentState.IN_DOUBT)


def test_what_came_into_the_shop_after_the_restore_was_not_forgotten() -> None:
    timing = Timing(restored_at=START)
    version = "1970-01-12T13:47:40.000000Z//000000"  # START and a minute
    assert timing.may_be_forgotten(version)
    assert not timing.may_be_forgotten(version.replace(":40.", ":41."))
    assert not Timing().may_be_forgotten(version)
