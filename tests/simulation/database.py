"""The ledger's real statements on SQLite in memory, on virtual time, with a server that can be away or not answer.

Only the connection is a fake: group commit, members, fences and every SQL statement are the product's own.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from service.ledger.database import Database
from service.ledger.rows import now
from service.ledger.tables import metadata
from service.ledger.trouble import CommitUnanswered
from tests.simulation.virtual_time import PROCESS, Process, nap
from tests.simulation.weather import Weather

T = TypeVar("T")
_UNIX_DAY = 2440587.5
_NOW = now("sqlite")
_RULES = (
    f"""
    CREATE TRIGGER a_lease_holds BEFORE UPDATE OF fence ON keys
    WHEN NEW.fence <> OLD.fence AND OLD.lease_until > {_NOW}
    BEGIN SELECT broken('the lease on ' || OLD.key || ' was taken while ' || OLD.owner || ' had it'); END
    """,
    *(
        f"""
        CREATE TRIGGER a_fence_holds_{number} AFTER {change} ON intents
        BEGIN SELECT begun(NEW.id, fence, lease_until > {_NOW}) FROM keys WHERE key = NEW.key; END
        """  # noqa: S608
        for number, change in enumerate(("INSERT", "UPDATE OF attempts"))
    ),
)
"""What must hold in every transaction (correctness 13), whoever writes it and whether it is committed or not."""
_ROWS: dict[str, Any] = {}


class Result:
    """As much of SQLAlchemy's result as the ledger asks for."""

    __slots__ = ("_cursor", "_text")

    def __init__(self, cursor: sqlite3.Cursor, text: str) -> None:
        self._cursor = cursor
        self._text = text

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def fetchall(self) -> list[Any]:
        found = self._cursor.fetchall()
        if not found:
            return found
        make: Any = _ROWS.get(self._text)
        if make is None:
            kind: Any = namedtuple(  # type: ignore[misc]  # noqa: PYI024  # its names come with the statement
                "Row", [column[0] for column in self._cursor.description], rename=True
            )
            make = _ROWS[self._text] = kind._make
        return list(map(make, found))

    all = fetchall

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def one(self) -> Any:
        (row,) = self.fetchall()
        return row

    def scalars(self) -> Iterator[Any]:
        return (row[0] for row in self._cursor.fetchall())

    def scalar(self) -> Any:
        row = self._cursor.fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        self._cursor.close()


class Connection:
    """As much of SQLAlchemy's connection as the ledger asks for."""

    dialect = SimpleNamespace(name="sqlite")

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def exec_driver_sql(self, text: str, values: Sequence[Any] = ()) -> Result:
        return Result(self._raw.execute(text, values), text)

    def execute(self, clause: sa.TextClause, values: Mapping[str, Any]) -> Result:
        return Result(self._raw.execute(clause.text, values), clause.text)


class Store:
    """One database, used by every process of a run and emptied for the next."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = lambda: 0.0
        self._times: dict[str, float] = {}
        self.raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=1024)
        self.raw.create_function("julianday", 1, self._times.get)
        self.broken: Callable[[str], None] = lambda _what: None
        """Hears of rules that a transaction broke."""
        self.begins: dict[tuple[Process | None, str], int] = {}
        """Intents that are about to be begun: by process and id, under which fence."""
        self.raw.create_function("broken", 1, lambda what: self.broken(what))  # noqa: PLW0108  # who hears is told later
        self.raw.create_function("begun", 3, self._begun)
        self.connection = cast("sa.Connection", Connection(self.raw))
        dialect = sqlite.dialect()
        for table in metadata.sorted_tables:
            self.raw.execute(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
            for index in table.indexes:
                self.raw.execute(str(sa.schema.CreateIndex(index).compile(dialect=dialect)))
        for rule in _RULES:
            self.raw.execute(rule)

    def empty(self) -> None:
        """Forget everything."""
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")
        for table in metadata.sorted_tables:
            self.raw.execute(f"DELETE FROM {table.name}")  # noqa: S608
        self.begins.clear()

    def _begun(self, intent: str, fence: int, lasts: int) -> None:
        ours = self.begins.get((PROCESS.get(), intent))
        if ours is not None and ours != fence:
            self.broken(f"{intent} was begun under fence {ours}; its key is at {fence}")
        elif ours is not None and not lasts:
            self.broken(f"{intent} was begun after the lease on its key had ended")

    def ask(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask as an outsider."""
        return self.raw.execute(text, values).fetchall()

    def transact(self, work: Callable[[sa.Connection], T], *, commit: bool) -> T:
        """Run a transaction, alone."""
        self._times["now"] = self.now() / 86400 + _UNIX_DAY
        self.raw.execute("BEGIN")
        try:
            result = work(self.connection)
        except BaseException:
            self.raw.execute("ROLLBACK")
            raise
        self.raw.execute("COMMIT" if commit else "ROLLBACK")
        return result


class RemoteDatabase(Database):
    """The product's database with the last step replaced: over a network to the store."""

    def __init__(self, store: Store, weather: Weather, *, reliable: bool = False) -> None:
        self.name = "sqlite"  # type: ignore[misc]
        self._file = cast("sa.Engine", object())  # type: ignore[misc]
        self._engine = None  # type: ignore[misc]
        self._writer = self._reader = cast("ThreadPoolExecutor", None)  # type: ignore[misc]
        self._store = store
        self._weather = weather
        self._reliable = reliable

    async def _on_file(
        self, work: Callable[[sa.Connection], T], thread: ThreadPoolExecutor, begin: str, *, commit: bool
    ) -> T:
        del thread, begin
        weather = self._weather
        wait = weather.delay(0.02, 0.12)
        before = weather.ledger.random() < 0.5  # the whole of it on one way: half the timers
        if before:
            await nap(wait)
        if not self._reliable:
            await self._trouble(work, commit=commit)
        result = self._store.transact(work, commit=commit)
        if not before:
            await nap(wait)
        return result

    async def _trouble(self, work: Callable[[sa.Connection], T], *, commit: bool) -> None:
        weather = self._weather
        if weather.ledger_away:
            await nap(0.3)
            raise ConnectionError("the database is away")
        if commit and weather.unanswered and weather.ledger.random() < weather.unanswered:
            there = weather.ledger.random() < 0.5
            self._store.transact(work, commit=there)
            weather.saw("COMMIT unanswered, and there" if there else "COMMIT unanswered, and not there")
            await nap(weather.delay(0.5, 3.0))
            raise CommitUnanswered("the connection was lost")

    async def close(self) -> None:
        """Nothing to close: the store is everybody's."""
