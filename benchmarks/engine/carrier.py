"""What every consumer in Python shares: the work on one record, and telling twice a second how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from benchmarks.engine.books import Books
from benchmarks.engine.latency import Latency
from benchmarks.engine.record import head
from benchmarks.engine.task import Task

EVERY_S: Final = 0.2
_MS: Final = 1e6


class Carrier:
    """Carries records to an ERP that is only a timer, keeps the books, and tells on standard output."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._latency = Latency(task.latency_ms / 1000)
        self._books = Books(task.keys)
        self._delays: list[tuple[int, float]] | None = [] if task.delays else None
        self.poison = 0
        """Records that went another way."""
        self.told = asyncio.Event()
        """Somebody asks us to end."""

    async def carry(self, value: bytes) -> None:
        """Work on one healthy record."""
        ordinal, key, _, intended = head(value)
        await self._latency()
        self._books.note(key, ordinal)
        if self._delays is not None:
            self._delays.append((key, (time.monotonic_ns() - intended) / _MS))

    def pass_by(self, value: bytes) -> None:
        """A poisonous record was settled in another way."""
        ordinal, key, _, _ = head(value)
        self._books.note(key, ordinal)
        self.poison += 1

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell while the body runs, and at its end give account."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.told.set)
        teller = loop.create_task(self._tell())
        try:
            yield
        finally:
            teller.cancel()
            self._account()

    async def _tell(self) -> None:
        while True:
            sys.stdout.write(f"{time.monotonic()} {self._books.carried - self.poison}\n")
            sys.stdout.flush()
            await asyncio.sleep(EVERY_S)

    def _account(self) -> None:
        self._latency.close()
        if self._delays is not None:
            Path(self._task.delays).write_text(json.dumps(self._delays), encoding="utf-8")
        account = {
            "carried": self._books.carried,
            "poison": self.poison,
            "late_us": round(self._latency.late_s * 1e6, 1),
            "runs": self._books.runs(),
        }
        sys.stdout.write(json.dumps(account) + "\n")
        sys.stdout.flush()
