"""One run after the other: processes up, orders through, samples taken, books judged."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import usage
from benchmarks.database import Postgres
from benchmarks.erp import Erp, erp, orders_in, tally
from benchmarks.oracle import examine, holds, words
from benchmarks.orders import RECORD_BYTES, totals
from benchmarks.product import Product, ProductFailedError, Setup, product
from benchmarks.result import Result, Targets, Verdict, judged
from benchmarks.rival import Rival, running, task_for
from benchmarks.rows import ELEVATED_PER_MINUTE, IN_FLIGHT, LOG_LEVEL, BudgetRow, MemoryRow, RateRow
from benchmarks.sampler import Sampler
from benchmarks.source_topic import topic_of
from benchmarks.window import Sample, Span, figures, gained, steady
from sandbox.kafka_server import KafkaServer

SETTLE_S: Final = 3.0  # after everything is read: what was allocated for reading shows in the memory
ENOUGH: Final = 2  # samples that make a window
FIRST_S: Final = 60.0  # until a consumer has joined and the first order is posted


@dataclass
class Bench:
    """What all runs share: a broker, a database server, a folder."""

    kafka: KafkaServer
    postgres: Postgres
    folder: Path
    run: str
    """Makes names of topics, groups and databases unlike those of any other run."""

    async def topic(self, name: str, orders: int) -> str:
        """Write a topic of orders."""
        topic = f"{self.run}-{name}"
        await topic_of(self.kafka.bootstrap, topic, orders)
        return topic

    @asynccontextmanager
    async def carried(
        self, name: str, topic: str, *, latency_ms: float, tier: str
    ) -> AsyncIterator[tuple[Erp, Product, Sampler]]:
        """Run an ERP and the product before it, sampled."""
        folder = self.folder / name
        database = await self.postgres.fresh(f"{self.run}_{name}")
        async with erp(folder / "erp", latency_ms=latency_ms, tier=tier) as books:
            setup = Setup(
                bootstrap=self.kafka.bootstrap,
                topic=topic,
                database=database,
                erp_port=books.port,
                erp_key=books.key,
                tier=tier,
                in_flight=IN_FLIGHT,
                log_level=LOG_LEVEL,
            )
            if unsafe := await self.postgres.durable():
                raise RuntimeError(unsafe)
            async with product(setup, folder) as ours:
                yield books, ours, self.sampler(books, ours.pid)

    def sampler(self, books: Erp, ours: int, **others: int) -> Sampler:
        """Watch everything that costs."""
        return Sampler(books, {"ours": ours, "postgres": self.postgres.pid, "kafka": self.kafka.pid, **others})


async def rate_run(bench: Bench, row: RateRow, topic: str, result: Result) -> None:
    """Carry every order of a topic, and take the figures from the steady part."""
    async with bench.carried(row.name, topic, latency_ms=row.latency_ms, tier="unlimited") as (books, ours, sampler):
        await sampler.until(lambda sample: sample.posted >= row.orders, alive=ours.check)
        await settled(ours)
        samples = sampler.samples
        result.figures = figures(samples, steady(samples))
        result.throttled = samples[-1].throttled
        result.resident = max(sample.resident for sample in samples)
        dump = await books.dump()
    audited(result, row.orders, dump)
    result.intents = await bench.postgres.intents(f"{bench.run}_{row.name}")
    judged(result, row.targets)


def audited(result: Result, orders: int, dump: Sequence[bytes]) -> None:
    """Hold the ERP's books against what was sent: by our own tally, and by the oracle's reading of every order."""
    result.tally = tally(orders_in(dump), totals(orders))
    found = examine(orders, dump)
    result.verdicts.append(Verdict("the oracle", "no flaw", words(found), holds(found, orders)))


async def settled(ours: Product) -> None:
    """Stop it as a deployment would; it must end by itself and without an error."""
    code = await ours.stop()
    if code:
        raise ProductFailedError(f"orderferry stopped with exit code {code}:\n{ours.tail()}")


async def budget_run(bench: Bench, row: BudgetRow, result: Result) -> None:
    """See how much of the ERP's rate limit is used, and whether it is ever exceeded."""
    topic = await bench.topic(row.name, row.orders)
    async with bench.carried(row.name, topic, latency_ms=row.latency_ms, tier="elevated") as (_, ours, sampler):
        await sampler.until(lambda sample: sample.calls > 0, alive=ours.check, stall_s=FIRST_S)
        start = time.monotonic() + row.settle_s
        span = Span(start, start + row.window_s)
        # A minute may pass without a post where the whole budget was used in one burst.
        await sampler.until(lambda sample: sample.at >= span.end, alive=ours.check, stall_s=90)
        samples = sampler.samples
        calls = gained(samples, span, lambda sample: sample.calls)
        result.figures = figures(samples, span)
        result.calls_per_minute = calls / span.seconds * 60
        if not row.window_s % 60:  # shorter, a burst would look like more than the budget
            result.budget_used = result.calls_per_minute / ELEVATED_PER_MINUTE
        result.throttled = samples[-1].throttled
        result.resident = max(sample.resident for sample in samples)
        if samples[-1].posted >= row.orders:
            result.invalid.append("the orders ran out before the window ended: give it more")
    judged(result, row.targets)


