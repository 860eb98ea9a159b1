"""Lanes: strictly one flight per key, many keys at once, first come first served, live before replay."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import count
from typing import Final

from service.errors import FenceLost, Retryable, Waiting
from service.intake.consumer_settings import WindowLimits
from service.intake.delays import WAIT_S, next_wait
from service.intake.endings import end
from service.intake.lane import DELAYED, GONE, IDLE, QUEUED, RUNNING, Item, Lane
from service.intake.observer import Observer
from service.intake.partition import Partition
from service.ports import Priority
from service.telemetry.waits import Place, take_place

Handle = Callable[[str, Sequence[Item]], Awaitable[None]]
CLOSE_S: Final = 5.0
RETRY: Final = "retry"
"""The wait of a lane whose work was given back to be tried again: longer from try to try, bounded, and no stall."""


class Lanes:
    """The executor. Workers are a pool: a waiting record costs its item and no task.

    `done` hears of items whose handling returned, `fail` of an error after which nothing may go on.
    `reroute` reads a record again whose payload was let go.
    """

    def __init__(
        self,
        *,
        handle: Handle,
        reroute: Callable[[Item], object],
        done: Callable[[Sequence[Item]], None],
        fail: Callable[[BaseException], None],
        limits: WindowLimits,
        observer: Observer,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._handle = handle
        self._reroute = reroute
        self._done = done
        self._fail = fail
        self._limits = limits
        self._observer = observer
        self._chance = chance
        self._lanes: dict[str, Lane] = {}
        self._ready: tuple[deque[Lane], ...] = tuple(deque() for _ in Priority)
        self._queues = tuple(zip(Priority, self._ready, strict=True))
        self._delayed: list[tuple[float, int, Lane]] = []
        self._sequence = count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0  # uvloop's handle of a moment that has come does not say when it is
        self._workers: set[asyncio.Task[None]] = set()
        self._places: list[Place] = []
        self._idle: list[asyncio.Future[None]] = []
        self._payloads = 0
        self._most_payloads = limits.payloads
        self._frozen = False
        self._closing = False
        self._quiet: asyncio.Future[None] | None = None
        self.running = 0
        self.waiting = 0
        """Items that nobody works on at the moment."""
        self.waits: dict[str, set[Lane]] = {}
        """Lanes by the named wait that they are in."""
        self.finished = 0
        """Handlings that returned: progress."""

    def __len__(self) -> int:
        return len(self._lanes)

    # --- in ------------------------------------------------------------------------------------------------------

    def push(self, key: str, item: Item) -> None:
        """Put an item at the end of its lane."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        self._enter(item)
        lane.items.append(item)
        state = lane.state
        if state is IDLE or (state is QUEUED and item.priority < lane.priority):
            self._queue(lane, item.priority)

    def explained(self) -> Counter[str]:
        """Lanes that wait, by the name of their wait: given back by their handler, or within it."""
        found = Counter({wait: len(lanes) for wait, lanes in self.waits.items()})
        found.update(place[0] for place in self._places if place)
        return found

    @property
    def full(self) -> bool:
        """Whether every worker has a lane, so that others must wait for them."""
        return self.running >= self._limits.in_flight

    @property
    def queued(self) -> int:
        """Lanes whose turn has not come."""
        return len(self._lanes) - self.running - sum(lane.state is DELAYED for lane in self._lanes.values())

    def has_wake(self, key: str, payload: object) -> bool:
        """Whether the same wake-up waits in this lane already."""
        lane = self._lanes.get(key)
        return lane is not None and any(item.record is None and item.payload == payload for item in lane.items)

    def end_wait(self, wait: str) -> int:
        """Let every lane of a named wait go on now; returns how many there were."""
        lanes = self.waits.pop(wait, set())
        for lane in lanes:
            lane.wait = ""
            self._queue(lane, lane.best())
        return len(lanes)

    def drop(self, lost: Collection[Partition]) -> None:
        """Forget waiting items of partitions that went to somebody else; what runs, runs to its end."""
        for lane in list(self._lanes.values()):
            kept = deque(item for item in lane.items if item.partition not in lost)
            for item in lane.items:
                if item.partition in lost:
                    self._leave(item)
            lane.items = kept
            if not kept and lane.state is not RUNNING:
                self._forget(lane)

    # --- stop and go ---------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Start nothing new."""
        self._frozen = True

    def thaw(self) -> None:
        """Go on."""
        self._frozen = False
        for _ in range(sum(len(queue) for queue in self._ready)):
            if not self._call_worker():
                return

    async def drain(self, seconds: float) -> bool:
        """Wait until nothing runs; returns whether that was so in time."""
        if not self.running:
            return True
        if self._quiet is None or self._quiet.done():
            self._quiet = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self._quiet], timeout=seconds)
        return bool(done)

    async def close(self) -> None:
        """Cancel whatever still runs; its items are not done, and their offsets stay."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        await end(self._workers, seconds=CLOSE_S)

    # --- the queue -----------------------------------------------------------------------------------------------

    def _queue(self, lane: Lane, priority: Priority) -> None:
        lane.state = QUEUED
        lane.priority = priority
        self._ready[priority].append(lane)
        self._call_worker()

    def _call_worker(self) -> bool:
        if self._frozen or self._closing:
            return False
        while self._idle:
            waiter = self._idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                return True
        if len(self._workers) >= self._limits.in_flight:
            return False
        worker = asyncio.get_running_loop().create_task(self._work(), name="lane-worker")
        self._workers.add(worker)
        worker.add_done_callback(self._worker_ended)
        return True

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if self._closing:
            return
        error = None if worker.cancelled() else worker.exception()
        self._fail(error or RuntimeError("a lane worker was cancelled from outside"))

    def _next(self) -> Lane | None:
        if self._frozen:
            return None
        for priority, queue in self._queues:
            while queue:
                lane = queue.popleft()
                # A lane that was promoted, dropped or woken otherwise has left its older place behind.
                if lane.state is QUEUED and lane.priority is priority:
                    return lane
        return None

    def _take(self, lane: Lane) -> list[Item]:
        items = lane.items
        if len(items) <= self._limits.coalesce:
            batch = list(items)
            items.clear()
        else:
            batch = [items.popleft() for _ in range(self._limits.coalesce)]
        for item in batch:
            self._leave(item)
            if item.payload is GONE:
                item.payload = self._reroute(item)
        return batch

    def _enter(self, item: Item) -> None:
        self.waiting += 1
        record = item.record
        if record is None or item.payload is record:
            return  # it holds no memory but the record's
        if self._payloads >= self._most_payloads:
            item.payload = GONE  # it is routed again from the record when its turn comes
        else:
            self._payloads += 1

    def _leave(self, item: Item) -> None:
        self.waiting -= 1
        record, payload = item.record, item.payload
        if record is not None and payload is not record and payload is not GONE:
            self._payloads -= 1

    def _put_back(self, lane: Lane, batch: Iterable[Item]) -> None:
        for item in reversed(list(batch)):
            if item.partition is not None and item.partition.lost:
                continue
            lane.items.appendleft(item)
            self._enter(item)

    def _forget(self, lane: Lane) -> None:
        lane.state = IDLE
        self._end_of_wait(lane)
        self._lanes.pop(lane.key, None)

    # --- work ----------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        self._places.append(take_place())
        while True:
            lane = self._next()
            if lane is None:
                waiter: asyncio.Future[None] = loop.create_future()
                self._idle.append(waiter)
                await waiter
                continue
            lane.state = RUNNING
            self.running += 1
            try:
                batch = self._take(lane)
                began = time.perf_counter()
                try:
                    await self._handle(lane.key, batch)
                except Waiting as exc:
                    self._delay(
                        lane, batch, wait=exc.wait, why=exc.wait, after=WAIT_S if exc.after is None else exc.after
                    )
                except (Retryable, FenceLost) as exc:
                    lane.attempts += 1
                    self._delay(lane, batch, wait=RETRY, why=type(exc).__name__, after=getattr(exc, "after", None))
                else:
                    self._handled(lane, batch, time.perf_counter() - began)
            finally:
                self.running -= 1
                if not self.running and self._quiet is not None and not self._quiet.done():
                    self._quiet.set_result(None)

    def _handled(self, lane: Lane, batch: Sequence[Item], seconds: float) -> None:
        lane.attempts = 0
        self.finished += 1
        self._done(batch)
        self._observer.handled(len(batch), seconds)
        if lane.items:
            # Nobody is called: this worker asks for the next lane at once, and may get this one.
            lane.state = QUEUED
            lane.priority = priority = lane.best()
            self._ready[priority].append(lane)
        else:
            self._forget(lane)

    # --- delays --------------------------------------------------------------------------------------------------

    def _delay(self, lane: Lane, batch: Sequence[Item], *, wait: str, why: str, after: float | None) -> None:
        self._put_back(lane, batch)
        if not lane.items:
            self._forget(lane)
            return
        seconds = next_wait(attempt=lane.attempts, after=after, chance=self._chance())
        self._observer.delayed(lane.key, why, seconds)
        lane.state = DELAYED
        lane.wait = wait
        self.waits.setdefault(wait, set()).add(lane)
        lane.due = asyncio.get_running_loop().time() + seconds
        heapq.heappush(self._delayed, (lane.due, next(self._sequence), lane))
        self._set_timer()

    def _set_timer(self) -> None:
        if not self._delayed or self._closing:
            return
        due = self._delayed[0][0]
        if self._timer is not None:
            if self._timer_due <= due:
                return
            self._timer.cancel()
        self._timer, self._timer_due = asyncio.get_running_loop().call_at(due, self._ring), due

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, lane = heapq.heappop(self._delayed)
            if lane.state is DELAYED and lane.due == due:
                self._end_of_wait(lane)
                self._queue(lane, lane.best())
        self._set_timer()

    def _end_of_wait(self, lane: Lane) -> None:
        others = self.waits.get(lane.wait)
        if others is not None:
            others.discard(lane)
            if not others:
                del self.waits[lane.wait]
        lane.wait = ""
