"""What intake hands on: a record of Kafka, and the pieces of work in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.event import Position


@dataclass(slots=True, eq=False)
class Record:
    """One record of Kafka, as it was read. Not to be changed; a frozen class would cost 1 us more to make."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: float
    """Unix seconds, by the broker or its producer."""

    @property
    def position(self) -> Position:
        """Where it stands; made when somebody asks."""
        return Position(topic=self.topic, partition=self.partition, offset=self.offset)


class Routed(NamedTuple):
    """One piece of work in a record: the lane that it belongs to, and what was read from it."""

    key: str
    payload: object