async def memory_run(bench: Bench, row: MemoryRow, result: Result) -> None:
    """Let orders pile up before an ERP that takes long, and look at the memory once all of them were read."""
    topic = await bench.topic(row.name, row.waiting + IN_FLIGHT)
    async with bench.carried(row.name, topic, latency_ms=row.latency_ms, tier="unlimited") as (_, ours, sampler):
        await ours.listening()
        everything = usage.read_bytes(ours.pid) + (row.waiting + IN_FLIGHT) * RECORD_BYTES
        await sampler.until(lambda _: usage.read_bytes(ours.pid) >= everything, alive=ours.check)
        read = sampler.samples[-1]
        await sampler.until(lambda sample: sample.at >= read.at + SETTLE_S, alive=ours.check)
        last = sampler.samples[-1]
        result.resident = max(sample.resident for sample in sampler.samples)
        left = row.waiting + IN_FLIGHT - last.posted
        result.notes.append(f"{left:,} orders were read and not posted when it was measured")
        if left < row.waiting:
            result.invalid.append(f"only {left:,} orders were still waiting: the ERP was too fast")
    judged(result, row.targets)


async def rival_run(bench: Bench, row: RateRow, rival: Rival, topic: str, result: Result) -> None:
    """Let a baseline run for a while on the same topic."""
    name = f"{row.name}-{rival.module.rpartition('.')[2]}-{rival.client}"
    folder = bench.folder / name
    async with erp(folder / "erp", latency_ms=row.latency_ms, tier="unlimited") as books:
        task = await task_for(rival, books, bootstrap=bench.kafka.bootstrap, topic=topic, in_flight=IN_FLIGHT)
        async with running(rival, task, folder) as process:
            sampler = bench.sampler(books, process.process.pid)
            await sampler.until(lambda sample: sample.posted > 0, alive=process.check, stall_s=FIRST_S)
            start = time.monotonic() + row.warm_s
            end = start + row.rivals_s
            await sampler.until(lambda sample: _over(sample, end, row.orders), alive=process.check)
    samples = [sample for sample in sampler.samples if sample.at >= start]
    if len(samples) < ENOUGH:
        raise RuntimeError(f"all {row.orders:,} orders were posted while it warmed up: give it more")
    result.figures = figures(samples, steady(samples))
    result.resident = max(sample.resident for sample in samples)
    judged(result, Targets(least_window_s=row.rivals_s / 2))


def _over(sample: Sample, end: float, orders: int) -> bool:
    """Whether the time is up or the topic empty."""
    return sample.at >= end or sample.posted >= orders
