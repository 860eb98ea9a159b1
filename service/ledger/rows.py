"""Statements over sets of rows: one round trip, however many members a batch has.

A statement names its rows as `{rows}`, an alias `u` with the declared columns: VALUES of a few sizes, so that the
number of different statements stays small and each is prepared once. A set between two sizes is sent as the larger one,
and LIMIT leaves out what fills it up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa

from schemas.base import Kind, Ref

Row = tuple[Any, ...]
"""One row in the order of its statement's columns."""

TEXT: Final = "text"
WHOLE: Final = "int8"
MOMENT: Final = "float8"
BYTES: Final = "bytea"

_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256)
_LARGEST: Final = _SIZES[-1]
"""Rows a chunk: 256 rows of 24 columns stay far below SQLite's 32,766 variables."""

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
        self._nothing: Final = (None,) * len(self.columns)
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
        for done in range(0, len(rows), _LARGEST):
            part = rows[done : done + _LARGEST] if len(rows) > _LARGEST else rows
            count = len(part)
            size = _SIZES[bisect_left(_SIZES, count)]
            nothing = self._nothing * (size - count)
            yield self.text(dialect, size), (*chain.from_iterable(part), *nothing, count)


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


def read_ref(found: sa.Row[Any]) -> Ref:
    """The document that a row is about."""
    return Ref(
        external_source=found.external_source,
        tenant=found.tenant,
        kind=Kind(found.kind),
        external_id=found.external_id,
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
    names = ", ".join(name for name, _ in columns)
    return f"(SELECT * FROM (VALUES {rows}) AS v({names}) LIMIT ${count * width + 1}::int8) AS u"  # noqa: S608  # names of ours


def _values(columns: Sequence[tuple[str, str]], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    named = ", ".join(f"column{number} AS {name}" for number, (name, _) in enumerate(columns, 1))
    return f"(SELECT {named} FROM (VALUES {', '.join([row] * count)}) LIMIT ?) AS u"  # noqa: S608  # names of ours
