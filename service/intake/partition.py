"""One partition as this process holds it: its tracker, its gate, its fence."""

from __future__ import annotations

from service.intake.offsets import Tracker
from service.ports import Priority


class Partition:
    """Made when a partition is assigned and kept through rebalances that hand it straight back.

    The object is the fence: once `lost`, its items complete into nothing, and a later assignment of the same
    partition makes a new object.
    """

    __slots__ = ("_behind", "committed", "epoch", "lost", "number", "open", "paused", "priority", "topic", "tracker")

    def __init__(self, topic: str, number: int, *, priority: Priority) -> None:
        self.topic = topic
        self.number = number
        self.priority = priority
        self.epoch = 0
        """The rebalance that last gave it to us."""
        self.open = False
        """Between the gate's opening and the next revocation: only then are records taken and offsets committed."""
        self.lost = False
        self.paused = ""
        """Why it is not read on, where it is not."""
        self.committed: int | None = None
        """What is known to stand in the ledger and in Kafka; None where that is not known."""
        self.tracker = Tracker(0)
        self._behind = 0

    @property
    def window(self) -> int:
        """Records from the last commit that stands to the highest read: what a crash reads again."""
        return self.tracker.behind - self._behind + self.tracker.window

    def stands(self, behind: int) -> None:
        """The low-water mark that had so many records behind it is committed."""
        self._behind = behind

    @property
    def slot(self) -> tuple[str, int]:
        """Topic and number."""
        return self.topic, self.number

    def owed(self) -> int | None:
        """Return the offset that should be committed now, or None where there is none."""
        if not self.open:
            return None
        mark = self.tracker.low_water
        return None if mark == self.committed else mark
