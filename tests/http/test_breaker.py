import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.errors import Waiting
from service.http.breaker import PROBE_S, Breaker, Health, State

FINE, FAILS, UNREACHABLE = Health.ANSWERS, Health.FAILS, Health.UNREACHABLE


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock=clock, jitter=lambda: 0.5)


def report(breaker: Breaker, *healths: Health) -> None:
    for health in healths:
        breaker.record(breaker.enter(), health)


def state(breaker: Breaker) -> State:
    return breaker.state


def opened(breaker: Breaker) -> Breaker:
    report(breaker, UNREACHABLE, UNREACHABLE, UNREACHABLE)
    assert state(breaker) is State.OPEN
    return breaker


def test_an_erp_that_fails_every_other_call_is_not_an_outage(breaker: Breaker) -> None:
    report(breaker, *[FINE, FAILS] * 100)
    assert state(breaker) is State.CLOSED


def test_it_opens_when_most_of_the_recent_calls_failed(breaker: Breaker) -> None:
    report(breaker, *[FINE] * 2, *[FAILS] * 7)
    assert state(breaker) is State.CLOSED
    report(breaker, FAILS)
    assert state(breaker) is State.OPEN


def test_a_few_failures_are_too_few_to_judge(breaker: Breaker) -> None:
    report(breaker, *[FAILS] * 9)
    assert state(breaker) is State.CLOSED


def test_failures_of_long_ago_are_forgotten(breaker: Breaker, clock: Clock) -> None:
    report(breaker, *[FAILS] * 9)
    clock.now += 31
    report(breaker, *[FAILS] * 9)
    assert state(breaker) is State.CLOSED


def test_three_calls_in_a_row_that_cannot_connect_open_it_at_once(breaker: Breaker) -> None:
    report(breaker, UNREACHABLE, UNREACHABLE, FAILS, UNREACHABLE, UNREACHABLE)
    assert state(breaker) is State.CLOSED
    report(breaker, UNREACHABLE)
    assert state(breaker) is State.OPEN


def test_while_open_the_wait_has_a_name_a_reason_and_a_time(breaker: Breaker) -> None:
    with pytest.raises(Waiting) as caught:
        opened(breaker).check()
    assert (caught.value.wait, caught.value.after) == ("breaker_open", 1.0)
    assert caught.value.why == "the last 3 calls could not connect"


def test_after_its_time_one_call_goes_to_see(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1.0
    breaker.check()
    breaker.enter()
    assert state(breaker) is State.HALF_OPEN
    with pytest.raises(Waiting):
        breaker.enter()


def test_a_probe_that_is_answered_closes_it(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1.0
    report(breaker, FINE)
    assert state(breaker) is State.CLOSED
    report(breaker, *[FAILS] * 9)
    assert state(breaker) is State.CLOSED


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_the_most(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    spells = []
    for _ in range(8):
        wait = breaker.waiting()
        assert wait.after is not None
        spells.append(wait.after)
        clock.now += wait.after
        report(breaker, FAILS)
    assert spells == [1, 2, 4, 8, 16, 30, 30, 30]


def test_spells_differ_between_processes_even_at_the_most(clock: Clock) -> None:
    spells = set()
    for draw in (0.0, 0.25, 0.999):
        breaker = opened(Breaker(clock=clock, jitter=lambda draw=draw: draw, open_s=30.0))  # type: ignore[misc]
        spells.add(breaker.waiting().after)
    assert len(spells) == 3


def test_a_probe_that_learnt_nothing_makes_room_for_the_next(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1.0
    breaker.abandon(breaker.enter())
    breaker.enter()
    assert state(breaker) is State.HALF_OPEN


def test_a_probe_that_never_reports_does_not_keep_it_shut(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1.0
    lost = breaker.enter()
    clock.now += PROBE_S
    report(breaker, FINE)
    assert state(breaker) is State.CLOSED
    breaker.record(lost, FAILS)
    assert state(breaker) is State.CLOSED


def test_calls_from_before_it_opened_do_not_pass_for_the_probe(breaker: Breaker, clock: Clock) -> None:
    early = [breaker.enter() for _ in range(2)]
    opened(breaker)
    breaker.record(early[0], FINE)
    assert state(breaker) is State.OPEN
    clock.now += 1.0
    probe = breaker.enter()
    breaker.record(early[1], FAILS)
    assert state(breaker) is State.HALF_OPEN
    breaker.record(probe, FINE)
    assert state(breaker) is State.CLOSED


def test_every_change_is_told(breaker: Breaker, clock: Clock) -> None:
    told: list[State] = []
    breaker.subscribe(told.append)
    opened(breaker)
    clock.now += 1.0
    report(breaker, FINE)
    assert told == [State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_who_waits_goes_on_when_calls_may_go_again(simulate: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        breaker = Breaker(clock=loop.time, jitter=lambda: 0.5)
        await breaker.wait()
        opened(breaker)
        began = loop.time()
        through: list[float] = []

        async def caller(health: Health) -> None:
            while True:
                await breaker.wait()
                try:
                    held = breaker.enter()
                except Waiting:
                    continue
                through.append(loop.time() - began)
                await asyncio.sleep(0.1)
                breaker.record(held, health)
                return

        await asyncio.gather(caller(FAILS), caller(FINE), caller(FINE), caller(FINE))
        first, second, *rest = through
        assert first == pytest.approx(1.0, abs=0.01)
        assert second == pytest.approx(3.1, abs=0.01)  # the first probe failed after 0.1 s: two seconds more
        assert rest == pytest.approx([3.2, 3.2], abs=0.01)

    simulate(story())


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens in whatever order: at most one call at a time while it is not closed, and it never locks up."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(clock=self.clock, jitter=lambda: 0.5, minimum=3, calls=5)
        self.held: list[int] = []

    @rule()
    def call(self) -> None:
        may_go = self.breaker.may_go
        try:
            self.held.append(self.breaker.enter())
        except Waiting:
            assert not may_go
        else:
            assert may_go

    @precondition(lambda self: self.held)
    @rule(health=st.sampled_from(Health), which=st.integers(0, 99), learnt=st.booleans())
    def end(self, health: Health, which: int, *, learnt: bool) -> None:
        held = self.held.pop(which % len(self.held))
        if learnt:
            self.breaker.record(held, health)
        self.breaker.abandon(held)

    @rule(seconds=st.floats(0.1, 40))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def one_probe_at_most(self) -> None:
        if self.breaker.state is State.HALF_OPEN and self.clock.now < self.breaker._due:
            assert self.held.count(self.breaker._pass) <= 1
            assert not self.breaker.may_go

    def teardown(self) -> None:
        self.clock.now += PROBE_S + 1
        for held in self.held:
            self.breaker.abandon(held)
        assert self.breaker.may_go
        report(self.breaker, FINE)
        if self.breaker.state is not State.CLOSED:
            report(self.breaker, FINE)
        assert self.breaker.may_go


TestAnyHistory = AnyHistory.TestCase
