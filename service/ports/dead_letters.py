"""Where records go that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.event import Position
from schemas.outcome import Reason


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that cannot be read: its bytes, headers and position, and why."""

    position: Position
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    reason: Reason
    detail: str


class DeadLetters(Protocol):
    """Where undecodable records go; durable when it returns (the topic acknowledged, or the ledger committed)."""

    async def put(self, letter: DeadLetter) -> None:
        """Keep it."""
        ...
