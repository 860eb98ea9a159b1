"""Dead letters: to their topic with bytes, headers and position, or to the ledger where it cannot take them (21)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from service.errors import Retryable
from service.intake.producer import Producer, Unsent
from service.ports import DeadLetter, DeadLetters

PREFIX: Final = "x-orderferry-"
REST_S: Final = 30.0
"""How long the topic is left alone after it did not answer; dead letters go straight to the fallback meanwhile."""


class KafkaDeadLetters:
    """Durable when `put` returns: acknowledged by the topic, or kept by the fallback."""

    def __init__(
        self,
        *,
        producer: Producer,
        topic: str,
        fallback: DeadLetters | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._fallback = fallback
        self._now = now
        self._rest_until = 0.0

    async def put(self, letter: DeadLetter) -> None:
        """Keep it. Raises Retryable where neither takes it."""
        if self._fallback is not None and self._now() < self._rest_until:
            await self._fallback.put(letter)
            return
        try:
            await self._producer.send(
                self._topic, key=letter.key, value=letter.value, headers=[*letter.headers, *headers_of(letter)]
            )
        except Unsent as exc:
            if not exc.permanent:
                self._rest_until = self._now() + REST_S
            if self._fallback is None:
                at = letter.position
                what = f"the dead letter of {at.topic}, partition {at.partition}, offset {at.offset}"
                raise Retryable(what=what, why=str(exc)) from exc
            await self._fallback.put(letter)


def headers_of(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """Say why and where from, beside the headers that the record had."""
    at = letter.position
    said = {
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": at.topic,
        "partition": str(at.partition),
        "offset": str(at.offset),
    }
    return [(PREFIX + name, text.encode()) for name, text in said.items()]
