"""The limiter in simulated time: minutes pass in milliseconds, and a lost wake-up is an error instead of a hang."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from itertools import chain, repeat
from typing import Any

import httpx
import pytest

from service.http.budget import MemoryBudget, Permits, fingerprint
from service.http.concurrency import Concurrency, Room
from service.http.limiter import Grant, RateLimiter, SharedBudget, Tier
from service.ports import Priority

LIVE, RECOVERY, REPLAY = Priority.LIVE, Priority.RECOVERY, Priority.REPLAY
Simulate = Callable[[Coroutine[Any, Any, None]], None]
SMALL = Tier(per_window=10, per_burst=None, window_s=10.0, margin_s=0.0)


def build(
    tier: Tier, *, places: int = 1000, room: Room | None = None, shared: SharedBudget | None = None
) -> RateLimiter:
    fixed = room or Room(concurrency=Concurrency(floor=places, ceiling=places, start=places))
    return RateLimiter(budget="b1", tier=tier, room=fixed, shared=shared, clock=asyncio.get_running_loop().time)


class Sliding:
    """The ERP's side: counts arrivals of the last window."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._arrived: deque[float] = deque()
        self.taken = 0
        self.refused = 0

    def arrive(self, now: float) -> None:
        while self._arrived and self._arrived[0] <= now - self._tier.window_s:
            self._arrived.popleft()
        assert self._tier.per_window is not None
        if len(self._arrived) >= self._tier.per_window:
            self.refused += 1
        else:
            self.taken += 1
        self._arrived.append(now)


async def send_until(end: float, limiter: RateLimiter, server: Sliding, *, priority: Priority = LIVE) -> None:
    loop = asyncio.get_running_loop()
    number = 0
    while loop.time() < end:
        await limiter.acquire(priority)
        number += 1
        await asyncio.sleep(0.01 * (number % 7))
        server.arrive(loop.time())
        await asyncio.sleep(0.2)
        limiter.release()


@pytest.mark.parametrize("priority", list(Priority))
def test_a_1200_a_minute_budget_is_used_by_95_percent_without_a_429(simulate: Simulate, priority: Priority) -> None:
    async def story() -> None:
        tier = Tier(per_window=1200, per_burst=100)
        limiter, server = build(tier), Sliding(tier)
        end = asyncio.get_running_loop().time() + 300
        await asyncio.gather(*(send_until(end, limiter, server, priority=priority) for _ in range(60)))
        assert server.refused == 0
        assert server.taken >= 0.95 * 5 * 1200
        assert limiter.in_flight == 0

    simulate(story())


def test_several_processes_on_one_budget_stay_within_it_together(simulate: Simulate) -> None:
    async def story() -> None:
        tier = Tier(per_window=1200, per_burst=100)
        shared = MemoryBudget(tier=tier)
        server = Sliding(tier)
        limiters = [build(tier, shared=shared) for _ in range(3)]
        end = asyncio.get_running_loop().time() + 300
        await asyncio.gather(*(send_until(end, limiter, server) for limiter in limiters for _ in range(30)))
        assert server.refused == 0
        assert server.taken >= 0.95 * 5 * 1200

    simulate(story())


def test_processes_on_different_budgets_do_not_take_from_each_other(simulate: Simulate) -> None:
    async def story() -> None:
        shared = MemoryBudget(tier=SMALL)
        now = asyncio.get_running_loop().time()
        grants = [(await shared.reserve(budget, now, 20)).permits for budget in ("a", "b", "a")]
        assert grants == [10, 10, 0]

    simulate(story())


def test_permits_that_nobody_used_in_their_slice_are_void(simulate: Simulate) -> None:
    class Stingy:
        def __init__(self) -> None:
            self.asked: list[int] = []

        async def reserve(self, budget: str, now: float, want: int) -> Grant:
            assert budget == "b1"
            self.asked.append(want)
            return Permits(permits=1, starts=now, ends=now + 0.5)

    async def story() -> None:
        shared = Stingy()
        limiter = build(SMALL, shared=shared)
        limiter.observe(429, httpx.Headers({"Retry-After": "3"}))
        began = asyncio.get_running_loop().time()
        await limiter.acquire(LIVE)
        assert asyncio.get_running_loop().time() - began >= 3.0
        assert len(shared.asked) > 3
        assert set(shared.asked) == {1}

    simulate(story())


