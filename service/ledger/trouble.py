"""What an error of the database means: it is down, somebody was in the way, or one member's data is refused."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from service.errors import FerryError, Waiting


class Trouble(StrEnum):
    """What may be done next."""

    DOWN = "down"
    """The database does not answer, or cannot write: everything waits, nothing happened."""
    CROSSED = "crossed"
    """Two transactions were in each other's way: the same again."""
    REFUSED = "refused"
    """The data itself: one member's fault, and only that member may fail."""


@dataclass
class Rejected(FerryError):
    """The ledger does not take this: nothing of the call was recorded."""

    what: str
    why: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.what} was not recorded: {self.why}"


@dataclass
class AlreadyEnded(FerryError):
    """The very same intent has a terminal outcome: a next attempt is a next generation, after a new look."""

    intent: str
    state: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"intent {self.intent} ended as {self.state} before; open its key again and plan afresh"


@dataclass
class CommitUnanswered(FerryError):
    """COMMIT was sent and its answer did not come: only the database knows."""

    why: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"it is not known whether this was recorded ({self.why}); look before you repeat it"


AGAIN_S = 0.5  # seconds until one may try again while the database is down

_CROSSED = frozenset({"40001", "40P01", "55P03"})  # serialisation failure, deadlock, lock not available
_DOWN = ("08", "53", "57", "58", "XX", "25006")  # connection, resources, operator, system, internal, read-only
_SQLITE_DOWN = frozenset({
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
})  # fmt: skip


def trouble(error: BaseException) -> Trouble | None:
    """Classify an error of a transaction; None where it is no error of the database, and passes through."""
    if isinstance(error, sa.exc.TimeoutError | OSError | TimeoutError | Waiting):
        return Trouble.DOWN
    if isinstance(error, UnicodeError | OverflowError):
        return Trouble.REFUSED
    if isinstance(error, sa.exc.DBAPIError):
        return _by_code(error)
    code = getattr(error, "sqlstate", None)  # the driver's own error, from a connection that was never made
    return _by_state(code) if isinstance(code, str) else None


def _by_code(error: sa.exc.DBAPIError) -> Trouble:
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the rest of the number says which kind
        return Trouble.DOWN if code in _SQLITE_DOWN else Trouble.REFUSED
    if error.connection_invalidated:
        return Trouble.DOWN
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return _by_state(state)
    bad_value = isinstance(getattr(error.orig, "__cause__", None), ValueError)  # it never left the driver
    return Trouble.REFUSED if bad_value else Trouble.DOWN


def _by_state(state: str) -> Trouble:
    if state in _CROSSED:
        return Trouble.CROSSED
    return Trouble.DOWN if state.startswith(_DOWN) else Trouble.REFUSED


def down(error: BaseException) -> Waiting:
    """The named wait while the database does not take anything."""
    return Waiting("ledger_down", f"the database does not take anything: {said(error)}", AGAIN_S)


def said(error: BaseException) -> str:
    """The first line of what the driver said, without values: they may be personal."""
    original = getattr(error, "orig", None) or error
    first = str(original).partition("\n")[0].partition("query argument")[0]
    return f"{type(original).__name__}: {first[:200]}"
