"""Who goes next: first come, first served within a priority; live before recovery before replay."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from service.ports import Priority

if TYPE_CHECKING:
    import asyncio


class WaitingLine:
    """The callers who wait for one budget.

    While live calls wait, recovery gets its share and no more: it is what frees parked keys, so it must not starve,
    and it is never urgent, so it must not crowd out. Replay goes when nobody else waits, and polling after replay.
    """

    def __init__(self, *, recovery_share: float = 0.3) -> None:
        if not 0 <= recovery_share < 1:
            raise ValueError(f"the share of recovery must be at least 0 and below 1, not {recovery_share}")
        self._gain = recovery_share / (1 - recovery_share)
        self._credit = 0.0
        self._waiting: dict[Priority, deque[asyncio.Future[None]]] = {priority: deque() for priority in Priority}

    def join(self, priority: Priority, waiter: asyncio.Future[None]) -> None:
        """Stand at the end of a priority; a waiter that is done (cancelled) has left."""
        self._waiting[priority].append(waiter)

    def head(self) -> Priority | None:
        """Return the priority whose first waiter goes next, or None where nobody waits."""
        if not any(self._waiting.values()):
            return None
        if not self._any(Priority.LIVE):
            return next((priority for priority in Priority if self._any(priority)), None)
        owed = self._credit >= 1 and self._any(Priority.RECOVERY)
        return Priority.RECOVERY if owed else Priority.LIVE

    def live_waits(self) -> bool:
        """Whether a live call waits: then nothing is paced."""
        return self._any(Priority.LIVE)

    def pop(self) -> asyncio.Future[None]:
        """Let the next one go; somebody must be waiting."""
        priority = self.head()
        if priority is None:
            raise LookupError("nobody waits")
        if priority is Priority.LIVE and self._any(Priority.RECOVERY):
            self._credit += self._gain
        elif priority is Priority.RECOVERY and self._any(Priority.LIVE):
            self._credit -= 1
        return self._waiting[priority].popleft()

    def count(self) -> dict[Priority, int]:
        """Return how many wait, by priority."""
        return {priority: sum(not one.done() for one in waiting) for priority, waiting in self._waiting.items()}

    def _any(self, priority: Priority) -> bool:
        waiting = self._waiting[priority]
        while waiting and waiting[0].done():
            waiting.popleft()
        return bool(waiting)
