"""An event loop whose time is a number, and processes in it that can be frozen, thawed and killed.

Nothing blocks: when nothing is ready, time jumps to the next timer. Every callback belongs to the process in whose
context it was scheduled; what belongs to a frozen process waits, what belongs to a dead one never runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from itertools import count
from typing import Any

EPOCH = 1_777_646_400.0  # 2026-05-01 14:40 UTC: after every event of the shop


class Process:
    """One operating system process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.frozen = False
        self.dead = False
        self.runs = True
        """Neither of them."""
        self.held: list[Turn] = []

    def end(self) -> None:
        """Nothing of it runs any more."""
        self.dead, self.runs = True, False


Turn = Sequence[Any]
"""What waits for its turn: a timer that is due, or a tuple of the same shape that nobody can cancel."""
MOST_STEPS = 300_000
"""Fifty times what a run takes."""
PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Handle(list[Any]):
    """A timer: (when, its number, context, callback, arguments). A list, because it is made in C and compared there."""

    __slots__ = ()

    def cancel(self) -> None:
        """Do not call."""
        self[3] = None

    def cancelled(self) -> bool:
        """Whether it will not be called."""
        return self[3] is None

    def when(self) -> float:
        """Return its moment."""
        moment: float = self[0]
        return moment


class VirtualLoop(asyncio.BaseEventLoop):
    """Deterministic: the same program gives the same run."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._queue: deque[Turn] = deque()
        self._timers: list[Handle] = []
        self._count = count()
        self.neutral: Context = copy_context()
        """For what happens in no process: the network, the servers, the course of events."""
        self.failed: list[str] = []
        """Callbacks of no process that raised: a fault of the simulation itself."""
        self.set_exception_handler(lambda _loop, _context: None)  # tasks of killed processes are never awaited

    def time(self) -> float:
        """Return virtual seconds since the start."""
        return self._now

    def now(self) -> float:
        """Return unix seconds."""
        return EPOCH + self._now

    def call_soon(  # type: ignore[override]  # as in typeshed but for the names of its type variables
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> None:
        """Call something after what waits already. Returns no handle: nobody takes back what comes at once."""
        self._queue.append((0.0, 0, copy_context() if context is None else context, callback, args))

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Call something at a time; what is due at the same time comes in the order in which it was asked for."""
        handle = Handle((when, next(self._count), copy_context() if context is None else context, callback, args))
        heappush(self._timers, handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Call something after a while."""
        when = self._now + delay
        handle = Handle((when, next(self._count), copy_context() if context is None else context, callback, args))
        heappush(self._timers, handle)
        return handle

    def later(self, seconds: float, callback: Callable[..., object], *args: Any) -> Handle:
        """Call something that belongs to no process."""
        return self.call_at(self._now + seconds, callback, *args, context=self.neutral)

    def freeze(self, process: Process) -> None:
        """Let a process stand still."""
        process.frozen, process.runs = True, False

    def thaw(self, process: Process) -> None:
        """Let it go on; everything that was due meanwhile comes at once, in its order."""
        process.frozen, process.runs = False, not process.dead
        held, process.held = process.held, []
        self._queue.extend(held)

    def _run_once(self) -> None:
        """Run until somebody stops the loop: what is ready first, then time jumps to the next timer."""
        queue, of_context, steps = self._queue, PROCESS, 0
        while not self._stopping:  # type: ignore[attr-defined]
            if not queue:
                self._jump()
            steps += 1
            if steps > MOST_STEPS:
                raise RuntimeError("it goes round and round")
            turn = queue.popleft()
            _, _, context, callback, args = turn
            if callback is None:
                continue
            process = context.get(of_context)
            if process is None or process.runs:
                try:
                    context.run(callback, *args)
                except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # told at the end of the run
                    self.failed.append(repr(error))
            elif not process.dead:
                process.held.append(turn)

    def _jump(self) -> None:
        timers, queue = self._timers, self._queue
        while timers and timers[0][3] is None:
            heappop(timers)
        if not timers:
            raise RuntimeError("everything waits for something that never comes")
        now = self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= now:
            queue.append(heappop(timers))

    def _process_events(self, event_list: Any) -> None:
        """There is no input or output."""

    def _write_to_self(self) -> None:
        """There are no threads."""


def nap(seconds: float) -> asyncio.Future[None]:
    """What `asyncio.sleep` does, for fakes that sleep often."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = asyncio.Future(loop=loop)
    loop.call_later(seconds, _wake, future)
    return future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


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
        await nap(seconds)
