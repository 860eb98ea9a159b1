from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from sandbox.kafka_server import KafkaServer
from sandbox.postgres_server import PostgresServer
from service.ledger.migrate import migrate
from tests.fixtures_kafka import _jars_or_skip
from tests.fixtures_postgres import _server_or_skip, run_sql
from tests.resilience.town import Town


@pytest.fixture(scope="session")
def outage_s() -> float:
    """How long a neighbour is away."""
    return float(os.environ.get("RESILIENCE_OUTAGE_S", "6"))


@pytest.fixture(scope="module")
def mortal_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker that only these tests use, and that may therefore be killed."""
    _jars_or_skip()
    server = KafkaServer(data=tmp_path_factory.mktemp("kafka"))
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def mortal_postgres() -> Iterator[PostgresServer]:
    """A server that only these tests use; fsync is on, as it comes."""
    server = _server_or_skip()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
async def town(tmp_path: Path, mortal_kafka: KafkaServer, mortal_postgres: PostgresServer) -> AsyncIterator[Town]:
    """An installation of its own on the two servers; every process of it ends with the test."""
    name = f"r-{uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(run_sql, mortal_postgres.url, f'CREATE DATABASE "{name}"')
    database = make_url(mortal_postgres.url).set(database=name).render_as_string(hide_password=False)
    await migrate(database)
    async with Town(tmp_path, mortal_kafka, mortal_postgres, database, name) as town:
        yield town
