"""One database, SQLite or PostgreSQL: its engine, its settings, its clock, and a transaction as a plain function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.errors import Waiting
from service.ledger.trouble import AGAIN_S, CommitUnanswered, Trouble, down, said, trouble

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
"""What is done in one transaction: synchronous code, so that both databases run the same."""

BUSY_S: Final = 30.0  # another process of this machine may hold SQLite's only write lock for the length of a commit
CONNECT_S: Final = 10.0
STATEMENTS: Final = 512  # about 20 kinds, each for eleven numbers of rows
CROSSINGS: Final = 8  # times that a transaction is tried that is in the way of others
ANSWER_S: Final = 60.0  # no batch takes as long; a server that says nothing for this long is down

POSTGRES_SETTINGS: Final = {
    "application_name": "orderferry",
    "enable_seqscan": "off",  # every statement has its index; a plan made while a table was empty must stay right
    "plan_cache_mode": "force_generic_plan",  # the statements never change, so that planning them again is waste
    "jit": "off",
    "timezone": "UTC",
}


def readable(url: str) -> URL:
    """Read the URL of a ledger in any of its usual spellings. Raises ValueError with the fix."""
    parsed = make_url(url)
    kind = parsed.drivername.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg")
    if kind != "sqlite":
        raise ValueError(f"a ledger is sqlite:///FILE or postgresql://..., not {parsed.drivername}://")
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError(
            "a ledger in memory forgets what it promised: name a file, for example sqlite:///ledger.sqlite3"
        )
    return parsed.set(drivername="sqlite+pysqlite", query={})


class Database:
    """Runs transactions. SQLite has one thread for writing and one for reading, each call one hop."""

    def __init__(self, url: str, *, pool_size: int = 4) -> None:
        self.url: Final = readable(url)
        self.name: Final = "sqlite" if self.url.drivername.startswith("sqlite") else "postgresql"
        self._engine: Final[AsyncEngine | None] = None if self.is_sqlite else _postgres(self.url, pool_size)
        self._file: Final[sa.Engine | None] = _sqlite(self.url) if self.is_sqlite else None
        self._writer: Final = ThreadPoolExecutor(1, "ledger-write")
        self._reader: Final = ThreadPoolExecutor(1, "ledger-read")

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file; otherwise it is PostgreSQL."""
        return self.name == "sqlite"

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it."""
        return await self._run(work, self._writer, "IMMEDIATE", commit=True)

    async def read(self, work: Work[T]) -> T:
        """Run `work` in a transaction that changes nothing."""
        return await self._run(work, self._reader, "DEFERRED", commit=False)

    async def probe(self, work: Work[T]) -> T:
        """Run `work` as if it were to be written, and undo it."""
        return await self._run(work, self._writer, "IMMEDIATE", commit=False)

    async def _run(self, work: Work[T], thread: ThreadPoolExecutor, begin: str, *, commit: bool) -> T:
        """Run `work` again where two transactions crossed; it must be able to bear that."""
        tries = 0
        while True:
            tries += 1
            try:
                if self._file is not None:
                    return await self._on_file(work, thread, begin, commit=commit)
                return await self._on_server(work, commit=commit)
            except Exception as error:
                what = trouble(error)
                if what is Trouble.DOWN:
                    raise down(error) from None
                if what is not Trouble.CROSSED:
                    raise
                if tries == CROSSINGS:
                    raise Waiting("ledger_busy", "other processes were in the way", AGAIN_S) from None

    async def _on_file(self, work: Work[T], thread: ThreadPoolExecutor, begin: str, *, commit: bool) -> T:
        file = self._file
        assert file is not None  # noqa: S101  # the caller looked

        def visit() -> T:
            with file.connect() as bare:
                connection = bare.execution_options(ledger_begin=begin)
                result = work(connection)
                if commit:
                    _commit(connection)
                return result

        return await asyncio.get_running_loop().run_in_executor(thread, visit)

    async def _on_server(self, work: Work[T], *, commit: bool) -> T:
        assert self._engine is not None  # noqa: S101  # one of the two is there, by construction
        async with self._engine.connect() as connection:
            result = await connection.run_sync(work)
            if commit:
                await connection.run_sync(_commit)
            return result

    async def close(self) -> None:
        """Close every connection and end the threads."""
        if self._engine is not None:
            await self._engine.dispose()
        if self._file is not None:
            await asyncio.to_thread(self._file.dispose)
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._reader.shutdown)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _commit(connection: sa.Connection) -> None:
    try:
        connection.commit()
    except Exception as error:
        raise CommitUnanswered(said(error)) from error


def _postgres(url: URL, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "server_settings": POSTGRES_SETTINGS,
            "timeout": CONNECT_S,
            "command_timeout": ANSWER_S,
            "prepared_statement_cache_size": STATEMENTS,
        },
    )


def _sqlite(url: URL) -> sa.Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_S,
            "cached_statements": STATEMENTS,
            "check_same_thread": False,
        },
    )
    sa.event.listen(engine, "connect", _pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _pragmas(connection: Any, _: object) -> None:  # noqa: ANN401  # the driver's own connection
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(BUSY_S * 1000)}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    """Take the write lock at once: a transaction that reads first and then writes could not wait for it."""
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('ledger_begin', 'DEFERRED')}")
