"""One transaction for many members: lock and claim, look, decide member by member, write set by set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import sqlalchemy as sa

from service.errors import Fatal
from service.ledger import (
    dead_letters,
    documents,
    entities,
    intents,
    leases,
    looks,
    mappings,
    marks,
    names,
    outcomes,
    standings,
    tombstones,
)
from service.ledger.rows import TEXT, Row, Statement, ordered

MARK: Final = Statement(
    """
    INSERT INTO commits (id, marker, at) SELECT u.id, u.marker, {now} FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE SET marker = excluded.marker, at = excluded.at
    """,
    [("id", TEXT), ("marker", TEXT)],
)
"""Every batch leaves its marker in the row of its worker."""

NEXT_MARK: Final = Statement(
    """
    UPDATE commits SET marker = u.marker, at = {now} FROM {rows}
    WHERE commits.id = u.id AND commits.marker = u.before RETURNING commits.id
    """,
    [("id", TEXT), ("marker", TEXT), ("before", TEXT)],
)
"""Where the worker's batch before stands in this database; no row where the database does not know of it."""

LAST: Final = Statement(
    """
    INSERT INTO commits (id, marker, at) SELECT u.id, '', {now} FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING marker
    """,
    [("id", TEXT)],
)
"""The marker of the last batch that was committed; waits for one whose transaction has not ended."""

WRITES: Final = (
    intents.INSERT,
    intents.CONTINUE,
    intents.END,
    documents.UPSERT,
    outcomes.VERDICT,
    outcomes.HEARD,
    outcomes.EVENT,
    entities.SETTLE,
    leases.RENEW,
    leases.GIVE_BACK,
)
"""In this order, before keys are opened: an outcome that arrives late is seen by the next owner."""

OPENING_WRITES: Final = (entities.UPSERT, names.INSERT, tombstones.INSERT)
LAST_WRITES: Final = (
    mappings.MET,
    marks.UPSERT,
    dead_letters.INSERT,
    standings.UPSERT,
    standings.DRIFT,
    looks.DONE,
    looks.LATER,
    looks.ASK_OF_ACCOUNT,
    looks.ASK,
    looks.ASK_BY_TAG,
    looks.NOTICED,
    leases.DUE,
)
"""Rows that other processes may want too come last and in one order."""


@dataclass(slots=True)
class Held:
    """The lease on a key as its row says, while the row is locked."""

    fence: int
    lease_until: float
    at: float

    def lets(self, fence: int, *, begin: bool = False) -> bool:
        """Whether this fence still holds; a call may begin only under a lease that has not run out."""
        return self.fence == fence and self.lease_until > (self.at if begin else 0)


class Member(Protocol):
    """One caller's part of a batch. `error` is set in the transaction where this member alone fails."""

    error: Exception | None
    keys: Sequence[str]
    """Keys whose rows it locks."""
    lease_s: float
    """How long it claims them for; 0 where it only locks."""
    intent_ids: Sequence[str]
    """Intents whose state it must know."""
    wanted: Sequence[Row]
    """Identities of posted documents that it reads."""

    def decide(self, batch: Batch) -> None:
        """Check the fence and the states, and put rows."""
        ...

    def named(self, batch: Batch) -> Sequence[Row]:
        """Where it claims a key: the names under which persons of it may have been erased."""
        ...

    def absorb(self, batch: Batch) -> None:
        """Where it claims a key: meet what is known of it after everything else was written, and put rows."""
        ...


