"""A consumer as a process of its own: started, listened to, sampled, told to end."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import usage
from benchmarks.engine.books import Run
from benchmarks.product import tail
from benchmarks.window import MACHINE, Sample

ROOT: Final = Path(__file__).resolve().parent.parent.parent
STALL_S: Final = 60.0
STOP_S: Final = 30.0
LINE_LIMIT: Final = 64 * 1024 * 1024  # its account holds every run of every key


class ConsumerFailedError(RuntimeError):
    """It ended, or nothing moves; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a consumer says at its end."""

    carried: int
    poison: int
    late_us: float
    """How much longer the ERP took than it should, on average."""
    runs: Sequence[Run]
    disordered: int = 0
    """What it counted itself."""


@dataclass
class Consumer:
    """A running consumer."""

    process: asyncio.subprocess.Process
    log: Path
    neighbours: Mapping[str, int | None]
    samples: list[Sample] = field(default_factory=list)

    async def until(self, done: Callable[[Sample], bool], *, stall_s: float = STALL_S) -> None:
        """Listen until something is true."""
        while True:
            sample = await self.next(stall_s)
            if done(sample):
                return

    async def next(self, stall_s: float = STALL_S) -> Sample:
        """Take the next thing that it tells, and what everybody has used by then."""
        line = await self._line(stall_s)
        if line.startswith(b"{"):
            raise ConsumerFailedError(f"the consumer ended by itself:\n{tail(self.log)}")
        at, count = line.split()
        sample = Sample(float(at), int(count), calls=0, throttled=0, **self._costs())
        self.samples.append(sample)
        return sample

    def _costs(self) -> dict[str, Any]:
        processes = usage.snapshot()
        pids = {"ours": self.process.pid, **self.neighbours}
        cpu = {name: usage.cpu_seconds(processes, pid) for name, pid in pids.items() if pid is not None}
        cpu |= {"bench": usage.own_seconds(), MACHINE: usage.machine_seconds()}
        return {"cpu": cpu, "resident": usage.resident(processes, [self.process.pid])}

    async def stop(self) -> Account:
        """Ask it to end and take its account."""
        self.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_S
        while not (line := await self._line(end - time.monotonic())).startswith(b"{"):
            pass
        account: dict[str, Any] = json.loads(line)
        await asyncio.wait_for(self.process.wait(), STOP_S)
        runs = [(key, first, after) for key, first, after in account["runs"]]
        return Account(**{**account, "runs": runs})

    async def _line(self, seconds: float) -> bytes:
        if self.process.stdout is None:
            raise ConsumerFailedError("the consumer has no standard output")
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), seconds)
        except TimeoutError:
            raise ConsumerFailedError(f"the consumer was silent for {seconds:.0f} s:\n{tail(self.log)}") from None
        if not line:
            raise ConsumerFailedError(f"the consumer ended:\n{tail(self.log)}")
        return line


@asynccontextmanager
async def consumer(command: Sequence[str], log: Path, neighbours: Mapping[str, int | None]) -> AsyncIterator[Consumer]:
    """Run one, and kill it where it was not stopped."""
    with _opened(log) as sink:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=PIPE, stderr=sink.fileno(), cwd=ROOT, limit=LINE_LIMIT
        )
    try:
        yield Consumer(process, log, neighbours)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _opened(log: Path) -> Any:  # noqa: ANN401  a file that is open for writing
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")
