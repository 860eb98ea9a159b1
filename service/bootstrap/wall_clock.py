"""Real time, as the port `Clock`."""

from __future__ import annotations

import asyncio
import time


class WallClock:
    """The machine's clock and the event loop's sleep."""

    def now(self) -> float:
        """Return unix seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Let this long pass."""
        await asyncio.sleep(seconds)
