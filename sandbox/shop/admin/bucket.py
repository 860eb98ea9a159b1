"""The leaky bucket of one shop and app: points that a query takes, and that come back by the second."""

import time
from collections.abc import Callable

from sandbox.shop.documents import Doc


class Bucket:
    """Takes what a query asks for, gives back what it did not need."""

    def __init__(self, *, maximum: float, restore_rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.maximum = maximum
        self.restore_rate = restore_rate
        self._clock = clock
        self._level = maximum
        self._at = clock()

    @property
    def available(self) -> float:
        """Points that may be taken now."""
        now = self._clock()
        self._level = min(self.maximum, self._level + (now - self._at) * self.restore_rate)
        self._at = now
        return self._level

    def take(self, points: float) -> bool:
        """Take points, or none where too few are there."""
        if self.available < points:
            return False
        self._level -= points
        return True

    def give_back(self, points: float) -> None:
        """Return points that were not needed."""
        self._level = min(self.maximum, self.available + points)

    def status(self) -> Doc:
        """As every answer tells it."""
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore_rate,
        }
