"""A producer that cannot hang and does not stay poisoned (K11, K12, K13): for dead letters, replays and the edge."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from schemas.event import Position
from service.errors import FerryError, Retryable
from service.intake.connection import Connection
from service.intake.endings import ended_well

MAX_REQUEST: Final = 32 * 1024 * 1024
"""Our side lets through what any sensible broker takes; the broker's own limit decides."""
STOP_S: Final = 5.0
PERMANENT: Final = (
    InvalidTopicError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)


@dataclass
class Unsent(FerryError):
    """A record was not acknowledged. It may stand in the topic all the same: sent again, it is there twice."""

    topic: str
    why: str
    permanent: bool = False
    """The topic does not take it: too large, no such topic, not allowed. Sending again would not help."""

    def __str__(self) -> str:
        """One line for a person."""
        return f"a record for topic {self.topic} was not acknowledged: {self.why}"


class Producer:
    """One idempotent producer at a time, `acks=all`, every call bounded; after trouble the next call makes a new."""

    def __init__(self, connection: Connection, *, timeout_s: float = 10.0, linger_ms: int = 2) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._linger_ms = linger_ms
        self._lock = asyncio.Lock()
        self._current: AIOKafkaProducer | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.generation = 0
        """How many producers there were."""

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Position:
        """Return where it stands, acknowledged by every replica in sync; raises Unsent."""
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                producer = await self._live(topic)
                stands = await producer.send_and_wait(topic, value, key=key, headers=list(headers))
        except PERMANENT as exc:
            raise Unsent(topic, type(exc).__name__, permanent=True) from exc
        except TimeoutError as exc:
            # Batches of an idempotent producer never expire (K12): it would go on with them for ever.
            self._condemn(producer)
            raise Unsent(topic, f"no answer within {self._timeout_s:g} s") from exc
        except KafkaError as exc:
            self._condemn(producer)
            raise Unsent(topic, f"{type(exc).__name__}: {exc}") from exc
        return Position(topic=stands.topic, partition=stands.partition, offset=stands.offset)

    async def reach(self) -> None:
        """Be ready for the first record; raises Retryable where no broker answers."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._live("any")
        except TimeoutError as exc:
            raise Retryable("kafka", f"no answer within {self._timeout_s:g} s") from exc
        except Unsent as exc:
            raise Retryable("kafka", exc.why) from exc

    async def close(self) -> None:
        """End it, within a bounded time."""
        self._condemn(self._current)
        if self._ending:
            await asyncio.wait(self._ending)

    async def _live(self, topic: str) -> AIOKafkaProducer:
        async with self._lock:
            if self._current is None:
                fresh = AIOKafkaProducer(
                    **self._connection.options(),
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=MAX_REQUEST,
                    linger_ms=self._linger_ms,
                )
                self.generation += 1
                try:
                    await fresh.start()
                except BaseException as exc:
                    self._end_later(fresh)
                    if isinstance(exc, KafkaError):
                        raise Unsent(topic, f"{type(exc).__name__}: {exc}") from exc
                    raise
                self._current = fresh
            return self._current

    def _condemn(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None and producer is self._current:
            self._current = None
            self._end_later(producer)

    def _end_later(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.get_running_loop().create_task(_end(producer), name="producer-end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _end(producer: Any) -> None:  # noqa: ANN401  aiokafka is not typed
    """Stop it; where it hangs on batches that no broker takes (K12), let them fail and close what it holds."""
    if await ended_well(producer.stop(), seconds=STOP_S):
        return
    producer._message_accumulator.fail_all(KafkaError("the producer was given up"))  # noqa: SLF001  nothing public does
    await ended_well(producer._sender.close(), seconds=STOP_S)  # noqa: SLF001
    await ended_well(producer.client.close(), seconds=STOP_S)