def test_a_shared_budget_that_fails_is_told_to_everybody_who_waits_and_asked_again(simulate: Simulate) -> None:
    class LedgerDownError(Exception):
        pass

    class Flaky(MemoryBudget):
        down = True

        async def reserve(self, budget: str, now: float, want: int) -> Grant:
            if self.down:
                raise LedgerDownError
            return await super().reserve(budget, now, want)

    async def story() -> None:
        shared = Flaky(tier=SMALL)
        limiter = build(SMALL, shared=shared)
        results = await asyncio.gather(*(limiter.acquire(LIVE) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [LedgerDownError] * 3
        shared.down = False
        await limiter.acquire(LIVE)
        assert limiter.in_flight == 1

    simulate(story())


async def finish_in_order(limiter: RateLimiter, *priorities: Priority) -> list[tuple[Priority, int]]:
    order: list[tuple[Priority, int]] = []

    async def one(priority: Priority, number: int) -> None:
        await limiter.acquire(priority)
        order.append((priority, number))
        await asyncio.sleep(0.01)
        limiter.release()

    await asyncio.gather(*(one(priority, number) for number, priority in enumerate(priorities)))
    return order


def test_waiting_callers_go_by_priority_and_in_order_within_it(simulate: Simulate) -> None:
    async def story() -> None:
        limiter = build(SMALL, places=1)
        order = await finish_in_order(limiter, LIVE, REPLAY, REPLAY, RECOVERY, LIVE, LIVE)
        assert [number for _, number in order] == [0, 4, 5, 3, 1, 2]

    simulate(story())


def test_recovery_gets_its_share_of_the_rate_while_live_waits(simulate: Simulate) -> None:
    async def story() -> None:
        limiter = build(SMALL, places=1)
        order = await finish_in_order(limiter, *[LIVE] * 70, *[RECOVERY] * 70)
        assert Counter(priority for priority, _ in order[:70])[RECOVERY] in (20, 21)

    simulate(story())


def test_a_live_call_does_not_wait_for_a_replay_that_fills_the_budget(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        tier = Tier(per_window=1200, per_burst=100)
        limiter, server = build(tier), Sliding(tier)
        end = loop.time() + 200
        replay = [asyncio.create_task(send_until(end, limiter, server, priority=REPLAY)) for _ in range(40)]
        waits = []
        for _ in range(60):
            await asyncio.sleep(3)
            asked = loop.time()
            await limiter.acquire(LIVE)
            waits.append(loop.time() - asked)
            server.arrive(loop.time())
            limiter.release()
        await asyncio.gather(*replay)
        assert max(waits) < 0.1
        assert server.refused == 0

    simulate(story())


def test_retry_after_stops_everybody_and_is_seen_from_outside(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        limiter = build(SMALL)
        limiter.observe(429, httpx.Headers({"Retry-After": "7"}))
        began = loop.time()
        assert limiter.paused_until == limiter.next_permitted == began + 7
        calls = [asyncio.create_task(limiter.acquire(priority)) for priority in (LIVE, LIVE, REPLAY)]
        await asyncio.sleep(1)
        assert limiter.waiting == {LIVE: 2, RECOVERY: 0, REPLAY: 1, Priority.POLLING: 0}
        await asyncio.gather(*calls)
        assert loop.time() - began >= 7
        assert limiter.paused_until is None

    simulate(story())


def test_the_headers_correct_a_budget_that_others_use_too(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        limiter = build(SMALL)
        limiter.observe(200, httpx.Headers({"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "1"}))
        began = loop.time()
        await limiter.acquire(LIVE)
        limiter.release()
        assert loop.time() == began
        await limiter.acquire(LIVE)
        assert loop.time() - began >= 10

    simulate(story())


def test_a_cancelled_caller_gives_its_place_in_the_line_to_the_next(simulate: Simulate) -> None:
    async def story() -> None:
        limiter = build(SMALL, places=1)
        await limiter.acquire(LIVE)
        first, second = (asyncio.create_task(limiter.acquire(LIVE)) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        limiter.release()
        await second
        assert limiter.in_flight == 1

    simulate(story())


def test_a_caller_cancelled_in_the_moment_of_its_permit_gives_it_back(simulate: Simulate) -> None:
    async def story() -> None:
        limiter = build(SMALL, places=1)
        await limiter.acquire(LIVE)
        waiting = asyncio.create_task(limiter.acquire(LIVE))
        await asyncio.sleep(0.1)
        limiter.release()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert limiter.in_flight == 0

    simulate(story())


def test_who_is_dismissed_gets_an_error_and_costs_nothing(simulate: Simulate) -> None:
    async def story() -> None:
        limiter = build(SMALL, places=1)
        await limiter.acquire(LIVE)
        waiting = [asyncio.create_task(limiter.acquire(LIVE)) for _ in range(3)]
        waiting[0].cancel()
        await asyncio.sleep(0.1)
        limiter.dismiss(lambda: LookupError("gone"))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError, LookupError, LookupError]
        assert limiter.in_flight == 1

    simulate(story())


def test_budgets_that_share_the_places_of_one_erp_both_wake_up(simulate: Simulate) -> None:
    async def story() -> None:
        room = Room(concurrency=Concurrency(floor=1, ceiling=1, start=1))
        limiters = [build(Tier(per_window=20, window_s=10.0, per_burst=None), room=room) for _ in range(2)]
        servers = [Sliding(Tier(per_window=20, window_s=10.0)) for _ in limiters]
        end = asyncio.get_running_loop().time() + 30
        pairs = zip(limiters, servers, strict=True)
        await asyncio.gather(*(send_until(end, a, b, priority=REPLAY) for a, b in pairs for _ in range(3)))
        assert min(server.taken for server in servers) > 40
        assert room.in_flight == 0

    simulate(story())


def test_the_name_of_a_budget_tells_keys_apart_and_tells_nothing_about_them() -> None:
    first, second = fingerprint("ark_live_ent_a_1"), fingerprint("ark_live_ent_a_2")
    assert first != second
    assert first == fingerprint("ark_live_ent_a_1")
    assert "ark" not in first


async def test_a_paced_caller_who_waits_alone_is_let_go_though_the_time_came_between_two_readings_of_the_clock() -> (
    None
):
    readings: Iterator[float] = iter(())
    room = Room(concurrency=Concurrency(floor=9, ceiling=9, start=9))
    tier = Tier(per_window=20, per_burst=None, window_s=20.0, margin_s=0.0)
    limiter = RateLimiter(budget="b1", tier=tier, room=room, clock=lambda: next(readings))
    readings = repeat(0.0)
    for _ in range(2):  # one second of unused pace is made up for
        await limiter.acquire(Priority.POLLING)
        limiter.release()
    readings = chain([0.9, 0.9], repeat(1.1))
    async with asyncio.timeout(5):
        await limiter.acquire(Priority.POLLING)
