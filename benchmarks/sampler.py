"""Looks at the ERP's counters and at every process's CPU a few times a second while something runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from benchmarks import usage
from benchmarks.erp import Erp, admitted, posted, throttled
from benchmarks.window import MACHINE, Sample

EVERY_S: Final = 0.25
STALL_S: Final = 45.0
"""Nothing posted for so long is a failure, not patience."""


class StalledError(RuntimeError):
    """Nothing moves any more."""


class Sampler:
    """Collects samples. `pids` names whose CPU is read; the ERP says its own."""

    def __init__(self, erp: Erp, pids: Mapping[str, int | None]) -> None:
        self._erp = erp
        self._pids = {name: pid for name, pid in pids.items() if pid is not None}
        self.samples: list[Sample] = []

    def watch(self, name: str, pid: int) -> None:
        """Read the CPU of a process that was named with pid 0 and has begun only now."""
        self._pids[name] = pid

    async def look(self) -> Sample:
        """Take one sample."""
        stats = await self._erp.control("stats")
        processes = usage.snapshot()
        before = self.samples[-1].cpu if self.samples else {}
        # What has ended has still used what it used.
        cpu = {name: max(usage.cpu_seconds(processes, pid), before.get(name, 0.0)) for name, pid in self._pids.items()}
        sample = Sample(
            at=time.monotonic(),
            posted=posted(stats),
            calls=admitted(stats),
            throttled=throttled(stats),
            cpu={
                **cpu,
                "erp": float(stats["cpu_seconds"]),
                "bench": usage.own_seconds(),
                MACHINE: usage.machine_seconds(),
            },
            resident=usage.resident(processes, [self._pids["ours"]]),
        )
        self.samples.append(sample)
        return sample

    async def until(
        self, done: Callable[[Sample], bool], *, alive: Callable[[], None], stall_s: float = STALL_S
    ) -> None:
        """Sample until something is true; raises where nothing is posted for too long or something has ended."""
        last, moved = -1, time.monotonic()
        while True:
            sample = await self.look()
            if done(sample):
                return
            alive()
            if sample.posted > last:
                last, moved = sample.posted, sample.at
            if sample.at - moved > stall_s:
                raise StalledError(f"{sample.posted} orders were posted, and then none for {stall_s:g} s")
            await asyncio.sleep(EVERY_S)
