"""Time, as everything that waits sees it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, replaceable in tests and simulation."""

    def now(self) -> float:
        """Return unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let this long pass."""
        ...
