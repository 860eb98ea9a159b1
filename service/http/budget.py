"""One API key's budget shared between processes: who hands out permits, and the hand-out within one process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from service.http.window import Tier, Window

SLICE_S = 0.5
"""How long permits of one hand-out are good for: long enough to ask seldom, short enough to lose little budget."""


def fingerprint(api_key: str) -> str:
    """Return the budget's name: tells keys apart and tells nothing about them."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


class Grant(Protocol):
    """Permits and their slice of time, on the clock whose `now` was passed in."""

    @property
    def permits(self) -> int:
        """Calls that may be sent; 0 where there is no budget now."""
        ...

    @property
    def starts(self) -> float:
        """From when: with no permits, when it is worth asking again."""
        ...

    @property
    def ends(self) -> float:
        """Until when: afterwards an unused permit is void, and may be given to somebody else a window later."""
        ...


class SharedBudget(Protocol):
    """Hands out one budget to many processes. A ledger does it with its own clock and returns times on ours."""

    async def reserve(self, budget: str, now: float, want: int) -> Grant:
        """Reserve up to `want` permits. A slice counts from `now`, so a slow answer only shortens it."""
        ...


@dataclass(frozen=True, slots=True)
class Permits:
    """A grant as plain values."""

    permits: int
    starts: float
    ends: float


class MemoryBudget:
    """A shared budget for limiters within one process.

    A permit counts until one window after the end of its slice: whenever in the slice it was sent, the next call in
    its place arrives a window later.
    """

    def __init__(self, *, tier: Tier, slice_s: float = SLICE_S) -> None:
        self._tier = tier
        self._slice_s = slice_s
        self._windows: dict[str, tuple[Window, Window]] = {}

    async def reserve(self, budget: str, now: float, want: int) -> Grant:
        """Reserve what is free, at most `want`."""
        tier = self._tier
        if budget not in self._windows:
            self._windows[budget] = (
                Window(limit=tier.per_window, length=tier.window_s + tier.margin_s),
                Window(limit=tier.per_burst, length=tier.burst_s + tier.burst_margin_s),
            )
        windows = self._windows[budget]
        permits = min(want, *(want if w.limit is None else max(0, w.limit - w.counted(now)) for w in windows))
        if permits == 0:
            again = max(window.next_at(now, 0) for window in windows)
            return Permits(permits=0, starts=again, ends=again)
        ends = now + self._slice_s
        for window in windows:
            window.end(ends, permits)
        return Permits(permits=permits, starts=now, ends=ends)
