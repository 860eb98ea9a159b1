"""The circuit breaker of one ERP: a whole-ERP outage becomes one named wait, and ends by itself."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from service.errors import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT: Final = "breaker_open"
PROBE_S: Final = 120.0  # longer than any call's deadline: a probe that nobody reported on by then is lost


class State(StrEnum):
    """Closed: calls go. Open: none goes. Half-open: one goes, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Health(StrEnum):
    """What the end of one call says about the ERP as a whole."""

    ANSWERS = "answers"
    """Any answer below 500, refusals and 429 included."""
    FAILS = "fails"
    """A 5xx, or no clear answer."""
    UNREACHABLE = "unreachable"
    """No connection could be made."""


class Breaker:
    """Opens when most of the recent calls failed, or some in a row could not even connect.

    Pure but for `wait`: the clock is injected, and nothing happens between calls. Every `enter` is followed by one
    `record` or `abandon` with its pass; passes from before the last change of state are void.
    """

    def __init__(  # noqa: PLR0913 - all keywords, each a number that somebody may have to turn
        self,
        *,
        ratio: float = 0.8,
        calls: int = 40,
        minimum: int = 10,
        window_s: float = 30.0,
        unreachable: int = 3,
        open_s: float = 1.0,
        open_max_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._ratio = ratio
        self._minimum = minimum
        self._window_s = window_s
        self._unreachable = unreachable
        self._open_s = open_s
        self._open_max_s = open_max_s
        self._clock = clock
        self._jitter = jitter
        self._calls = calls
        self._recent: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._in_a_row = 0
        self._times_open = 0
        self._due = 0.0
        self._pass = 0
        self._changed: asyncio.Future[None] | None = None
        self._listeners: list[Callable[[State], None]] = []
        self._why = ""
        self.state = State.CLOSED

    def subscribe(self, listener: Callable[[State], None]) -> None:
        """Tell `listener` about every change of state."""
        self._listeners.append(listener)

    @property
    def may_go(self) -> bool:
        """Whether a call that came now would be let through."""
        return self.state is State.CLOSED or self._clock() >= self._due

    def check(self) -> None:
        """Raise the named wait where a call may not go now."""
        if not self.may_go:
            raise self.waiting()

    def waiting(self) -> Waiting:
        """Return the named wait as it stands."""
        after = max(0.0, self._due - self._clock()) if self.state is State.OPEN else None
        return Waiting(wait=WAIT, why=self._why, after=after)

    def enter(self) -> int:
        """Take a pass for one call that goes now; the first after an open spell is the probe. Raises like `check`."""
        self.check()
        if self.state is not State.CLOSED:
            self._due = self._clock() + PROBE_S
            self._move(State.HALF_OPEN)
        return self._pass

    def abandon(self, held: int) -> None:
        """Give a pass back with which nothing was learnt, so that another call may be the probe."""
        if held == self._pass and self.state is State.HALF_OPEN:
            self._due = self._clock()
            self._move(State.OPEN)

    def record(self, held: int, health: Health) -> None:
        """Learn from the end of one call."""
        if held != self._pass:
            return
        if self.state is State.HALF_OPEN:
            self._judge_probe(health)
            return
        self._in_a_row = self._in_a_row + 1 if health is Health.UNREACHABLE else 0
        self._remember(failed=health is not Health.ANSWERS)
        recent = len(self._recent)
        if self._in_a_row >= self._unreachable:
            self._open(f"the last {self._in_a_row} calls could not connect")
        elif recent >= self._minimum and self._failed >= self._ratio * recent:
            self._open(f"{self._failed} of the last {recent} calls failed")

    async def wait(self) -> None:
        """Return when calls may go again. Of many who waited one becomes the probe; the others wait again."""
        while not self.may_go:
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._changed}, timeout=max(0.0, self._due - self._clock()))

    def _remember(self, *, failed: bool) -> None:
        now = self._clock()
        self._recent.append((now, failed))
        self._failed += failed
        while len(self._recent) > self._calls or self._recent[0][0] < now - self._window_s:
            self._failed -= self._recent.popleft()[1]

    def _judge_probe(self, health: Health) -> None:
        if health is not Health.ANSWERS:
            self._open(self._why)
            return
        self._times_open = 0
        self._in_a_row = 0
        self._recent.clear()
        self._failed = 0
        self._move(State.CLOSED)

    def _open(self, why: str) -> None:
        """Open for twice as long as the last time, give or take a fifth, so that processes do not probe together."""
        spell = min(self._open_s * 2**self._times_open, self._open_max_s)
        self._times_open = min(self._times_open + 1, 30)
        self._due = self._clock() + spell * (0.8 + 0.4 * self._jitter())
        self._why = why
        self._move(State.OPEN)

    def _move(self, state: State) -> None:
        self.state = state
        self._pass += 1
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None
        for listener in self._listeners:
            listener(state)
