"""Which offset of one partition may be committed: pure arithmetic, no I/O (I6, correctness 18 and 20)."""

from __future__ import annotations

from bisect import insort
from collections import deque
from enum import Enum


class Seen(Enum):
    """What a record that was just read is to the tracker."""

    NEW = "new"
    IN_FLIGHT = "in_flight"
    """Read before and not done yet: the first reading goes on, this one joins it."""
    DONE = "done"
    """Read before and done, or below everything that is tracked."""


class _Read:
    __slots__ = ("left", "size")

    def __init__(self, left: int, size: int) -> None:
        self.left = left
        self.size = size


class Tracker:
    """The window between the lowest unfinished record and the highest one read.

    Offsets may have gaps (compaction, transaction markers), and may come again. `low_water` is what may be committed:
    every record below it that exists is done. Every operation is O(1), amortised, except a record that turns up
    between two that were read already, which does not happen unless a reader skipped it.
    """

    __slots__ = ("_order", "_reads", "behind", "next_offset", "size", "unfinished")

    def __init__(self, start: int) -> None:
        self.next_offset = start
        """One past the highest record that was read: where reading goes on."""
        self.behind = 0
        """Records that `low_water` has passed."""
        self.unfinished = 0
        self.size = 0
        """Bytes of the unfinished records: what waiting costs in memory."""
        self._order: deque[int] = deque()
        self._reads: dict[int, _Read] = {}

    @property
    def low_water(self) -> int:
        """The offset to commit."""
        return self._order[0] if self._order else self.next_offset

    @property
    def window(self) -> int:
        """Records from the lowest unfinished to the highest read."""
        return len(self._order)

    def look(self, offset: int) -> Seen:
        """Say what a record is that was just read."""
        if offset < self.low_water:
            return Seen.DONE
        read = self._reads.get(offset)
        if read is None:
            return Seen.NEW
        return Seen.IN_FLIGHT if read.left else Seen.DONE

    def add(self, offset: int, *, pieces: int, size: int) -> None:
        """Take a NEW record in, to be worked on in `pieces` parts; a record of no parts is done at once."""
        self._reads[offset] = _Read(pieces, size)
        if offset < self.next_offset:
            insort(self._order, offset)
        else:
            self._order.append(offset)
            self.next_offset = offset + 1
        if pieces:
            self.unfinished += 1
            self.size += size
        else:
            self._advance()

    def complete(self, offset: int) -> bool:
        """One piece of a record is done; returns whether the low-water mark moved. Unknown or done offsets are none."""
        read = self._reads.get(offset)
        if read is None or not read.left:
            return False
        read.left -= 1
        if read.left:
            return False
        self.unfinished -= 1
        self.size -= read.size
        return self._order[0] == offset and self._advance()

    def raise_floor(self, offset: int) -> None:
        """Another owner has settled everything below: nothing may be committed below it any more."""
        while self._order and self._order[0] < offset:
            read = self._reads.pop(self._order.popleft())
            self.behind += 1
            if read.left:
                self.unfinished -= 1
                self.size -= read.size
        self.next_offset = max(self.next_offset, offset)
        self._advance()

    def _advance(self) -> bool:
        order, reads = self._order, self._reads
        passed = 0
        while order and not reads[order[0]].left:
            del reads[order.popleft()]
            passed += 1
        self.behind += passed
        return passed > 0
