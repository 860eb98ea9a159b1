"""A real Apache Kafka for tests: one for the session, and one of its own for a test that ends or freezes it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kafka_server import KafkaMissingError, KafkaServer, create_topics, jars


def _jars_or_skip() -> None:
    """Skip where Kafka cannot be had, loudly; under CI that is a failure."""
    try:
        jars()
    except KafkaMissingError as exc:
        reason = f"THE KAFKA TESTS DID NOT RUN: {exc}; or set KAFKA_BOOTSTRAP_SERVERS"
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker: a given one, or one that is started for this session."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    _jars_or_skip()
    server = KafkaServer(data=tmp_path_factory.mktemp("kafka"))
    yield from _running(server)


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaServer]:
    """A broker of its own, for a test that kills, restarts or freezes it."""
    _jars_or_skip()
    server = KafkaServer(data=tmp_path / "kafka")
    for _ in _running(server):
        yield server


def _running(server: KafkaServer) -> Iterator[str]:
    try:
        server.start()
        yield server.bootstrap
    finally:
        server.kill()
        shutil.rmtree(server.data, ignore_errors=True)


async def new_topic(bootstrap: str, *, partitions: int = 1, configs: dict[str, str] | None = None) -> str:
    """Create a topic with a name that nobody had before."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    await create_topics(bootstrap, {name: partitions}, configs=configs)
    return name
