"""The courier over a fake transport in simulated time, and once over real sockets."""

import asyncio
import contextvars
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from aiohttp import web

from service.errors import FerryError, Retryable, Unknown, Waiting
from service.http.breaker import Breaker, Health, State
from service.http.concurrency import Concurrency, Room
from service.http.courier import Courier, Sender, Silent, health
from service.http.limiter import RateLimiter, Tier
from service.http.transport import Transport
from service.ports import Priority

LIVE, REPLAY = Priority.LIVE, Priority.REPLAY
Simulate = Callable[[Coroutine[Any, Any, None]], None]
FREE = Tier(per_window=None, per_burst=None)


@dataclass
class Arcus:
    """An ERP behind a transport: keeps a sliding window, answers, and does what `script` says first."""

    limit: int | None = None
    seconds: float = 0.1
    script: deque[int | Exception] = field(default_factory=deque)
    statuses: list[int] = field(default_factory=list)
    arrived: deque[float] = field(default_factory=deque)
    most_at_once: int = 0
    at_once: int = 0

    async def send(self, request: httpx.Request, *, deadline: float, what: str) -> httpx.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(request, deadline, what)
        finally:
            self.at_once -= 1

    async def _answer(self, request: httpx.Request, deadline: float, what: str) -> httpx.Response:
        now = asyncio.get_running_loop().time()
        headers = self._count(now)
        next_up = self.script.popleft() if self.script else 201
        if self.seconds > deadline:
            await asyncio.sleep(deadline)
            raise Unknown(what=what, why="timeout")
        await asyncio.sleep(self.seconds)
        if isinstance(next_up, Exception):
            raise next_up
        status = 429 if headers.get("Retry-After") else next_up
        self.statuses.append(status)
        return httpx.Response(status, headers=headers, request=request)

    def _count(self, now: float) -> dict[str, str]:
        if self.limit is None:
            return {}
        while self.arrived and self.arrived[0] <= now - 60:
            self.arrived.popleft()
        self.arrived.append(now)
        left = self.limit - len(self.arrived)
        headers = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(max(left, 0))}
        return headers | {"Retry-After": "1"} if left < 0 else headers


class Notebook(Silent):
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bool]] = []
        self.errors: list[FerryError] = []
        self.waits: list[float] = []
        self.states: list[State] = []

    def waited(self, lane: Priority, seconds: float) -> None:
        assert lane in Priority
        self.waits.append(seconds)

    def answered(self, *, status: int, seconds: float, resend: bool) -> None:
        assert seconds >= 0
        self.answers.append((status, resend))

    def failed(self, error: FerryError, *, seconds: float, resend: bool) -> None:
        assert seconds >= 0
        assert not resend
        self.errors.append(error)

    def breaker_moved(self, state: State) -> None:
        self.states.append(state)


@dataclass
class Built:
    courier: Courier
    limiter: RateLimiter
    room: Room
    breaker: Breaker
    notes: Notebook


def build(transport: Sender, *, tier: Tier = FREE, concurrency: Concurrency | None = None) -> Built:
    clock = asyncio.get_running_loop().time
    room = Room(concurrency=concurrency or Concurrency())
    limiter = RateLimiter(budget="b1", tier=tier, room=room, clock=clock)
    breaker = Breaker(clock=clock, jitter=lambda: 0.5)
    notes = Notebook()
    courier = Courier(transport=transport, limiter=limiter, room=room, breaker=breaker, meter=notes, clock=clock)
    return Built(courier, limiter, room, breaker, notes)


async def post(built: Built, *, lane: Priority = LIVE, deadline_s: float = 30, resend: bool = False) -> httpx.Response:
    request = httpx.Request("POST", "http://erp.test/v1/orders", content=b"{}")
    return await built.courier.send(request, lane=lane, deadline_s=deadline_s, what="order 1", resend=resend)


def all_given_back(built: Built) -> bool:
    return built.limiter.in_flight == built.room.in_flight == 0


def test_an_answer_comes_back_and_is_noted(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=deque([409])))
        answer = await post(built, resend=True)
        assert answer.status_code == 409
        assert built.notes.answers == [(409, True)]
        assert built.notes.waits == [0.0]
        assert all_given_back(built)

    simulate(story())


