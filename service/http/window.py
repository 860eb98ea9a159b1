"""How many calls may go, and when: sliding windows that stay inside the server's, whatever the way there takes.

The server counts a call when it arrives, which lies somewhere between our permit and the end of the call. So a call
holds its place from its permit until one window *after its end*: the call that takes the place over is sent, and so
arrives, at least one window after the first arrived. This costs the latency in budget, 60 / (60 + margin + latency):
98.7 % at 300 ms.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.http.rate_headers import RateSignal


@dataclass(frozen=True, slots=True)
class Tier:
    """What the ERP allows one API key; None is no limit of that kind."""

    per_window: int | None = 1200
    per_burst: int | None = 100
    window_s: float = 60.0
    burst_s: float = 1.0
    margin_s: float = 0.5
    """Added to the window: clocks that run apart, servers that round, answers that overtake their count."""
    burst_margin_s: float = 0.1


class Window:
    """One sliding window. Pure: time is an argument."""

    __slots__ = ("_free_at", "length", "limit")

    def __init__(self, *, limit: int | None, length: float) -> None:
        self.limit = limit
        self.length = length
        self._free_at: deque[float] = deque()

    def counted(self, now: float) -> int:
        """Return how many ended calls still hold a place."""
        while self._free_at and self._free_at[0] <= now:
            self._free_at.popleft()
        return len(self._free_at)

    def next_at(self, now: float, in_flight: int) -> float:
        """Return when one more call may go: now, later, or `inf` where a call in flight must end first."""
        if self.limit is None:
            return now
        over = in_flight + self.counted(now) + 1 - self.limit
        if over <= 0:
            return now
        return next(islice(self._free_at, over - 1, None), math.inf)

    def end(self, now: float, calls: int = 1) -> None:
        """Let calls that end now hold their places for one window more."""
        if self.limit is not None:
            self._free_at.extend(repeat(now + self.length, calls))


@dataclass(frozen=True, slots=True)
class Mark:
    """What we counted when a call was sent, to be held against what the ERP counted when it arrived."""

    ours: int
    others: int


class Windows:
    """The budget of one API key as one process sees it."""

    def __init__(self, *, tier: Tier, alone: bool = True) -> None:
        """Take the tier of the settings; `alone` is whether this process is the only one of ours on the budget."""
        self._tier = tier
        self._alone = alone
        self._minute = Window(limit=tier.per_window, length=tier.window_s + tier.margin_s)
        self._burst = Window(limit=tier.per_burst, length=tier.burst_s + tier.burst_margin_s)
        self._paced_at = -math.inf
        self._others = 0
        self.in_flight = 0
        self.paused_until = -math.inf

    @property
    def limit(self) -> int | None:
        """Calls a window, as the settings and the ERP's headers have it."""
        return self._minute.limit

    def next_at(self, now: float, *, paced: bool = False) -> float:
        """Return when one more call may go.

        Paced calls spread evenly and leave the last percent, so that a live one never waits for a window to move.
        """
        spared = (self._minute.limit or 0) // 100 if paced else 0
        earliest = max(
            now,
            self.paused_until,
            self._minute.next_at(now, self.in_flight + spared),
            self._burst.next_at(now, self.in_flight),
        )
        return max(earliest, self._paced_at) if paced else earliest

    def take(self, now: float) -> None:
        """Give one permit."""
        self.in_flight += 1
        if self._minute.limit:
            # Up to one second of unused pace is made up for, so that timers that fire late cost no budget.
            self._paced_at = max(self._paced_at, now - 1.0) + self._minute.length / self._minute.limit

    def end(self, now: float) -> None:
        """Note that a call ended, whatever its outcome; it may have arrived as late as now."""
        self.in_flight -= 1
        self._minute.end(now)
        self._burst.end(now)

    def give_back(self) -> None:
        """Return a permit with which provably nothing was sent."""
        self.in_flight -= 1

    def mark(self, now: float) -> Mark:
        """Note what we count at this moment, a call that is just being sent included."""
        return Mark(ours=self.in_flight + self._minute.counted(now), others=self._others)

    def observe(self, signal: RateSignal, now: float, mark: Mark | None = None) -> None:
        """Correct the budget by what an answer said: never above the settings' tier, never below what we know."""
        if signal.pause is not None:
            self.paused_until = max(self.paused_until, now + signal.pause)
        if signal.limit is None:
            return
        tier = self._tier.per_window
        self._minute.limit = signal.limit if tier is None else min(tier, signal.limit)
        if signal.remaining is not None and self._alone:
            self._count_others(signal, now, mark or self.mark(now))

    def _count_others(self, signal: RateSignal, now: float, mark: Mark) -> None:
        """Count what the ERP counts beyond our own calls: other users of the key, or ourselves before a restart.

        Their age is unknown, so they are taken to be new: at worst one window is used less than it could be.
        """
        used = (signal.limit or 0) - (signal.remaining or 0)
        unexplained = used - mark.ours - (self._others - mark.others)
        if unexplained <= 0:
            return
        self._others += unexplained
        self._minute.end(now, unexplained)
        if not signal.remaining and signal.reset_in is not None and signal.reset_in > self._minute.length:
            self.paused_until = max(self.paused_until, now + signal.reset_in)
