"""Statements over sets of rows: one round trip, however many members a batch has.

A statement names its rows as `{rows}`, an alias `u` with the declared columns; PostgreSQL unnests arrays, SQLite reads
VALUES in chunks of powers of two, so that the number of different statements stays small and each is prepared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

Row = tuple[Any, ...]
"""One row in the order of its statement's columns."""

TEXT: Final = "text"
WHOLE: Final = "int8"
MOMENT: Final = "float8"
BYTES: Final = "bytea"

_LARGEST: Final = 128
"""Rows a chunk: 128 rows of 24 columns stay far below SQLite's 32,766 variables."""

_NOW: Final = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS float8)",
}


def now(dialect: str) -> str:
    """The database's clock as an SQL expression: unix seconds as a float, at the moment of its evaluation."""
    return _NOW[dialect]


class Statement:
    """One statement in both dialects. `{rows}` stands for its rows, `{now}` for the database's clock."""

    def __init__(self, template: str, columns: Sequence[tuple[str, str]]) -> None:
        self._template = template
        self.columns: Final = tuple(columns)
        self._texts: dict[tuple[str, int], str] = {}

    def write(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Run it for its effect."""
        for text, values in self._calls(connection.dialect.name, rows):
            connection.exec_driver_sql(text, values)

    def read(self, connection: sa.Connection, rows: Sequence[Row]) -> list[sa.Row[Any]]:
        """Run it for its result, in no particular order."""
        found: list[sa.Row[Any]] = []
        for text, values in self._calls(connection.dialect.name, rows):
            found.extend(connection.exec_driver_sql(text, values).fetchall())
        return found

    def text(self, dialect: str, count: int = 1) -> str:
        """The statement as it is sent."""
        known = self._texts.get((dialect, count))
        if known is None:
            source = (_numbered if dialect == "postgresql" else _values)(self.columns, count)
            known = self._template.replace("{rows}", source).replace("{now}", now(dialect))
            self._texts[dialect, count] = known
        return known

    def _calls(self, dialect: str, rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
        if not rows:
            return
        done = 0
        for count in _chunks(len(rows)):
            part = rows[done : done + count]
            done += count
            yield self.text(dialect, count), tuple(value for row in part for value in row)


def ask(connection: sa.Connection, template: str, **values: object) -> sa.CursorResult[Any]:
    """Run one statement with named values: `:name` in the template; `{now}` is the database's clock."""
    return connection.execute(_text(template, connection.dialect.name), values)


def insert(table: str, columns: Sequence[tuple[str, str]], conflict: str) -> Statement:
    """An INSERT of whole rows; `conflict` says what follows ON CONFLICT."""
    names = ", ".join(name for name, _ in columns)
    return Statement(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}} WHERE true ON CONFLICT {conflict}",  # noqa: S608  # names of ours
        columns,
    )


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Sort rows whose locks two processes may both want, so that neither waits for the other in a circle."""
    return sorted(rows)


@cache
def _text(template: str, dialect: str) -> sa.TextClause:
    return sa.text(template.replace("{now}", now(dialect)))


def _numbered(columns: Sequence[tuple[str, str]], count: int) -> str:
    """Typed and numbered: the types of the first row alone would leave those of the others to be guessed."""
    width = len(columns)
    rows = ", ".join(
        f"({', '.join(f'${row * width + number}::{kind}' for number, (_, kind) in enumerate(columns, 1))})"
        for row in range(count)
    )
    return f"(VALUES {rows}) AS u({', '.join(name for name, _ in columns)})"


def _values(columns: Sequence[tuple[str, str]], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    named = ", ".join(f"column{number} AS {name}" for number, (name, _) in enumerate(columns, 1))
    return f"(SELECT {named} FROM (VALUES {', '.join([row] * count)})) AS u"  # noqa: S608  # names of ours


@cache
def _chunks(count: int) -> tuple[int, ...]:
    """Split a number of rows into powers of two: 300 is 128 + 128 + 32 + 8 + 4."""
    parts = [_LARGEST] * (count // _LARGEST)
    rest = count % _LARGEST
    parts += [1 << bit for bit in range(rest.bit_length() - 1, -1, -1) if rest >> bit & 1]
    return tuple(parts)