@dataclass(slots=True)
class Batch:
    """What is known while the transaction is open."""

    owner: str
    claimed: dict[str, sa.Row[Any]] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    """Of intents that exist, the attempt that was begun last."""
    found: dict[Statement, dict[str, list[sa.Row[Any]]]] = field(default_factory=dict)
    posted: dict[Row, sa.Row[Any]] = field(default_factory=dict)
    stones: tombstones.Stones = field(default_factory=dict)
    """Those that the keys of this batch are named on."""
    opened: set[str] = field(default_factory=set)
    _rows: dict[Statement, dict[object, Row]] = field(default_factory=dict)

    def put(self, statement: Statement, name: object, row: Row) -> None:
        """Write this row, under its primary key: the last one counts."""
        self._rows.setdefault(statement, {})[name] = row

    def run(self, connection: sa.Connection, mark: tuple[str, str, str], members: Sequence[Member]) -> None:
        """Do everything but COMMIT. `mark` is the worker, the marker of this batch, and that of its last one if any.

        Raises Fatal where the last one is not there: the database is an older copy, and what this process remembers
        of it is void (correctness 18).
        """
        worker, marker, before = mark
        if not before:
            MARK.write(connection, [(worker, marker)])
        elif not NEXT_MARK.read(connection, [mark]):
            raise Fatal(
                "the ledger's database does not know what this process committed to it: it was restored to an earlier "
                "time. Start again: what it forgot is read from Kafka and looked up in the ERP"
            )
        self._lock(connection, members)
        self._look(connection, members)
        for member in members:
            member.decide(self)
        self._write(connection, WRITES)
        if openings := [member for member in members if member.lease_s]:
            self._open(connection, openings)
        self._write(connection, LAST_WRITES)

    def _lock(self, connection: sa.Connection, members: Sequence[Member]) -> None:
        wanted: dict[str, float] = {}
        for member in members:
            for key in member.keys:
                wanted[key] = max(member.lease_s, wanted.get(key, 0.0))
        rows = ordered((key, self.owner, lease_s) for key, lease_s in wanted.items())
        self.claimed = {row.key: row for row in leases.LOCK.read(connection, rows)}
        others = [(key,) for key in wanted if key not in self.claimed]
        found = leases.LOOK.read(connection, others)
        self.held = {row.key: Held(row.fence, row.lease_until, row.at) for row in found}

    def _look(self, connection: sa.Connection, members: Sequence[Member]) -> None:
        ids = {(intent,) for member in members for intent in member.intent_ids}
        found = intents.STATES.read(connection, list(ids))
        self.states = {row.id: row.state for row in found}
        self.attempts = {row.id: row.attempts for row in found}
        wanted = {identity for member in members for identity in member.wanted}
        for row in documents.BY_REF.read(connection, list(wanted)):
            self.posted[row.external_source, row.tenant, row.kind, row.external_id] = row

    def _open(self, connection: sa.Connection, openings: Sequence[Member]) -> None:
        known = [(key,) for key, row in self.claimed.items() if row.fence > 1]
        for statement in (entities.OF_KEYS, documents.OF_KEYS, intents.OF_KEYS, outcomes.DISCARDED_OF_KEYS):
            by_key: dict[str, list[sa.Row[Any]]] = {}
            for row in statement.read(connection, known):
                by_key.setdefault(row.key, []).append(row)
            self.found[statement] = by_key
        unresolved = [
            (row.id,)
            for rows in self.found[intents.OF_KEYS].values()
            for row in rows
            if row.state in intents.UNRESOLVED
        ]
        whole: dict[str, list[sa.Row[Any]]] = {}
        for row in intents.WHOLE_ROWS.read(connection, unresolved):
            whole.setdefault(row.key, []).append(row)
        self.found[intents.WHOLE_ROWS] = whole
        if tombstones.some(connection):
            self.stones = tombstones.read(connection, [row for opening in openings for row in opening.named(self)])
        for opening in openings:
            opening.absorb(self)
        self._write(connection, OPENING_WRITES)

    def _write(self, connection: sa.Connection, statements: Iterable[Statement]) -> None:
        for statement in statements:
            rows = self._rows.get(statement)
            if rows:
                in_order = statement in LAST_WRITES
                statement.write(connection, _by_name(rows) if in_order else list(rows.values()))


def _by_name(rows: dict[Any, Row]) -> list[Row]:
    return [rows[name] for name in sorted(rows)]
