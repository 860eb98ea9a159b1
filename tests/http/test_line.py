import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.line import WaitingLine
from service.ports import Priority

LIVE, RECOVERY, REPLAY = Priority.LIVE, Priority.RECOVERY, Priority.REPLAY


def stand(line: WaitingLine, loop: asyncio.AbstractEventLoop, *priorities: Priority) -> list[asyncio.Future[None]]:
    waiters = []
    for priority in priorities:
        waiter: asyncio.Future[None] = loop.create_future()
        line.join(priority, waiter)
        waiters.append(waiter)
    return waiters


def order(line: WaitingLine, calls: int) -> list[Priority]:
    gone = []
    for _ in range(calls):
        head = line.head()
        assert head is not None
        gone.append(head)
        line.pop()
    return gone


async def test_first_come_first_served_within_a_priority() -> None:
    line = WaitingLine()
    waiters = stand(line, asyncio.get_running_loop(), LIVE, LIVE, LIVE)
    assert [line.pop() for _ in waiters] == waiters


async def test_live_goes_before_recovery_before_replay() -> None:
    line = WaitingLine()
    stand(line, asyncio.get_running_loop(), REPLAY, RECOVERY, LIVE)
    assert order(line, 3) == [LIVE, RECOVERY, REPLAY]


async def test_recovery_gets_its_share_while_live_waits_and_no_more() -> None:
    line = WaitingLine(recovery_share=0.3)
    stand(line, asyncio.get_running_loop(), *[RECOVERY] * 100, *[LIVE] * 100, *[REPLAY] * 10)
    assert Counter(order(line, 100)) == {LIVE: 70, RECOVERY: 30}


async def test_recovery_saves_nothing_up_while_it_does_not_wait() -> None:
    line = WaitingLine(recovery_share=0.3)
    loop = asyncio.get_running_loop()
    stand(line, loop, *[LIVE] * 100)
    order(line, 50)
    stand(line, loop, *[RECOVERY] * 10)
    assert order(line, 3) == [LIVE, LIVE, LIVE]


async def test_recovery_may_be_given_no_share() -> None:
    line = WaitingLine(recovery_share=0)
    stand(line, asyncio.get_running_loop(), *[RECOVERY] * 5, *[LIVE] * 20)
    assert Counter(order(line, 20)) == {LIVE: 20}


async def test_replay_goes_only_when_nobody_else_waits() -> None:
    line = WaitingLine()
    stand(line, asyncio.get_running_loop(), *[REPLAY] * 3, *[RECOVERY] * 3, *[LIVE] * 3)
    assert order(line, 9)[-3:] == [REPLAY] * 3


async def test_who_was_cancelled_has_left_the_line() -> None:
    line = WaitingLine()
    first, second = stand(line, asyncio.get_running_loop(), LIVE, LIVE)
    first.cancel()
    assert line.count()[LIVE] == 1
    assert line.pop() is second
    assert line.head() is None


def test_an_empty_line_has_nobody_to_let_go() -> None:
    with pytest.raises(LookupError):
        WaitingLine().pop()


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_makes_no_sense_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share of recovery"):
        WaitingLine(recovery_share=share)


@given(arrivals=st.lists(st.sampled_from(list(Priority)), max_size=60), share=st.floats(0, 0.9))
def test_everybody_goes_exactly_once_and_recovery_keeps_to_its_share(arrivals: list[Priority], share: float) -> None:
    loop = asyncio.new_event_loop()
    try:
        line = WaitingLine(recovery_share=share)
        stand(line, loop, *arrivals)
        gone = order(line, len(arrivals))
    finally:
        loop.close()
    assert Counter(gone) == Counter(arrivals)
    live = [place for place, priority in enumerate(gone) if priority is LIVE]
    while_live_waits = gone[: live[-1] + 1] if live else []
    assert REPLAY not in while_live_waits
    assert while_live_waits.count(RECOVERY) <= share * len(while_live_waits) + 1
