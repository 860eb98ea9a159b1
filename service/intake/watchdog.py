"""Turns "assigned, lag, no progress, no named wait" into a new client, and then into an exit (K9)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

PROBE_S: Final = 0.25


class Advice(Enum):
    """What to do."""

    NOTHING = "nothing"
    REBUILD = "rebuild"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Look:
    """What the watchdog sees at one moment."""

    lag: int
    """Records that are in the log and not settled; of partitions that are ours."""
    progress: int
    """A number that grows whenever a record is read, a lane is done or an offset is committed."""
    wait: str
    """The named wait that explains why nothing moves, if there is one."""
    joined: bool
    """Whether the group has told us what is ours, be it nothing."""
    reachable: bool
    """Whether the brokers answer."""


class Stall:
    """The judgement, pure: time comes in as a number."""

    def __init__(self, *, stall_s: float, join_s: float, now: float) -> None:
        self.stall_s = stall_s
        self._join_s = max(stall_s, join_s)
        """A rebalance is a wait for others, who may take so long to finish."""
        self._since = now
        self._joined_at: float | None = None
        self._progress = -1
        self._rebuilt = False
        self.reason = ""

    def judge(self, look: Look, now: float) -> Advice:
        """Say what to do. The first stall rebuilds the client; a second without progress between them gives up.

        Brokers that do not answer are a named wait of their own: a new client is tried each time, but nobody gives up.
        """
        if not look.joined:
            self._joined_at = None
        elif self._joined_at is None:
            self._joined_at = now
        if look.progress != self._progress or (look.joined and look.reachable and (look.wait or not look.lag)):
            self._rebuilt = False
            self._progress = look.progress
            self._since = now
            self.reason = ""
            return Advice.NOTHING
        if self._in_time(look, now):
            return Advice.NOTHING
        self._since = now
        self.reason = self._words(look)
        if not self._rebuilt or not look.reachable:
            self._rebuilt = True
            return Advice.REBUILD
        return Advice.GIVE_UP

    def _in_time(self, look: Look, now: float) -> bool:
        """Whether nothing has moved for less than it may take; who has just joined begins to read only then."""
        if self._joined_at is None:
            return now - self._since < (self._join_s if look.reachable else self.stall_s)
        idle = now - max(self._since, self._joined_at)
        return idle < self.stall_s and now - self._since < self._join_s + self.stall_s

    def _words(self, look: Look) -> str:
        if not look.reachable:
            return f"the Kafka brokers did not answer for {self.stall_s:g} s"
        if not look.joined:
            return f"the consumer group gave us no assignment for {self._join_s:g} s"
        return f"{look.lag} records wait, and for {self.stall_s:g} s nothing was read, finished or committed"


class LoopProbe:
    """How late the event loop is: a blocked loop looks like every other trouble from outside."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self.lag_s = 0.0
        """Of the last probe."""

    async def run(self) -> None:
        """Probe for ever."""
        while True:
            due = time.monotonic() + PROBE_S
            await asyncio.sleep(PROBE_S)
            self.lag_s = max(0.0, time.monotonic() - due)
            self._tell(self.lag_s)
