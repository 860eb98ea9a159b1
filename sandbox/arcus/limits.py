"""Rate limits: a sliding minute and a burst second per key, and what every answer says about them."""

import math
from collections import deque
from dataclasses import dataclass

MINUTE = 60.0
SECOND = 1.0
BOUNDLESS = 1_000_000_000  # said in the headers where nothing is limited


@dataclass(frozen=True, slots=True)
class Tier:
    """Requests a minute and requests a second."""

    per_minute: int
    burst: int


TIERS: dict[str, Tier | None] = {
    "test": Tier(60, 10),
    "standard": Tier(300, 50),
    "elevated": Tier(1200, 100),
    "unlimited": None,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`retry_after` is None where the request may pass; `reset_in` is when the next slot of the minute frees."""

    limit: int
    remaining: int
    reset_in: float
    retry_after: int | None


FREE = Verdict(BOUNDLESS, BOUNDLESS, MINUTE, None)


class Window:
    """The requests of one key; a refused one does not count."""

    def __init__(self, tier: Tier | None) -> None:
        self.tier = tier
        self.admitted = 0
        self.peak = 0
        self._minute: deque[float] = deque()
        self._second: deque[float] = deque()

    def take(self, now: float) -> Verdict:
        """Count one request at `now` (monotonic seconds) or say how long to wait."""
        tier = self.tier
        if tier is None:
            self.admitted += 1
            return FREE
        self._forget(now)
        wait = self._wait(now, tier)
        if wait <= 0:
            self.admitted += 1
            self._minute.append(now)
            self._second.append(now)
            self.peak = max(self.peak, len(self._minute))
        left = tier.per_minute - len(self._minute)
        reset = self._minute[0] + MINUTE - now if self._minute else MINUTE
        return Verdict(tier.per_minute, left, reset, max(1, math.ceil(wait)) if wait > 0 else None)

    def used(self, now: float) -> int:
        """Requests of the last minute."""
        self._forget(now)
        return len(self._minute)

    def _forget(self, now: float) -> None:
        for window, span in ((self._minute, MINUTE), (self._second, SECOND)):
            while window and window[0] <= now - span:
                window.popleft()

    def _wait(self, now: float, tier: Tier) -> float:
        wait = 0.0
        if len(self._minute) >= tier.per_minute:
            wait = self._minute[0] + MINUTE - now
        if len(self._second) >= tier.burst:
            wait = max(wait, self._second[0] + SECOND - now)
        return wait
