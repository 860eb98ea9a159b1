"""Group commit: all who wait go into one transaction and hear of it after COMMIT answered (correctness 19)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import sqlalchemy as sa

from service.errors import Waiting
from service.ledger.batch import LAST, Batch, Member
from service.ledger.database import Database
from service.ledger.trouble import AGAIN_S, CommitUnanswered, Rejected, Trouble, down, said, trouble
from service.telemetry.waits import waiting_for

REMEMBERED_S: Final = 43_200.0  # half of what a worker's row lives for (FORGET_S)


@dataclass(slots=True)
class _Entry:
    member: Member
    told: asyncio.Future[None]


class GroupCommit:
    """Takes members and commits them in batches, `depth` of them at a time."""

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        depth: int = 1,
        largest: int = 256,
        on_commit: Callable[[int, float], None] | None = None,
    ) -> None:
        self._database = database
        self._owner = owner
        self._largest = largest
        self._on_commit = on_commit
        self._pending: deque[_Entry] = deque()
        self._ready = asyncio.Event()
        self._closing = False
        self._last: dict[str, tuple[str, float]] = {}
        """By worker: the marker of its last batch, and when that was."""
        names = [f"{owner}/{uuid4().hex}" for _ in range(depth)]
        self._workers = [asyncio.create_task(self._work(name), name=f"group-commit {name}") for name in names]

    @property
    def pending(self) -> int:
        """Members that no transaction has taken yet."""
        return len(self._pending)

    async def submit(self, member: Member) -> None:
        """Return when this member is committed. Raises its own error, or Waiting while the database is down."""
        if self._closing:
            raise Waiting("ledger_closed", "this process is stopping")
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append(_Entry(member, told))
        self._ready.set()
        with waiting_for("ledger"):
            await told
        if member.error is not None:
            raise member.error

    async def close(self, *, within_s: float = 10.0) -> None:
        """Commit what was taken, refuse what comes, and end. What is not through in time is told that it waits."""
        self._closing = True
        self._ready.set()
        _, late = await asyncio.wait(self._workers, timeout=within_s)
        for worker in late:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        _tell(self._pending, Waiting("ledger_closed", "this process stopped before it was recorded"))

    async def _work(self, name: str) -> None:
        while self._pending or not self._closing:
            if not self._pending:
                self._ready.clear()
                await self._ready.wait()
                continue
            await asyncio.sleep(0)  # whoever is ready to submit now goes along
            if not self._pending and self._before(name):
                continue  # another worker took them all; one without a marker leaves one, to know the database by
            taken = [self._pending.popleft() for _ in range(min(len(self._pending), self._largest))]
            started = time.perf_counter()
            try:
                await self._commit(name, taken)
            finally:
                _tell(taken, Waiting("ledger_closed", "this process stopped before it was recorded"))
            if self._on_commit is not None:
                self._on_commit(len(taken), time.perf_counter() - started)

    async def _commit(self, name: str, entries: Sequence[_Entry]) -> None:
        try:
            await self._once(name, [entry.member for entry in entries])
        except Exception as error:  # noqa: BLE001  # every error is told to a member, classified
            await self._failed(name, entries, error)
        else:
            _tell(entries, None)

    async def _failed(self, name: str, entries: Sequence[_Entry], error: Exception) -> None:
        if trouble(error) is Trouble.DOWN:
            _tell(entries, error if isinstance(error, Waiting) else down(error))
        elif len(entries) > 1:
            for entry in entries:  # one of them is bad; alone it fails alone
                await self._commit(name, [entry])
        else:
            refused = trouble(error) is Trouble.REFUSED or isinstance(error, ValueError)
            _tell(entries, Rejected(type(entries[0].member).__name__, said(error)) if refused else error)

    async def _once(self, name: str, members: Sequence[Member]) -> None:
        marker, before = uuid4().hex, self._before(name)

        def work(connection: sa.Connection) -> None:
            for member in members:
                member.error = None
            Batch(self._owner).run(connection, (name, marker, before), members)

        try:
            await self._database.write(work)
        except CommitUnanswered as error:
            if not await self._committed(name, marker):
                raise ConnectionError(f"COMMIT had no answer and did not happen: {error.why}") from error
        self._last[name] = marker, time.monotonic()

    def _before(self, name: str) -> str:
        """The marker of this worker's last batch; empty where there is none that the database must still know."""
        before, at = self._last.get(name, ("", 0.0))
        return before if time.monotonic() - at <= REMEMBERED_S else ""

    async def _committed(self, name: str, marker: str) -> bool:
        """Find out whether a batch whose COMMIT had no answer is there. Nobody is told anything before that.

        The row of its marker is asked for, to be written: the database lets that wait until the lost transaction has
        ended, and then its marker either stands there, or never will.
        """
        while True:
            try:
                found = await self._database.probe(lambda connection: LAST.read(connection, [(name,)]))
                return bool(found[0].marker == marker)
            except Exception:  # noqa: BLE001  # whatever keeps us from knowing, nobody may be told anything yet
                await asyncio.sleep(AGAIN_S)


def _tell(entries: Sequence[_Entry] | deque[_Entry], error: Exception | None) -> None:
    for entry in entries:
        if entry.told.done():
            continue
        if error is None:
            entry.told.set_result(None)
        else:
            entry.told.set_exception(_own(error))


def _own(error: Exception) -> Exception:
    """An instance of its own for every waiter: a shared one would gather all their tracebacks."""
    return Waiting(error.wait, error.why, error.after) if isinstance(error, Waiting) else error
