"""When most of the traffic is unreadable for one reason, the fault is not in the records (peers.md (e), arroyo)."""

from __future__ import annotations

from collections import Counter, deque

from schemas.event import Position
from schemas.outcome import Reason
from service.errors import Waiting
from service.ports import Record


class Storm:
    """Holds the dead letters back while more than `share` of the last `window` records fail the same way.

    A record counts once, however often it is read: at the door in the order of its partition, and an order that was
    only peeked at there, and so is taken for sound, once more at its turn. The two are watched apart, because a
    backlog comes through the door long before its orders have their turns. A quarter of the window unreadable is the
    least, because one bad batch is no storm.
    """

    def __init__(self, *, share: float = 0.5, window: int = 200) -> None:
        self._share = share
        self._enough = window // 4
        self._door: deque[Reason | None] = deque(maxlen=window)
        self._turns: deque[Reason | None] = deque(maxlen=window)
        self._next: dict[tuple[str, int], int] = {}
        self._held: set[Position] = set()

    def at_the_door(self, record: Record, reason: Reason | None) -> None:
        """Count a record as it comes from the log; `reason` is why it cannot be read."""
        partition = (record.topic, record.partition)
        if record.offset >= self._next.get(partition, 0):
            self._next[partition] = record.offset + 1
            self._door.append(reason)

    def at_its_turn(self, record: Record, reason: Reason | None) -> None:
        """Count an order that was read at its turn; one that is held back comes here again and again."""
        position = record.position
        if position not in self._held:
            self._turns.append(reason)
        if reason is not None:
            self._held.add(position)

    def landed(self, position: Position) -> None:
        """Forget a record that is dead-lettered."""
        self._held.discard(position)

    def check(self) -> None:
        """Raise Waiting while the storm lasts."""
        for last in (self._door, self._turns):
            counted = Counter(reason for reason in last if reason is not None)
            for reason, count in counted.most_common(1):
                if count >= self._enough and count > self._share * len(last):
                    why = (
                        f"{count} of the last {len(last)} records are unreadable ({reason}); nothing is "
                        "dead-lettered until that changes: check what the producer sends, or the decoder's version"
                    )
                    raise Waiting("dead_letter_storm", why, after=5.0)