def test_ten_minutes_at_the_highest_tier_use_95_percent_and_meet_no_429(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        arcus = Arcus(limit=1200, seconds=0.236)
        built = build(arcus, tier=Tier())
        end = loop.time() + 600
        way = random.Random(3)  # noqa: S311 - reproducible on purpose

        async def merchant(lane: Priority) -> None:
            while loop.time() < end:
                await post(built, lane=lane)
                await asyncio.sleep(way.uniform(0, 0.5))

        await asyncio.gather(*(merchant(lane) for lane in [LIVE] * 5 + [REPLAY] * 60))
        assert set(arcus.statuses) == {201}
        assert len(arcus.statuses) >= 0.95 * 10 * 1200

    simulate(story())


def test_a_restart_in_the_middle_of_a_window_meets_no_429(simulate: Simulate) -> None:
    async def story() -> None:
        arcus = Arcus(limit=100)
        await asyncio.gather(*(post(built) for built in [build(arcus, tier=Tier(per_window=100))] for _ in range(90)))
        again = build(arcus, tier=Tier(per_window=100), concurrency=Concurrency(start=4, floor=1))
        await asyncio.gather(*(post(again) for _ in range(60)))
        assert set(arcus.statuses) == {201}

    simulate(story())


def test_who_leaves_lets_calls_under_way_end_and_none_begin(simulate: Simulate) -> None:
    async def story() -> None:
        arcus = Arcus()
        built = build(arcus, concurrency=Concurrency(start=4, ceiling=4))
        calls = [asyncio.create_task(post(built)) for _ in range(6)]
        await asyncio.sleep(arcus.seconds / 2)
        built.courier.leave()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert [isinstance(end, httpx.Response) for end in ended] == [True] * 4 + [False] * 2
        for _ in range(2):
            with pytest.raises(Waiting, match="leaving"):
                await post(built)
        assert len(arcus.statuses) == 4
        assert all_given_back(built)

    simulate(story())


def test_a_429_pauses_the_budget_and_shrinks_the_places(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        built = build(Arcus(script=deque([429])))
        assert (await post(built)).status_code == 429
        assert built.room.concurrency.limit == 11
        began = loop.time()
        await post(built)
        assert loop.time() - began >= 1.0

    simulate(story())


def test_never_more_calls_at_once_than_places(simulate: Simulate) -> None:
    async def story() -> None:
        arcus = Arcus()
        built = build(arcus, concurrency=Concurrency(start=4, ceiling=4))
        await asyncio.gather(*(post(built) for _ in range(50)))
        assert arcus.most_at_once == 4
        assert all_given_back(built)

    simulate(story())


def test_places_grow_while_answers_are_good_and_calls_wait(simulate: Simulate) -> None:
    async def story() -> None:
        arcus = Arcus()
        built = build(arcus)
        await asyncio.gather(*(post(built) for _ in range(2000)))
        assert arcus.most_at_once == 128

    simulate(story())


def test_a_timeout_is_unknown_and_shrinks_the_places(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(seconds=60))
        with pytest.raises(Unknown):
            await post(built, deadline_s=5)
        assert built.room.concurrency.limit == 11
        assert all_given_back(built)

    simulate(story())


def test_a_reset_is_unknown_and_does_not_shrink_the_places(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=deque([Unknown(what="order 1", why="reset")])))
        with pytest.raises(Unknown):
            await post(built)
        assert built.room.concurrency.limit == 16
        assert len(built.notes.errors) == 1

    simulate(story())


def test_an_error_of_the_erp_itself_says_nothing_about_the_places(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=deque([500])))
        assert (await post(built)).status_code == 500
        assert built.room.concurrency.limit == 16

    simulate(story())


def test_a_call_that_never_connected_costs_no_budget(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        built = build(Arcus(script=deque([Retryable(what="order 1", why="refused")])), tier=Tier(per_window=1))
        with pytest.raises(Retryable):
            await post(built)
        began = loop.time()
        await post(built)
        assert loop.time() - began < 1

    simulate(story())


def down(times: int) -> deque[int | Exception]:
    return deque(Retryable(what="order 1", why="refused") for _ in range(times))


def test_an_outage_is_one_named_wait_for_those_who_come_and_those_who_wait(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=down(100)), concurrency=Concurrency(start=1, floor=1, ceiling=1))
        results = await asyncio.gather(*(post(built) for _ in range(20)), return_exceptions=True)
        assert [type(result) for result in results] == [Retryable] * 3 + [Waiting] * 17
        with pytest.raises(Waiting, match="breaker_open"):
            await post(built)
        assert all_given_back(built)

    simulate(story())


def test_after_an_outage_everything_goes_on_by_itself(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=down(5)))

        async def insist() -> int:
            while True:
                try:
                    return (await post(built)).status_code
                except Retryable:
                    await asyncio.sleep(0.1)
                except Waiting:
                    await built.breaker.wait()

        assert set(await asyncio.gather(*(insist() for _ in range(20)))) == {201}
        assert built.notes.states[0] is State.OPEN
        assert built.notes.states[-1] is State.CLOSED
        assert all_given_back(built)

    simulate(story())


