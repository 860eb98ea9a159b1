"""The rate limiter of one API key: callers wait here, by priority, until the budget and the places in flight allow."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from service.http.budget import Grant, SharedBudget
from service.http.line import WaitingLine
from service.http.rate_headers import NOTHING, read_signal
from service.http.window import Mark, Tier, Windows
from service.ports import Priority
from service.telemetry.waits import waiting_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from service.http.concurrency import Room

__all__ = ["Grant", "Priority", "RateLimiter", "SharedBudget", "Tier"]

ASK_AGAIN_S: Final = 0.05  # between two questions to a shared budget that has nothing, whatever it says
JUST_NOW_S: Final = 0.001  # to look again where the time came between two readings of the clock
BATCH_S: Final = 0.5  # a process reserves at most this much of the rate at once, so that others get theirs


class RateLimiter:
    """One budget, named by the fingerprint of its API key. Every `acquire` is followed by exactly one `release`."""

    def __init__(
        self,
        *,
        budget: str,
        tier: Tier,
        room: Room,
        shared: SharedBudget | None = None,
        recovery_share: float = 0.3,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.budget = budget
        self._windows = Windows(tier=tier, alone=shared is None)
        self._window_s = tier.window_s
        self._line = WaitingLine(recovery_share=recovery_share)
        self._room = room
        self._shared = shared
        self._clock = clock
        self._wall = wall
        self._timer: asyncio.TimerHandle | None = None
        self._stock: deque[float] = deque()  # permits of the shared budget, by the end of their slice
        self._refill: asyncio.Task[None] | None = None
        room.join(self)

    @property
    def waiting(self) -> dict[Priority, int]:
        """Callers who wait, by priority."""
        return self._line.count()

    @property
    def paused_until(self) -> float | None:
        """When a pause that the ERP asked for ends, on our clock; None where there is none."""
        until = self._windows.paused_until
        return until if until > self._clock() else None

    @property
    def next_permitted(self) -> float:
        """When the budget allows the next live call, on our clock; `inf` where one in flight must end first."""
        return self._windows.next_at(self._clock())

    @property
    def in_flight(self) -> int:
        """Permits given and not yet released."""
        return self._windows.in_flight

    async def acquire(self, priority: Priority) -> None:
        """Wait for a permit and a place in flight. Cancelling gives both back."""
        paced = priority is not Priority.LIVE
        if self._line.head() is None and self._room.free and self._may_go(self._clock(), paced=paced):
            self._take()
            return
        waiter = asyncio.get_running_loop().create_future()
        self._line.join(priority, waiter)
        self._look()
        try:
            with waiting_for("erp_budget"):
                await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(sent=False)
            raise

    def release(self, *, sent: bool = True) -> None:
        """Note that the call ended; `sent=False` only where provably nothing left this process."""
        if sent:
            self._windows.end(self._clock())
        else:
            self._windows.give_back()
        self._room.leave()
        self._watch()

    def mark(self) -> Mark:
        """Note what is counted now; taken when a call is sent and handed to `observe` with its answer."""
        return self._windows.mark(self._clock())

    def observe(self, status: int, headers: httpx.Headers, mark: Mark | None = None) -> None:
        """Learn from an answer, before its permit is released."""
        signal = read_signal(status, headers.raw, wall=self._wall())
        if signal is not NOTHING:
            self._windows.observe(signal, self._clock(), mark)

    def dismiss(self, error: Callable[[], Exception]) -> None:
        """Send everybody away who waits, each with an error of its own."""
        while self._line.head() is not None:
            self._line.pop().set_exception(error())

    def ready(self) -> Priority | None:
        """Return the priority of the caller whom only a place in flight keeps (for `Room`)."""
        head = self._line.head()
        return head if head is not None and self._may_go(self._clock(), paced=self._paced(head)) else None

    def admit(self) -> None:
        """Let that caller go (for `Room`)."""
        waiter = self._line.pop()
        self._take()
        waiter.set_result(None)
        self._watch()

    def _paced(self, head: Priority) -> bool:
        return head is not Priority.LIVE and not self._line.live_waits()

    def _may_go(self, now: float, *, paced: bool) -> bool:
        return self._windows.next_at(now, paced=paced) <= now and (self._shared is None or self._stocked(now))

    def _take(self) -> None:
        if self._shared is not None:
            self._stock.popleft()
        self._windows.take(self._clock())
        self._room.enter()

    def _look(self) -> None:
        self._room.serve()
        self._watch()

    def _watch(self) -> None:
        """See to it that somebody looks again in time, while callers wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        head = self._line.head()
        if head is None:
            return
        loop = asyncio.get_running_loop()
        if self._shared is not None and (self._refill is None or self._refill.done()):
            self._refill = loop.create_task(self._fetch(self._shared))
        now = self._clock()
        delay = self._windows.next_at(now, paced=self._paced(head)) - now
        if delay <= 0 and self._room.free and (self._shared is None or self._stocked(now)):
            delay = JUST_NOW_S  # the time came since the last look, and nobody else may come to look
        if 0 < delay < math.inf:  # otherwise a place must become free, or the shared budget must answer
            self._timer = loop.call_later(delay, self._look)

    def _stocked(self, now: float) -> bool:
        while self._stock and self._stock[0] <= now:
            self._stock.popleft()
        return bool(self._stock)

    async def _fetch(self, shared: SharedBudget) -> None:
        """Keep permits of the shared budget in stock while callers wait."""
        try:
            while (want := sum(self.waiting.values())) > 0:
                now = self._clock()
                if self._stocked(now):  # held back by a pause, the pace or the places: void at the end of its slice
                    await asyncio.sleep(min(self._stock[0] - now, ASK_AGAIN_S))
                    continue
                grant = await shared.reserve(self.budget, now, min(want, self._batch()))
                self._stock.extend([grant.ends] * grant.permits)
                if not grant.permits:
                    await asyncio.sleep(max(grant.starts - self._clock(), ASK_AGAIN_S))
                self._look()
        except Exception as exc:  # noqa: BLE001 - whatever the ledger raised belongs to those who wait for it
            failure = exc
            self.dismiss(lambda: failure)

    def _batch(self) -> int:
        limit = self._windows.limit
        return 100 if limit is None else max(1, math.ceil(limit * BATCH_S / self._window_s))
