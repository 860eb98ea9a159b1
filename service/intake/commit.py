"""The one committer: debounced, explicit, into the ledger first and into Kafka second (K2, K6, K7; correctness 18)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from service.errors import FerryError
from service.intake.client import Client, ClientError
from service.intake.consumer_settings import ConsumerSettings, WindowLimits
from service.intake.observer import Observer, Slot
from service.intake.partition import Partition


class Marks(Protocol):
    """Low-water marks in the ledger's own transactions."""

    async def read(self, group: str) -> Mapping[Slot, int]:
        """Return every mark of a group; FerryError where the ledger cannot be reached."""
        ...

    async def write(self, group: str, marks: Mapping[Slot, int]) -> None:
        """Set marks, durably; lower ones too (a rewind). FerryError where the ledger cannot be reached."""


LEDGER_ERRORS = (FerryError, OSError, TimeoutError)
"""What the ledger may answer while it is away. Anything else is a fault and stops intake."""


class Committer:
    """Writes the low-water marks of open partitions. A failed commit is normal: the marks are owed until they stand.

    aiokafka reports only the first error of several partitions (K7), so after any error nothing is taken as committed
    and everything is written again, which is harmless.
    """

    def __init__(
        self,
        *,
        marks: Marks,
        client: Callable[[], Client | None],
        partitions: Callable[[], Iterable[Partition]],
        settings: ConsumerSettings,
        limits: WindowLimits,
        observer: Observer,
    ) -> None:
        self._marks = marks
        self._client = client
        self._partitions = partitions
        self._settings = settings
        self._limits = limits
        self._observer = observer
        self._lock = asyncio.Lock()
        self._dirty = asyncio.Event()
        self._many = asyncio.Event()
        self._since = 0
        self.commits = 0
        """Commits that stand in both places: progress."""

    def note(self, completions: int) -> None:
        """So many items were completed."""
        self._since += completions
        self._dirty.set()
        if self._since >= self._limits.uncommitted:
            self._many.set()

    async def run(self) -> None:
        """Commit after every N completions or M milliseconds, for ever."""
        while True:
            await self._dirty.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.commit_after_s):
                    await self._many.wait()
            self._dirty.clear()
            self._many.clear()
            if not await self.flush():
                self._dirty.set()
                await asyncio.sleep(self._limits.commit_after_s)

    async def flush(self) -> bool:
        """Commit what is owed now; returns whether everything that was owed stands."""
        async with self._lock:
            self._since = 0
            owed = [(one, mark, one.tracker.behind) for one in self._partitions() if (mark := one.owed()) is not None]
            client = self._client()
            if not owed:
                return True
            if client is None or not client.member():
                self._observer.commit_failed("we are no member of the group at the moment")
                return False
            return await self._write(client, owed)

    async def _write(self, client: Client, owed: list[tuple[Partition, int, int]]) -> bool:
        offsets = {one.slot: mark for one, mark, _ in owed}
        began = time.perf_counter()
        timeout = self._settings.commit_timeout_s
        try:
            async with asyncio.timeout(timeout):
                await self._marks.write(self._settings.group, offsets)
            async with asyncio.timeout(timeout):
                await client.commit(offsets)
        except (ClientError, *LEDGER_ERRORS) as exc:
            for one, _, _ in owed:
                one.committed = None
            self._observer.commit_failed(f"{type(exc).__name__}: {exc}")
            return False
        for one, mark, behind in owed:
            one.committed = mark
            one.stands(behind)
        self.commits += 1
        self._observer.committed(len(owed), time.perf_counter() - began)
        return True
