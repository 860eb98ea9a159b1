"""The ledger's real statements on SQLite in memory, on virtual time, with a server that can be away or not answer.

Only the connection is a fake: group commit, members, fences and every SQL statement are the product's own.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict, namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
_ROWS: dict[str, Callable[[tuple[Any, ...]], Any]] = {}


class Result:
    """As much of SQLAlchemy's result as the ledger asks for."""

    __slots__ = ("_found", "_text", "_titles", "rowcount")

    def __init__(self, cursor: sqlite3.Cursor, text: str) -> None:
        self._found = cursor.fetchall()  # at once: the next statement has the same cursor
        self._titles = cursor.description
        self.rowcount = cursor.rowcount
        self._text = text

    def fetchall(self) -> list[Any]:
        if not self._found:
            return self._found
        make = _ROWS.get(self._text)
        if make is None:
            kind: Any = namedtuple(  # type: ignore[misc]  # noqa: PYI024  # its names come with the statement
                "Row", [title[0] for title in self._titles], rename=True
            )
            make = _ROWS[self._text] = partial(tuple.__new__, kind)
        return list(map(make, self._found))

    all = fetchall

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def one(self) -> Any:
        (row,) = self.fetchall()
        return row

    def scalars(self) -> Iterator[Any]:
        return (row[0] for row in self._found)

    def scalar(self) -> Any:
        return self._found[0][0] if self._found else None

    def close(self) -> None:
        """Nothing is held."""


class Connection:
    """As much of SQLAlchemy's connection as the ledger asks for."""

    dialect = SimpleNamespace(name="sqlite")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor  # one for all statements: making one costs as much as many of them

    def exec_driver_sql(self, text: str, values: Sequence[Any] = ()) -> Result:
        return Result(self._cursor.execute(text, values), text)

    def execute(self, clause: sa.TextClause, values: Mapping[str, Any]) -> Result:
        return Result(self._cursor.execute(clause.text, values), clause.text)


def _never() -> float:
    return 0.0


def _unheard(_what: str) -> None:
    """Nobody listens."""


class Store:
    """One database, used by every process of a run and emptied for the next."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = _never
        self._times: dict[str, float] = {}
        self.raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=1024)
        self.raw.create_function("julianday", 1, self._times.get, deterministic=True)  # within a statement
        self.broken: Callable[[str], None] = _unheard
        """Hears of rules that a transaction broke."""
        self.begins: defaultdict[tuple[Process | None, str], set[int]] = defaultdict(set)
        """Intents that are about to be begun: by process and id, under which fences; one may be late."""
        self.raw.create_function("broken", 1, lambda what: self.broken(what))  # noqa: PLW0108  # who hears is told later
        self.raw.create_function("begun", 3, self._begun)
        self._cursor = self.raw.cursor()
        self.connection = cast("sa.Connection", Connection(self._cursor))
        dialect = sqlite.dialect()
        for table in metadata.sorted_tables:
            self.raw.execute(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
            for index in table.indexes:
                self.raw.execute(str(sa.schema.CreateIndex(index).compile(dialect=dialect)))
        for rule in _RULES:
            self.raw.execute(rule)

    def empty(self) -> None:
        """Forget everything, also who used it: what is still known of a run is no garbage."""
        self.now, self.broken = _never, _unheard
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")
        for table in metadata.sorted_tables:
            self.raw.execute(f"DELETE FROM {table.name}")  # noqa: S608
        self.begins.clear()

    def _begun(self, intent: str, fence: int, lasts: int) -> None:
        ours = self.begins.get((PROCESS.get(), intent))
        if ours and fence not in ours:
            self.broken(f"{intent} was begun under fence {max(ours)}; its key is at {fence}")
        elif ours and not lasts:
            self.broken(f"{intent} was begun after the lease on its key had ended")

    def ask(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask as an outsider."""
        return self.raw.execute(text, values).fetchall()

    def transact(self, work: Callable[[sa.Connection], T], *, commit: bool) -> T:
        """Run a transaction, alone."""
        self._times["now"] = self.now() / 86400 + _UNIX_DAY
        execute = self._cursor.execute
        execute("BEGIN")
        try:
            result = work(self.connection)
        except BaseException:
            execute("ROLLBACK")
            raise
        execute("COMMIT" if commit else "ROLLBACK")
        return result

    def look(self, work: Callable[[sa.Connection], T]) -> T:
        """Run a transaction that changes nothing: alone, so that it need not be one."""
        self._times["now"] = self.now() / 86400 + _UNIX_DAY
        before = self.raw.total_changes
        result = work(self.connection)
        if self.raw.total_changes != before:
            self.broken("a transaction that only reads has written")
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
        del thread
        weather = self._weather
        wait = weather.delay(0.02, 0.12)
        before = weather.ledger.random() < 0.5  # the whole of it on one way: half the timers
        if before:
            await nap(wait)
        if not self._reliable:
            await self._trouble(work, commit=commit)
        result = self._store.look(work) if begin == "DEFERRED" else self._store.transact(work, commit=commit)
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
