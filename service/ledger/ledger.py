"""The ledger as the pipeline uses it: every call is one member of a group commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Self

from schemas.base import Ref
from schemas.posted import Posted
from schemas.privacy import PrivacyRequest
from service.ledger import dead_letters, tombstones
from service.ledger.database import Database
from service.ledger.group_commit import GroupCommit
from service.ledger.members import Account, Begin, Close, End, Open, Renew, Rows
from service.ledger.mirror import SqlMirror
from service.ledger.offsets import Offsets
from service.ledger.privacy import SqlPrivacy
from service.ledger.recognising import emptied, named
from service.ledger.rows import ask
from service.ledger.sweep import Sweep
from service.ledger.timeline import began, timeline
from service.ports import Arrival, Busy, Closing, DeadLetter, EventEnd, Intent, Lease, Opened

FORGET_S: Final = 86_400.0  # a worker that did not commit for a day is gone
_FORGET: Final = "DELETE FROM commits WHERE at < {now} - :old"

POSTGRES_DEPTH: Final = 2  # one batch is filled while the other one waits for its fsync


class SqlLedger:
    """State that survives, for one ERP. Implements `service.ports.Ledger`."""

    def __init__(
        self,
        database: Database,
        commits: GroupCommit,
        *,
        erp: str,
        lease_seconds: float,
        history: str,
        restored_at: float = 0.0,
    ) -> None:
        self.database: Final = database
        self.offsets: Final = Offsets(database, commits, history=history)
        self.sweep: Final = Sweep(database)
        self.mirror: Final = SqlMirror(database, commits, erp=erp)
        self.privacy: Final = SqlPrivacy(database)
        self.restored_at: Final = restored_at
        """When this history of the database began, unix seconds; 0 where it is its first."""
        self._commits: Final = commits
        self._erp: Final = erp
        self._lease_s: Final = lease_seconds

    @classmethod
    async def open_at(
        cls,
        url: str,
        *,
        erp: str,
        owner: str,
        lease_seconds: float,
        pool_size: int = 6,
        depth: int | None = None,
        largest_batch: int = 256,
        on_commit: Callable[[int, float], None] | None = None,
    ) -> Self:
        """Open a ledger that was migrated. `owner` names this process, `on_commit` hears members and seconds.

        `depth` is how many batches may be on their way at once: one on SQLite, two on PostgreSQL.
        """
        database = Database(url, pool_size=pool_size)
        try:
            history = await database.read(timeline)
            restored_at = await database.write(lambda connection: began(connection, history))
            await database.write(lambda connection: ask(connection, _FORGET, old=FORGET_S).close())
        except BaseException:
            await database.close()
            raise
        commits = GroupCommit(
            database,
            owner=owner,
            depth=1 if database.is_sqlite else depth or POSTGRES_DEPTH,
            largest=largest_batch,
            on_commit=on_commit,
        )
        return cls(database, commits, erp=erp, lease_seconds=lease_seconds, history=history, restored_at=restored_at)

    @property
    def pending(self) -> int:
        """Calls that wait for their transaction."""
        return self._commits.pending

    async def open(self, key: str, arrivals: Sequence[Arrival]) -> Opened | Busy:
        """Absorb the facts of the arrivals and claim the key, in one transaction."""
        member = Open(key, arrivals, self._lease_s)
        await self._commits.submit(member)
        return member.opened()

    async def begin(
        self, lease: Lease, intent: Intent, *, ended: Sequence[Intent] = (), posted: Sequence[Posted] = ()
    ) -> None:
        """Commit an intent before its call. Raises FenceLost, or AlreadyEnded where this very intent has an outcome."""
        await self._commits.submit(Begin(self._erp, lease, intent, ended=ended, posted=posted))

    async def end(self, intent: Intent, *, posted: Sequence[Posted] = ()) -> None:
        """Record the outcome of an intent; a terminal outcome is never overwritten."""
        await self._commits.submit(End(intent, posted=posted))

    async def close(self, closing: Closing) -> None:
        """Commit verdicts and outcomes and give the lease back. Raises FenceLost."""
        await self._commits.submit(Close(self._erp, closing))

    async def renew(self, leases: Sequence[Lease]) -> set[str]:
        """Extend leases; returns the keys whose lease is lost."""
        if not leases:
            return set()
        member = Renew(leases, self._lease_s)
        await self._commits.submit(member)
        return member.lost

    async def account(self, ref: Ref) -> Posted | None:
        """Return the posted account of this buyer."""
        member = Account(self._erp, ref)
        await self._commits.submit(member)
        return member.posted

    async def ask(self, arrival: Arrival, request: PrivacyRequest) -> EventEnd:
        """Record a request about persons, with its tombstones; a duty carries it out."""
        return await self.privacy.record(arrival, request)

    async def stop(self, *, within_s: float = 10.0) -> None:
        """Commit what is on its way and close the database."""
        await self._commits.close(within_s=within_s)
        await self.database.close()

    async def put(self, letter: DeadLetter) -> None:
        """Keep a record that cannot be read and that its topic could not take; empty where it names somebody erased."""
        about = named(letter)
        if await self.database.read(lambda connection: tombstones.any_of(connection, about)):
            letter = emptied(letter)
        row = dead_letters.row(letter)
        await self._commits.submit(Rows(dead_letters.INSERT, {row[:3]: row}))


class LedgerDeadLetters:
    """Dead letters in the ledger. Implements `service.ports.DeadLetters`."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger: Final = ledger

    async def put(self, letter: DeadLetter) -> None:
        """Keep it; durable when this returns."""
        await self._ledger.put(letter)
