"""A restored database has forgotten what came after the copy, and begins a new timeline as a real restore does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import asyncpg
import pytest

from sandbox.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres
TIMELINE = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the database's own user may enter, which pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="of-copy-"))
    folder.chmod(0o755)
    yield folder
    rmtree(folder)


async def ask(server: PostgresServer, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(server.url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_a_restore_forgets_and_begins_a_new_timeline(own_postgres: PostgresServer, place: Path) -> None:
    await ask(own_postgres, "CREATE TABLE kept AS SELECT 1")
    own_postgres.copy_to(place / "copy")
    before = await ask(own_postgres, TIMELINE)
    await ask(own_postgres, "CREATE TABLE forgotten AS SELECT 1")
    own_postgres.kill()
    own_postgres.put_back(place / "copy")
    there = "SELECT to_regclass('kept') IS NOT NULL, to_regclass('forgotten') IS NOT NULL"
    assert await ask(own_postgres, there) == [(True, False)]
    assert await ask(own_postgres, TIMELINE) > before
