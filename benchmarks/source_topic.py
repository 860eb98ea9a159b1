"""A topic full of orders, written before the clock runs, so that no producer's CPU is in any figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from benchmarks.orders import Record, records
from benchmarks.product import DEAD_LETTERS, REPLAY
from sandbox.kafka_server import create_topics

PARTITIONS: Final = 12
FLUSH_S: Final = 120.0
Delivered = Callable[[KafkaError | None, Message], None]


async def topic_of(bootstrap: str, name: str, count: int, *, first: int = 0) -> None:
    """Create a topic beside those that the product has of its own, and put so many orders on it, all acknowledged."""
    await create_topics(bootstrap, {name: PARTITIONS, REPLAY: 1, DEAD_LETTERS: 1})
    put(bootstrap, name, count, first=first)


def put(bootstrap: str, topic: str, count: int, *, first: int = 0) -> None:
    """Put orders on a topic, uncompressed as most producers leave them."""
    settings = {
        "bootstrap.servers": bootstrap,
        "acks": "all",
        "linger.ms": 20,
        "batch.size": 1_000_000,
        "partitioner": "murmur2_random",  # as Java's: a key keeps its partition
    }
    producer = Producer(settings)
    failed: list[str] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(str(error))

    for record in records(count, first=first):
        _produce(producer, topic, record, delivered)
    left = producer.flush(FLUSH_S)
    if left or failed:
        raise RuntimeError(f"{left + len(failed)} of {count} orders were not acknowledged: {failed[:1]}")


def _produce(producer: Producer, topic: str, record: Record, delivered: Delivered) -> None:
    while True:
        try:
            producer.produce(topic, record.value, record.key, headers=list(record.headers), on_delivery=delivered)
        except BufferError:  # its queue is full: let it send
            producer.poll(0.1)
        else:
            producer.poll(0)
            return
