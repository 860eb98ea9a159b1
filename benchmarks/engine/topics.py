"""Topics of records of 50 bytes: filled before the clock runs, or by a clock of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Producer

from benchmarks.engine.keys import Pattern, ordinals, sequence
from benchmarks.engine.record import Mark, key_of
from benchmarks.source_topic import PARTITIONS
from sandbox.kafka_server import create_topics

FLUSH_S: Final = 120.0
POISON_EVERY: Final = 100
"""One in a hundred, and another one of its key each time."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands on a topic."""

    pattern: Pattern
    keys: int
    count: int
    poison: bool = False

    @property
    def name(self) -> str:
        """The end of the topic's name."""
        return f"{self.keys}-{self.pattern.value}-{self.count}" + ("-poison" if self.poison else "")

    def marks(self) -> Iterable[Mark]:
        """Every record in its order."""
        numbers = sequence(self.pattern, keys=self.keys, count=self.count)
        for ordinal, key in zip(ordinals(numbers, keys=self.keys), numbers, strict=True):
            yield Mark(ordinal, key, self.poison and (ordinal + key) % POISON_EVERY == 0)


def partition_of(key: int) -> int:
    """Return the partition of a key: by turns, so that all partitions have as many keys."""
    return key % PARTITIONS


async def fill(bootstrap: str, topic: str, filling: Filling) -> None:
    """Create a topic and put every record on it, all acknowledged."""
    await create_topics(bootstrap, {topic: PARTITIONS})
    producer = producer_to(bootstrap, linger_ms=50)
    for mark in filling.marks():
        put(producer, topic, mark)
    if left := producer.flush(FLUSH_S):
        raise RuntimeError(f"{left} of {filling.count} records were not acknowledged within {FLUSH_S:g} s")


def producer_to(bootstrap: str, *, linger_ms: int) -> Producer:
    """Return a producer that keeps the order and gives nothing up."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": linger_ms,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 500_000,
            "log_level": 2,  # a broker that has just begun is no news
        }
    )


def put(producer: Producer, topic: str, mark: Mark) -> None:
    """Hand one record over; waits where the producer's queue is full."""
    while True:
        try:
            producer.produce(topic, mark.written(), key_of(mark.key), partition_of(mark.key))
        except BufferError:
            producer.poll(0.05)
        else:
            return
