from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from sandbox.kafka_server import create_topics
from service.telemetry import logs
from tests.api.street import Street, given, opened


@pytest.fixture
def own_log() -> Iterator[None]:
    """Give the log back as it was."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [handler for handler in root.handlers if isinstance(handler, logs.Lines)]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture
async def street(kafka: str, tmp_path: Path, own_log: None) -> AsyncIterator[Street]:  # noqa: ARG001 - for its end
    topic = f"edge-{uuid.uuid4().hex[:12]}"
    await create_topics(kafka, {topic: 4, f"{topic}.erp": 1}, configs={"max.message.bytes": "2359296"})
    ledger = {"url": f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"}
    async with opened(given(kafka, topic, ledger=ledger)) as running:
        yield running
