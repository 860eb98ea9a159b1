"""An ERP that only takes its time: a wait of a fixed length that costs little and is never too short.

The loop's own timers count whole milliseconds and from the beginning of a round, so that 10 ms may be 7. Here the clock
is read at either end, and one timer of the kernel wakes everybody whose time has come.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections import deque
from typing import Final

_MONOTONIC: Final = 1
_FLAGS: Final = 0o4000 | 0o2000000  # TFD_NONBLOCK, TFD_CLOEXEC
_ABSOLUTE: Final = 1
_NS: Final = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Latency:
    """Waits of one length, so that whoever came first goes first. Built inside the running loop."""

    def __init__(self, seconds: float) -> None:
        self._length = round(seconds * _NS)
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._libc = ctypes.PyDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_MONOTONIC, _FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "no timer of the kernel could be had")
        self._loop.add_reader(self._fd, self._ring)
        self._late = 0
        self._waits = 0

    @property
    def late_s(self) -> float:
        """How much longer a wait was than it should be, on average."""
        return self._late / _NS / self._waits if self._waits else 0.0

    def close(self) -> None:
        """Give the timer back."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    async def __call__(self) -> None:
        """Wait; not at all where the length is 0."""
        if not self._length:
            return
        due = time.monotonic_ns() + self._length
        future = self._loop.create_future()
        self._waiting.append((due, future))
        if len(self._waiting) == 1:
            self._arm(due)
        await future

    def _arm(self, due: int) -> None:
        seconds, nanoseconds = divmod(due, _NS)
        spec = _Itimerspec(_Timespec(0, 0), _Timespec(seconds, nanoseconds))
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(spec), None):
            raise OSError(ctypes.get_errno(), "the timer of the kernel could not be set")

    def _ring(self) -> None:
        os.read(self._fd, 8)
        waiting = self._waiting
        now = time.monotonic_ns()
        while waiting and waiting[0][0] <= now:
            due, future = waiting.popleft()
            self._late += now - due
            self._waits += 1
            if not future.done():
                future.set_result(None)
        if waiting:
            self._arm(waiting[0][0])
