"""The points of a bucket that every answer tells of (GraphQL), as one process sees it. Pure: time is an argument."""

from __future__ import annotations


class Points:
    """How long a query of so many points has to wait; before the first answer nothing is known, and nothing waits."""

    def __init__(self) -> None:
        self._level = 0.0
        self._rate = 0.0
        self._at = 0.0
        self.maximum: float | None = None
        """Points of a full bucket; None before the first answer."""

    def available(self, now: float) -> float:
        """Points that are there now; others who use the bucket show in the next answer."""
        return min(self.maximum or 0.0, self._level + max(0.0, now - self._at) * self._rate)

    def share(self, now: float) -> float:
        """How full the bucket is, from 0 to 1."""
        return 1.0 if self.maximum is None else self.available(now) / self.maximum

    def wait(self, points: float, now: float) -> float:
        """Seconds until so many points are there; for more than the bucket holds, until it is full."""
        if self.maximum is None:
            return 0.0
        short = min(points, self.maximum) - self.available(now)
        return max(0.0, short / self._rate)

    def learn(self, *, maximum: float, available: float, restore_rate: float, now: float) -> None:
        """Take over what an answer says; `restore_rate` is above zero."""
        self.maximum, self._level, self._rate, self._at = maximum, available, restore_rate, now
