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

from service.errors import FerryError, Waiting
from service.ledger.batch import COMMIT, FORGET_COMMITS, Batch, Member
from service.ledger.database import Database
from service.ledger.trouble import AGAIN_S, CommitUnanswered, Rejected, Trouble, down, said, trouble

KEEP_COMMITS_S: Final = 3600.0  # an unanswered COMMIT is read again within seconds
TIDY_EVERY: Final = 1000  # batches


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
        self._batches = 0
        self._workers = [asyncio.create_task(self._work(), name=f"group-commit-{number}") for number in range(depth)]

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

    async def _work(self) -> None:
        while self._pending or not self._closing:
            if not self._pending:
                self._ready.clear()
                await self._ready.wait()
                continue
            await asyncio.sleep(0)  # whoever is ready to submit now goes along
            taken = [self._pending.popleft() for _ in range(min(len(self._pending), self._largest))]
            started = time.perf_counter()
            try:
                await self._commit(taken)
            finally:
                _tell(taken, Waiting("ledger_closed", "this process stopped before it was recorded"))
            if self._on_commit is not None:
                self._on_commit(len(taken), time.perf_counter() - started)
            await self._tidy()

    async def _commit(self, entries: Sequence[_Entry]) -> None:
        try:
            await self._once([entry.member for entry in entries])
        except Exception as error:  # noqa: BLE001  # every error is told to a member, classified
            await self._failed(entries, error)
        else:
            _tell(entries, None)

    async def _failed(self, entries: Sequence[_Entry], error: Exception) -> None:
        if trouble(error) is Trouble.DOWN:
            _tell(entries, error if isinstance(error, Waiting) else down(error))
        elif len(entries) > 1:
            for entry in entries:  # one of them is bad; alone it fails alone
                await self._commit([entry])
        else:
            refused = trouble(error) is Trouble.REFUSED or isinstance(error, ValueError)
            _tell(entries, Rejected(type(entries[0].member).__name__, said(error)) if refused else error)

    async def _once(self, members: Sequence[Member]) -> None:
        marker = uuid4().hex

        def work(connection: sa.Connection) -> None:
            for member in members:
                member.error = None
            Batch(self._owner).run(connection, marker, members)

        try:
            await self._database.write(work)
        except CommitUnanswered as error:
            if not await self._committed(marker):
                raise ConnectionError(f"COMMIT had no answer and did not happen: {error.why}") from error

    async def _committed(self, marker: str) -> bool:
        """Find out whether a batch whose COMMIT had no answer is there. Nobody is told anything before that.

        Its marker is inserted once more: the database lets that wait until the lost transaction has ended, and then
        there either is one already, or never will be.
        """
        while True:
            try:
                return not await self._database.probe(lambda connection: COMMIT.read(connection, [(marker,)]))
            except Exception:  # noqa: BLE001  # whatever keeps us from knowing, nobody may be told anything yet
                await asyncio.sleep(AGAIN_S)

    async def _tidy(self) -> None:
        self._batches += 1
        if self._batches % TIDY_EVERY == 0:
            try:
                await self._database.write(lambda connection: FORGET_COMMITS.write(connection, [(KEEP_COMMITS_S,)]))
            except FerryError:
                return  # the database is away; the next time will do, old markers cost nothing but space


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
