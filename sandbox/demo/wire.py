"""Kafka as the demo uses it: produce at the pace of what is settled, see how far the service is, read dead letters."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition

from sandbox.shop.disorder import Record

Place = tuple[str, int, int]
# The in-memory broker keeps about 5 MB a partition and drops the oldest without a word; values count uncompressed.
WINDOW_BYTES = 3_000_000
ENOUGH = 2_500  # records on their way to the service: it reads ahead, and a kill must find work left
POLL_S = 0.25


@dataclass
class Wire:
    """One topic, one group."""

    bootstrap: str
    topic: str
    partitions: int
    group: str
    window_bytes: int = WINDOW_BYTES
    """Most bytes of a partition that may be unsettled while more is produced."""
    enough: int = ENOUGH
    """Most records that may be."""
    idempotent: bool = False
    """Whether the producer numbers its records, so that a broker that dies keeps each once."""
    places: dict[int, Place] = field(default_factory=dict)
    """Where each record of the log went, by its place in the log."""
    committed: list[int] = field(default_factory=list)
    """First offset not yet settled, by partition."""
    _sizes: list[list[int]] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Build the clients; they connect when they are used."""
        common = {"bootstrap.servers": self.bootstrap, "log_level": 2}
        whole = {"acks": "all", "enable.idempotence": self.idempotent}
        self._producer = Producer({**common, **whole, "compression.type": "gzip", "linger.ms": 20})
        self._watcher = Consumer({**common, "group.id": self.group, "enable.auto.commit": False})
        self.committed = [0] * self.partitions
        self._sizes = [[0] for _ in range(self.partitions)]
        self._ends = [0] * self.partitions

    def close(self) -> None:
        """Leave."""
        with contextlib.suppress(KafkaException):
            self._watcher.close()

    @property
    def produced(self) -> int:
        """Records that the broker acknowledged."""
        return len(self.places)

    @property
    def settled(self) -> int:
        """Records below the committed offsets."""
        return sum(self.committed)

    @property
    def lag(self) -> int:
        """Records that are not settled yet."""
        return self.produced - self.settled

    async def look(self) -> None:
        """Read the group's committed offsets."""
        wanted = [TopicPartition(self.topic, number) for number in range(self.partitions)]
        try:
            found = await asyncio.to_thread(self._watcher.committed, wanted, 5.0)
        except KafkaException:
            return  # the group moves: ask again later
        for part in found:
            self.committed[part.partition] = max(self.committed[part.partition], part.offset)

    async def produce(self, records: Sequence[Record], *, first: int) -> None:
        """Produce records, the first of which has that place in the log; waits while too much is unsettled."""
        for index, record in enumerate(records, start=first):
            while self._full():
                self._producer.poll(0)
                await asyncio.sleep(POLL_S)
                await self.look()
            self._send(index, record)
            if index % 64 == 0:
                self._producer.poll(0)
                await asyncio.sleep(0)
        until = time.monotonic() + 60
        while len(self._producer):
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self._producer)} records were not acknowledged by the broker")
            await asyncio.to_thread(self._producer.flush, 1.0)

    def _send(self, index: int, record: Record) -> None:
        def delivered(error: Any, message: Message) -> None:  # noqa: ANN401 - librdkafka's own
            if error is not None:
                raise KafkaException(error)
            partition, offset = message.partition() or 0, message.offset() or 0
            self.places[index] = (self.topic, partition, offset)
            sizes = self._sizes[partition]
            sizes.append(sizes[-1] + len(record.value or b"") + 300)
            self._ends[partition] = offset + 1

        self._producer.produce(
            self.topic, value=record.value, key=record.key, headers=list(record.headers), on_delivery=delivered
        )

    def _full(self) -> bool:
        if self.lag + len(self._producer) > self.enough:
            return True
        unsettled = (
            sizes[-1] - sizes[min(mark, len(sizes) - 1)]
            for sizes, mark in zip(self._sizes, self.committed, strict=True)
        )
        return max(unsettled) > self.window_bytes

    async def dead_letters(self, topic: str, *, partitions: int = 1) -> list[dict[str, str]]:
        """Return the headers of every dead letter."""
        return await asyncio.to_thread(self._read_all, topic, partitions)

    def _read_all(self, topic: str, partitions: int) -> list[dict[str, str]]:
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": f"{self.group}-judge", "enable.auto.commit": False}
        )
        found: list[dict[str, str]] = []
        try:
            for number in range(partitions):
                part = TopicPartition(topic, number, OFFSET_BEGINNING)
                low, high = consumer.get_watermark_offsets(part, timeout=10)
                consumer.assign([part])
                for _ in range(high - low):
                    message = consumer.poll(10)
                    if message is None or message.error():
                        raise KafkaException(message.error() if message is not None else f"{topic} ended too early")
                    found.append(_texts(message))
        finally:
            consumer.close()
        return found


def _texts(message: Message) -> dict[str, str]:
    headers: Any = message.headers() or []
    return {name: (text or b"").decode("utf-8", "replace") for name, text in headers}
