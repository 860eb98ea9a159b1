"""Sends the log evenly over the time of the run, whatever happens to the broker; it can be held back for a while."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.demo.wire import Wire
from sandbox.shop.disorder import Record

BEAT_S = 0.25


@dataclass
class Feed:
    """One log on its way. `span` is in seconds; time in which it was held back is added."""

    wire: Wire
    records: Sequence[Record]
    span: float
    _held_s: float = 0.0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin open."""
        self._open.set()

    async def run(self) -> None:
        """Send everything; ends when the broker has all of it."""
        began, sent = time.monotonic(), 0
        while sent < len(self.records):
            if not self._open.is_set():
                self._idle.set()
                held = time.monotonic()
                await self._open.wait()
                self._held_s += time.monotonic() - held
                self._idle.clear()
            share = min(1.0, (time.monotonic() - began - self._held_s + BEAT_S) / self.span)
            due = int(share * len(self.records))
            await self.wire.produce(self.records[sent:due], first=sent)
            sent = due
            await asyncio.sleep(BEAT_S)

    async def hold(self) -> None:
        """Let nothing more be sent; returns when nothing is on its way."""
        self._open.clear()
        if self.wire.produced < len(self.records):
            await self._idle.wait()

    def go_on(self) -> None:
        """Send again."""
        self._open.set()
