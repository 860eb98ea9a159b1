"""Which history of which database this is: a fail-over or a restore starts a new one (correctness 18)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from service.ledger.rows import ask

SQLITE: Final = "sqlite"
"""A file has one history: restoring an older copy of it restores its marks as well."""

_POSTGRES: Final = """
    SELECT (SELECT system_identifier::text FROM pg_control_system())
    || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
"""  # the name of the WAL file shows a new timeline at once, the control file only after the next checkpoint


_NOTE: Final = "INSERT INTO histories (history, at) VALUES (:history, {now}) ON CONFLICT (history) DO NOTHING"
_BEGAN: Final = "SELECT at FROM histories WHERE history = :history AND (SELECT count(*) FROM histories) > 1"


def began(connection: sa.Connection, history: str) -> float:
    """Note the history; returns when it began, or 0 for the first one, which forgot nothing (unix seconds)."""
    ask(connection, _NOTE, history=history).close()
    return float(ask(connection, _BEGAN, history=history).scalar() or 0.0)


def timeline(connection: sa.Connection) -> str:
    """System identifier and timeline of the server, or `sqlite`."""
    if connection.dialect.name == "sqlite":
        return SQLITE
    return str(connection.exec_driver_sql(_POSTGRES).scalar_one())
