"""An event loop whose time is a number, and processes in it that can be frozen, thawed and killed.

Nothing blocks: when nothing is ready, time jumps to the next timer. Every callback belongs to the process in whose
context it was scheduled; what belongs to a frozen process waits, what belongs to a dead one never runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar, copy_context
from itertools import count
from typing import Any

EPOCH = 1_777_646_400.0  # 2026-05-01 14:40 UTC: after every event of the shop


class Process:
    """One operating system process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.frozen_since: float | None = None
        self.dead = False
        self.held: list[asyncio.Handle] = []


MOST_STEPS = 300_000
"""Fifty times what a run takes."""
PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class VirtualLoop(asyncio.BaseEventLoop):
    """Deterministic: the same program gives the same run."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = count()
        self._steps = 0
        self.neutral: Context = copy_context()
        """For what happens in no process: the network, the servers, the course of events."""
        self.failed: list[str] = []
        """Callbacks of no process that raised: a fault of the simulation itself."""
        self.set_exception_handler(self._heard)

    def time(self) -> float:
        """Return virtual seconds since the start."""
        return self._now

    def now(self) -> float:
        """Return unix seconds."""
        return EPOCH + self._now

    def call_at(  # type: ignore[override]  # as in typeshed but for the names of its type variables
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call something at a time; what is due at the same time comes in the order in which it was asked for."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._count), timer))
        return timer

    def later(self, seconds: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        """Call something that belongs to no process."""
        return self.call_later(seconds, callback, *args, context=self.neutral)

    def freeze(self, process: Process) -> None:
        """Let a process stand still."""
        if process.frozen_since is None:
            process.frozen_since = self._now

    def thaw(self, process: Process) -> None:
        """Let it go on; everything that was due meanwhile comes at once, in its order."""
        process.frozen_since = None
        held, process.held = process.held, []
        self._ready.extend(held)  # type: ignore[attr-defined]

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        self._ring(ready)
        self._steps += len(ready)
        if self._steps > MOST_STEPS:
            raise RuntimeError("it goes round and round")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(PROCESS)
            if process is None or not (process.dead or process.frozen_since is not None):
                handle._run()
            elif not process.dead:
                process.held.append(handle)

    def _ring(self, ready: Any) -> None:
        """Make ready what is due; where nothing else is ready, let time jump first."""
        timers = self._timers
        if not ready:
            while timers and timers[0][2]._cancelled:
                heapq.heappop(timers)
            if not timers:
                raise RuntimeError("everything waits for something that never comes")
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            ready.append(heapq.heappop(timers)[2])

    def _heard(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tasks of killed processes are never awaited; anything else must not happen."""
        if "handle" in context:
            self.failed.append(repr(context.get("exception")))

    def _process_events(self, event_list: Any) -> None:
        """There is no input or output."""

    def _write_to_self(self) -> None:
        """There are no threads."""


@contextlib.contextmanager
def virtual_loop() -> Iterator[VirtualLoop]:
    """A loop of one run; whatever is left in it at the end is closed without a word."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        for task in asyncio.all_tasks(loop):
            _close(task)
        asyncio.set_event_loop(None)
        loop.close()


def _close(task: asyncio.Task[Any]) -> None:
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine = task.get_coro()
    for _ in range(20):  # a coroutine that waits in a `finally` has to be asked again
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001, S112  # its process is gone: nobody hears of it
            continue
        return


class VirtualClock:
    """Implements `service.ports.Clock`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Return unix seconds."""
        return self._loop.now()

    async def sleep(self, seconds: float) -> None:
        """Let this long pass."""
        await asyncio.sleep(seconds)
