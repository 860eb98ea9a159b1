"""Whether the brokers answer and have the topics: for `orderferry check`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from service.errors import Retryable
from service.intake.connection import Connection


async def partitions(connection: Connection, *, topics: frozenset[str], pattern: str | None) -> Mapping[str, int]:
    """Return how many partitions each wanted topic has; 0 for one that does not exist. Raises Retryable."""
    try:
        async with _started(AIOKafkaConsumer(**connection.options())) as consumer:
            there: set[str] = await consumer.topics()
        wanted = topics if pattern is None else {name for name in there if re.match(pattern, name)}
        # aiokafka knows the partitions only of topics that it was asked to read; without a group nobody notices.
        async with _started(AIOKafkaConsumer(*sorted(wanted & there), **connection.options())) as consumer:
            return {name: len(consumer.partitions_for_topic(name) or ()) for name in sorted(wanted)}
    except KafkaError as error:
        raise Retryable("kafka", f"{type(error).__name__}: {error}") from error


@asynccontextmanager
async def _started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
