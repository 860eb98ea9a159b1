"""How fast the engine is by itself, on a real broker: `python -m tests.intake.speed`. Not part of the tests.

One process, one partition; a handler that only sleeps; records of 50 bytes. Printed: records a second, the ceiling
that keys, concurrency and latency allow, and CPU per record, the client's fetching included. `--memory` fills the
window with orders of 10 KB that nobody finishes and prints what that costs.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from sandbox.kafka_server import KafkaServer, create_topics
from service.errors import Waiting
from service.intake.consumer_settings import WindowLimits
from service.intake.lane import Item
from tests.intake.harness import make_intake, producing, running, settings_for, until

CHUNK = 5000


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Case:
    """One measurement."""

    keys: int
    latency_s: float
    records: int
    in_flight: int = 1000
    coalesce: int = 1
    shuffled: bool = False
    size: int = 50
    seen: int = 0
    began: tuple[float, float] = field(default=(0.0, 0.0))

    async def handle(self, key: str, items: Sequence[Item]) -> None:
        del key
        if not self.seen:
            self.began = time.perf_counter(), cpu()
        self.seen += len(items)
        await asyncio.sleep(self.latency_s)

    async def fill(self, bootstrap: str, topic: str) -> None:
        chance = random.Random(7)  # noqa: S311  the same sequence every time
        async with producing(bootstrap, linger_ms=5, max_batch_size=200_000, max_request_size=4_000_000) as producer:
            sent = []
            for number in range(self.records):
                key = chance.randrange(self.keys) if self.shuffled else number % self.keys
                sent.append(await producer.send(topic, chance.randbytes(self.size), key=f"k{key}".encode()))
                if len(sent) == CHUNK:
                    await asyncio.gather(*sent)
                    sent.clear()
            await asyncio.gather(*sent)

    async def measure(self, bootstrap: str) -> str:
        topic = f"speed-{uuid.uuid4().hex[:8]}"
        await create_topics(bootstrap, {topic: 1})
        await self.fill(bootstrap, topic)
        limits = WindowLimits(in_flight=self.in_flight, records=100_000, coalesce=self.coalesce)
        async with running(make_intake(settings_for(bootstrap, topic), self.handle, limits=limits)):
            await until(lambda: self.seen == self.records, seconds=300)
            seconds, used = time.perf_counter() - self.began[0], cpu() - self.began[1]
        order = "random" if self.shuffled else "round robin"
        ceiling = min(self.keys, self.in_flight) * self.coalesce / self.latency_s
        return (
            f"{self.keys:5} keys {order:11} {self.latency_s * 1000:4.0f} ms {self.in_flight:5} in flight, "
            f"{self.coalesce:2} at once: {self.records / seconds:8.0f} records/s of at most {ceiling:9.0f}, "
            f"{used / self.records * 1e6:5.1f} us of CPU a record"
        )


async def memory(bootstrap: str) -> str:
    """Let 10,000 orders of 10 KB wait behind a named wait."""
    case = Case(keys=10_000, latency_s=0, records=12_000, size=10_000)
    topic = f"memory-{uuid.uuid4().hex[:8]}"
    await create_topics(bootstrap, {topic: 1})
    await case.fill(bootstrap, topic)

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        raise Waiting(wait="breaker", why="the ERP is away", after=600)

    limits = WindowLimits(bytes=100_000_000, total_bytes=100_000_000)
    intake = make_intake(settings_for(bootstrap, topic), handle, limits=limits)
    before = rss()
    async with running(intake):
        await until(lambda: bool(intake.health().paused) and intake.health().waiting >= 10_000)
        return f"{intake.health().waiting} orders of 10 KB wait: {before:.0f} MiB before, {rss():.0f} MiB now"


def rss() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


CASES = [
    Case(keys=1000, latency_s=0.01, records=300_000),
    Case(keys=1000, latency_s=0.01, records=300_000, coalesce=64),
    Case(keys=1000, latency_s=0.01, records=300_000, shuffled=True),
    Case(keys=1000, latency_s=0.1, records=100_000),
    Case(keys=100, latency_s=0.005, records=100_000, in_flight=100),
]


async def main(*, with_memory: bool) -> None:
    data = Path(tempfile.mkdtemp(prefix="kafka-"))
    server = KafkaServer(data=data, heap="512m")
    try:
        server.start()
        if with_memory:
            sys.stdout.write(await memory(server.bootstrap) + "\n")
            return
        for case in CASES:
            sys.stdout.write(await case.measure(server.bootstrap) + "\n")
    finally:
        server.kill()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", action="store_true")
    uvloop.run(main(with_memory=parser.parse_args().memory))
