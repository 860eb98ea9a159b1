"""Dead letters: to their topic with bytes, headers and position, or to the ledger where it cannot take them (21)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from service.errors import Fatal, Retryable
from service.intake.producer import Producer, Unsent
from service.ports import DeadLetter, DeadLetters

PREFIX: Final = "x-orderferry-"
REST_S: Final = 30.0
"""How long the topic is left alone after it did not answer; dead letters go straight to the fallback meanwhile."""


class Storm:
    """Most of the traffic dies the same way: then it is a deploy or a setting, not the data, and intake must stop.

    Counts fade by half whenever `window` items were handled, so that only the recent past counts.
    """

    def __init__(self, *, share: float = 0.5, least: int = 50, window: int = 500) -> None:
        self._share = share
        self._least = least
        self._window = window
        self._handled = 0.0
        self._dead: dict[str, float] = {}

    def handled(self, items: int) -> None:
        """So many items were handled, dead or alive."""
        self._handled += items
        if self._handled > self._window:
            self._handled /= 2
            self._dead = {reason: count / 2 for reason, count in self._dead.items()}

    def died(self, reason: str) -> None:
        """One more dead letter; raises Fatal where most of the traffic is dead for this reason."""
        count = self._dead[reason] = self._dead.get(reason, 0.0) + 1
        if count >= self._least and count > self._share * max(self._handled, count):
            raise Fatal(
                f"intake stops: about {count:.0f} of the last {max(self._handled, count):.0f} records could not be "
                f"read, all for the same reason ({reason}). That is rarely the data: look at what changed in the shop, "
                "in the topic names or in the settings, then start again. Nothing was skipped"
            )


class KafkaDeadLetters:
    """Durable when `put` returns: acknowledged by the topic, or kept by the fallback."""

    def __init__(
        self,
        *,
        producer: Producer,
        topic: str,
        fallback: DeadLetters | None = None,
        storm: Storm | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._fallback = fallback
        self._storm = storm
        self._now = now
        self._rest_until = 0.0

    async def put(self, letter: DeadLetter) -> None:
        """Keep it. Raises Retryable where neither takes it, Fatal in a storm."""
        if self._storm is not None:
            self._storm.died(letter.reason)
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
