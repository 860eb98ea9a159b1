"""What a run looked like: a sample a second, and what follows from all of them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import aiohttp

from sandbox.demo.wire import Wire
from sandbox.torture.town import Town

BEAT_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment. Counts are since the beginning."""

    at: float
    produced: int
    settled: int
    ready: int
    """Pods that say that they are of use."""
    alive: int
    in_flight: int
    """Requests that the ERP has in hand; -1 where it does not answer."""


@dataclass
class Watch:
    """Looks once a second."""

    town: Town
    wire: Wire
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(BEAT_S)

    async def look(self) -> None:
        """Look once."""
        await self.wire.look()
        try:
            stats = await self.town.books.ask("stats")
            in_flight = int(stats["in_flight"])
        except (aiohttp.ClientError, OSError):
            in_flight = -1
        pods = self.town.pods
        ready, alive = sum(pod.ready for pod in pods), sum(pod.alive and not pod.stopped for pod in pods)
        at = round(time.monotonic() - self.began, 2)
        self.samples.append(Sample(at, self.wire.produced, self.wire.settled, ready, alive, in_flight))

    def rows(self) -> list[dict[str, Any]]:
        """Return the samples as the report writes them."""
        return [asdict(sample) for sample in self.samples]


def availability(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the shares of samples with somebody ready, and with progress or nothing to do; and the longest pause."""
    if not samples:
        return {"ready": 0.0, "moving": 0.0, "longest_pause_s": 0.0}
    moving, pause, longest = 0, 0.0, 0.0
    for before, after in pairwise(samples):
        if after.settled > before.settled or after.produced <= after.settled:
            moving, pause = moving + 1, 0.0
        else:
            pause += after.at - before.at
        longest = max(longest, pause)
    return {
        "ready": round(sum(1 for sample in samples if sample.ready) / len(samples), 4),
        "moving": round(moving / max(1, len(samples) - 1), 4),
        "longest_pause_s": round(longest, 1),
    }
