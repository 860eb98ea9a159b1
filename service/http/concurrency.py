"""How many calls may be in flight: found by trying (AIMD), and shared out among the budgets of one ERP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from service.ports import Priority


class Concurrency:
    """One more for every round of good answers while all places are used, a third less when the ERP is congested.

    It starts low and doubles every round until the first congestion. Pure: time is an argument.
    """

    def __init__(
        self,
        *,
        floor: int = 2,
        ceiling: int = 128,
        start: int = 16,
        decrease: float = 0.7,
        slow_factor: float = 4.0,
        slow_s: float = 1.0,
    ) -> None:
        self._floor = float(floor)
        self._ceiling = float(ceiling)
        self._limit = min(float(max(start, floor)), self._ceiling)
        self._doubling_below = self._ceiling
        self._decrease = decrease
        self._slow_factor = slow_factor
        self._slow_s = slow_s  # below this a slow answer costs nothing that is worth shrinking for
        self._usual_s: float | None = None
        self._recent_s = 0.0
        self._cut_at = float("-inf")

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return int(self._limit)

    def succeeded(self, *, seconds: float, started: float, now: float, in_flight: int) -> None:
        """Learn from a good answer. `in_flight` includes this call: growth is earned only while places are used up."""
        if self._slower_than_usual(seconds):
            self.congested(started=started, now=now)
        elif in_flight >= self.limit:
            step = 1.0 if self._limit < self._doubling_below else 1.0 / self._limit
            self._limit = min(self._limit + step, self._ceiling)

    def congested(self, *, started: float, now: float) -> None:
        """Learn from a 429, a 503 or a timeout: once for all the calls that were under way together."""
        if started < self._cut_at:
            return
        self._cut_at = now
        self._limit = max(self._limit * self._decrease, self._floor)
        self._doubling_below = self._limit

    def _slower_than_usual(self, seconds: float) -> bool:
        """Compare the last ten or so answers with the last hundred; an ERP that stays slow becomes the usual one."""
        if self._usual_s is None:
            self._usual_s = self._recent_s = seconds
        self._recent_s += (seconds - self._recent_s) * 0.1
        self._usual_s += (seconds - self._usual_s) * 0.01
        return self._recent_s > max(self._slow_s, self._slow_factor * self._usual_s)


class Queue(Protocol):
    """Callers who wait for a place, as a limiter keeps them."""

    def ready(self) -> Priority | None:
        """Return the priority of the caller whom only the place keeps, or None."""
        ...

    def admit(self) -> None:
        """Let that caller go; it calls `Room.enter`."""
        ...


class Room:
    """The places in flight towards one ERP. Several budgets (API keys) share it; the most urgent caller goes first."""

    def __init__(self, *, concurrency: Concurrency) -> None:
        self.concurrency = concurrency
        self.in_flight = 0
        self._queues: list[Queue] = []

    @property
    def free(self) -> bool:
        """Whether one more call may go."""
        return self.in_flight < self.concurrency.limit

    def join(self, queue: Queue) -> None:
        """Let a budget take part."""
        self._queues.append(queue)

    def enter(self) -> None:
        """Take a place."""
        self.in_flight += 1

    def leave(self) -> None:
        """Give a place back and let waiting callers in."""
        self.in_flight -= 1
        self.serve()

    def serve(self) -> None:
        """Let in whoever may go, most urgent first, budgets of equal urgency in turn."""
        while self.free:
            ready = [
                (priority, place) for place, queue in enumerate(self._queues) if (priority := queue.ready()) is not None
            ]
            if not ready:
                return
            queue = self._queues.pop(min(ready)[1])
            self._queues.append(queue)
            queue.admit()
