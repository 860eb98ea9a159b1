"""A look into the service's ledger file from outside: what was open when it was killed, and whether anything is due."""

import sqlite3
from contextlib import closing
from pathlib import Path


def _ask(path: Path, question: str, *values: object) -> list[tuple[object, ...]]:
    """Ask without ever writing; `rw` only because a WAL file that nobody has open cannot be opened to read."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=5)) as database:
        database.execute("PRAGMA query_only = 1")
        return database.execute(question, values).fetchall()


def open_intents(path: Path) -> list[str]:
    """Idempotency keys of calls whose intent is committed and whose outcome is not."""
    return [str(row[0]) for row in _ask(path, "SELECT id FROM intents WHERE state = 'open'")]


def due_within(path: Path, now: float, seconds: float) -> int:
    """Keys that will be looked at again by themselves within so many seconds, or are leased now."""
    question = "SELECT count(*) FROM keys WHERE wake_at <= ? OR due_at IS NOT NULL OR lease_until > ?"
    return int(str(_ask(path, question, now + seconds, now)[0][0]))