def test_a_cancelled_probe_leaves_the_next_call_to_be_the_probe(simulate: Simulate) -> None:
    async def story() -> None:
        arcus = Arcus(script=down(3))
        built = build(arcus)
        await asyncio.gather(*(post(built) for _ in range(3)), return_exceptions=True)
        await built.breaker.wait()
        arcus.seconds = 20
        probe = asyncio.create_task(post(built))
        await asyncio.sleep(1)
        with pytest.raises(Waiting):
            await post(built)
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        assert (await post(built)).status_code == 201
        assert all_given_back(built)

    simulate(story())


def test_an_unexpected_exception_passes_and_gives_everything_back(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=deque([ZeroDivisionError()])))
        with pytest.raises(ZeroDivisionError):
            await post(built)
        assert all_given_back(built)

    simulate(story())


def test_who_was_admitted_sends_without_waiting_again(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        built = build(Arcus(), concurrency=Concurrency(start=1, floor=1, ceiling=1))
        async with built.courier.admit(lane=LIVE):
            others = [asyncio.create_task(post(built), context=contextvars.Context()) for _ in range(3)]
            await asyncio.sleep(5)  # the intent is committed meanwhile, and nobody takes the place
            began = loop.time()
            await post(built)
            assert loop.time() - began == pytest.approx(0.1)
            assert not any(other.done() for other in others)
            await post(built)  # a second call waits for itself, behind those who came before
            assert all(other.done() for other in others)
        assert all_given_back(built)

    simulate(story())


def test_an_admission_that_is_not_used_is_given_back_and_costs_no_budget(simulate: Simulate) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        built = build(Arcus(), tier=Tier(per_window=1))
        began = loop.time()
        for _ in range(3):
            async with built.courier.admit(lane=LIVE):
                assert built.room.in_flight == 1
        with pytest.raises(ZeroDivisionError):
            async with built.courier.admit(lane=LIVE):
                raise ZeroDivisionError
        assert all_given_back(built)
        await post(built)
        assert loop.time() - began < 1

    simulate(story())


def test_an_admission_to_one_key_is_none_to_another(simulate: Simulate) -> None:
    async def story() -> None:
        one, other = build(Arcus()), build(Arcus())
        async with one.courier.admit(lane=LIVE):
            await post(other)
            assert (one.room.in_flight, other.room.in_flight) == (1, 0)
        assert len(other.notes.waits) == 1

    simulate(story())


def test_nobody_is_admitted_while_the_breaker_is_open_and_an_unused_probe_is_passed_on(simulate: Simulate) -> None:
    async def story() -> None:
        built = build(Arcus(script=down(3)))
        await asyncio.gather(*(post(built) for _ in range(3)), return_exceptions=True)
        with pytest.raises(Waiting):
            await built.courier.admit(lane=LIVE).__aenter__()
        await built.breaker.wait()
        async with built.courier.admit(lane=LIVE):
            assert built.breaker.state is State.HALF_OPEN
        assert (await post(built)).status_code == 201
        assert all_given_back(built)

    simulate(story())


@pytest.mark.parametrize("status", [200, 204, 400, 404, 409, 422, 423, 429, 501])
def test_an_answer_that_is_no_outage_keeps_the_breaker_closed(status: int) -> None:
    assert health(status) is Health.ANSWERS


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_server_error_counts_towards_an_outage(status: int) -> None:
    assert health(status) is Health.FAILS


async def test_over_real_sockets_an_erp_that_goes_away_opens_the_breaker_and_coming_back_closes_it() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=201, body=await request.read())

    async def serve(port: int) -> tuple[web.AppRunner, int]:
        app = web.Application()
        app.router.add_post("/v1/orders", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        bound: int = runner.addresses[0][1]
        return runner, bound

    runner, port = await serve(0)
    async with Transport() as transport:
        built = build(transport)
        request = httpx.Request("POST", f"http://127.0.0.1:{port}/v1/orders", content=b"{}")

        async def call() -> int:
            sent = await built.courier.send(request, lane=LIVE, deadline_s=5, what="order 1", resend=False)
            return sent.status_code

        assert await call() == 201
        await runner.cleanup()
        outcomes = []
        while built.breaker.state is State.CLOSED:
            results = await asyncio.gather(call(), return_exceptions=True)
            outcomes.append(type(results[0]))
        assert set(outcomes) <= {Retryable, Unknown}
        runner, _ = await serve(port)
        await built.breaker.wait()
        assert await call() == 201
        assert built.notes.states[-1] is State.CLOSED
        await runner.cleanup()
