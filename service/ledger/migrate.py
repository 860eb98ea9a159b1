"""Bring a database to this version, and say what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.errors import Fatal
from service.ledger.database import Database
from service.ledger.timeline import timeline

_LOCK: Final = 7_102_202_601
"""PostgreSQL's advisory lock: of several pods that start at once, one migrates and the others wait for it."""

_FULL: Final = 2


async def migrate(url: str) -> None:
    """Run the migrations that are missing, in one transaction."""
    async with Database(url, pool_size=1) as database:
        await database.write(_upgrade)


async def check(url: str) -> list[str]:
    """Return what is wrong with this database, each with what to do; empty where nothing is."""
    async with Database(url, pool_size=1) as database:
        return await database.read(findings)


def findings(connection: sa.Connection) -> list[str]:
    """Look at durability, version and history."""
    found = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    if behind := _behind(connection):
        return [*found, behind]
    return found + _history(connection)


async def require(url: str) -> None:
    """Raise Fatal where a database is not fit to be written to: another version, or not durable."""
    async with Database(url, pool_size=1) as database:
        wrong = await database.read(_unfit)
    if wrong:
        raise Fatal("; ".join(wrong))


def _unfit(connection: sa.Connection) -> list[str]:
    found = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    return [line for line in (*found, _behind(connection)) if line]


def _behind(connection: sa.Connection) -> str:
    current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if current == head:
        return ""
    return f"the ledger is at version {current or 'none'}, this program needs {head}: run `orderferry migrate`"


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _sqlite(connection: sa.Connection) -> list[str]:
    found = []
    level = int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
    if level < _FULL:
        found.append(f"SQLite runs with synchronous={level}: a power cut loses what was promised; it must be FULL")
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    if mode != "wal":
        found.append(f"SQLite runs with journal_mode={mode}: readers and the writer block each other; it must be WAL")
    return found


def _postgres(connection: sa.Connection) -> list[str]:
    found = []
    level = str(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())
    standby = str(connection.exec_driver_sql("SHOW synchronous_standby_names").scalar_one())
    if level == "off" or (level == "local" and standby):
        found.append(
            f"PostgreSQL runs with synchronous_commit={level}: a crash loses what was promised; set it to `on` for "
            "this role (ALTER ROLE ... SET synchronous_commit = on)"
        )
    if str(connection.exec_driver_sql("SHOW fsync").scalar_one()) == "off":
        found.append("PostgreSQL runs with fsync=off: a power cut corrupts the ledger; set fsync = on")
    return found


def _history(connection: sa.Connection) -> list[str]:
    now = timeline(connection)
    told = set(connection.exec_driver_sql("SELECT DISTINCT timeline FROM marks").scalars())
    return [
        f"low-water marks were written in database history {other}, this is {now}: it was restored or failed over; "
        "intake reads a horizon again"
        for other in sorted(told - {now})
    ]
