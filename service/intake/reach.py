"""Whether the brokers answer and have the topics: for `orderferry check`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from service.errors import Retryable
from service.intake.connection import Connection


async def partitions(connection: Connection, *, topics: frozenset[str], pattern: str | None) -> Mapping[str, int]:
    """Return how many partitions each wanted topic has; 0 for one that does not exist. Raises Retryable."""
    consumer = AIOKafkaConsumer(**connection.options(), group_id=None)
    try:
        await consumer.start()
        there = await consumer.topics()
        wanted = topics if pattern is None else {name for name in there if re.match(pattern, name)}
        return {name: len(consumer.partitions_for_topic(name) or ()) if name in there else 0 for name in sorted(wanted)}
    except KafkaError as error:
        raise Retryable("kafka", f"{type(error).__name__}: {error}") from error
    finally:
        await consumer.stop()
