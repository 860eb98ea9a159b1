"""One run of the engine after the other: a topic, a consumer as a process of its own, samples, books."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.engine.books import flaws
from benchmarks.engine.carrier import EVERY_S
from benchmarks.engine.child import ROOT, Account, Consumer, consumer
from benchmarks.engine.contenders import OURS, Contender
from benchmarks.engine.delays import delays_by_class
from benchmarks.engine.keys import Pattern
from benchmarks.engine.parallel_consumer import CannotBeHadError
from benchmarks.engine.rows import IN_FLIGHT, OpenRow, PoisonRow, RebalanceRow, SaturatedRow
from benchmarks.engine.task import Task
from benchmarks.engine.topics import Filling, fill
from benchmarks.result import Result, Targets, Verdict, judged
from benchmarks.runs import Bench
from benchmarks.source_topic import PARTITIONS
from benchmarks.window import Figures, Sample, Span, figures
from sandbox.kafka_server import create_topics

DEAD_LETTERS: Final = "dead-letters"


@dataclass
class Engine:
    """What all runs of the engine share."""

    bench: Bench
    _topics: dict[Filling, str] = field(default_factory=dict)
    _groups: int = 0

    async def topic(self, filling: Filling) -> str:
        """Return a topic that is full; the first call fills it."""
        if filling not in self._topics:
            topic = f"{self.bench.run}-{filling.name}"
            await fill(self.bench.kafka.bootstrap, topic, filling)
            self._topics[filling] = topic
        return self._topics[filling]

    async def task(self, topic: str, *, keys: int, latency_ms: float, delays: str = "", marks: str = "") -> Task:
        """Say to a consumer, in a group of its own, what it has to do."""
        self._groups += 1
        letters = f"{self.bench.run}-{DEAD_LETTERS}"
        await create_topics(self.bench.kafka.bootstrap, {letters: 1})
        return Task(
            bootstrap=self.bench.kafka.bootstrap,
            topic=topic,
            group=f"{topic}-{self._groups}",
            keys=keys,
            latency_ms=latency_ms,
            in_flight=IN_FLIGHT,
            partitions=PARTITIONS,
            dead_letters=letters,
            delays=delays,
            marks=marks,
        )

    @asynccontextmanager
    async def running(self, contender: Contender, task: Task, name: str = "consumer") -> AsyncIterator[Consumer]:
        """Run a consumer beside broker and database."""
        neighbours = {"kafka": self.bench.kafka.pid, "postgres": self.bench.postgres.pid}
        log = self.bench.folder / f"{task.group}-{name}.log"
        async with consumer(contender.command(task), log, neighbours) as one:
            yield one

    async def committed(self, task: Task) -> int:
        """Ask the broker how far a group has come, all partitions together."""
        admin = AIOKafkaAdminClient(bootstrap_servers=task.bootstrap)
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(task.group)
        finally:
            await admin.close()
        return sum(int(at.offset) for at in found.values() if at.offset >= 0)


async def measured(
    engine: Engine, contender: Contender, task: Task, *, warm_s: float, window_s: float, count: int
) -> tuple[Figures, Sequence[Sample], Account]:
    """Let a consumer run for a while on a full topic, and take the figures from behind its start."""
    async with engine.running(contender, task) as one:
        await one.until(lambda sample: sample.posted > 0)
        start = one.samples[-1].at + warm_s
        end = start + window_s
        await one.until(lambda sample: sample.at >= end or sample.posted >= count)
        samples = list(one.samples)
        account = await one.stop()
    if samples[-1].at < end:
        raise RuntimeError(f"all {count:,} records were carried before {warm_s + window_s:g} s: give it more")
    return figures(samples, Span(start, end)), samples, account


async def saturated_run(engine: Engine, row: SaturatedRow, contender: Contender, result: Result) -> None:
    """Carry a full topic as fast as it goes."""
    topic = await engine.topic(row.filling)
    task = await engine.task(topic, keys=row.filling.keys, latency_ms=row.latency_ms)
    try:
        contender.command(task)
    except CannotBeHadError as error:
        result.notes.append(f"it could not be had: {error}")
        return
    result.figures, samples, account = await measured(
        engine, contender, task, warm_s=row.warm_s, window_s=row.window_s, count=row.filling.count
    )
    result.resident = max(sample.resident for sample in samples)
    found = flaws([account.runs])
    if contender is OURS:
        result.verdicts += [_order(found), _committed(await engine.committed(task), account.carried)]
        result.notes.append(f"a call took {account.late_us:.0f} µs longer than {row.latency_ms:g} ms, on average")
        judged(result, row.targets)
        return
    disordered = account.disordered + found["out of order"]
    result.notes.append(f"promises {contender.keeps}; records after a later one of their key: {disordered:,}")
    judged(result, Targets(least_window_s=0))


async def poison_run(engine: Engine, row: PoisonRow, result: Result) -> None:
    """Compare healthy records a second with and without poison, in pairs, each time in the other order."""
    costs = []
    for number in range(row.pairs):
        rates = {}
        for poison in (False, True) if number % 2 else (True, False):
            filling = row.filling(poison=poison)
            task = await engine.task(await engine.topic(filling), keys=row.keys, latency_ms=row.latency_ms)
            found, _, account = await measured(
                engine, OURS, task, warm_s=row.warm_s, window_s=row.window_s, count=row.count * 98 // 100
            )
            rates[poison] = found.rate
            result.figures = found
            result.verdicts += [one for one in (_order(flaws([account.runs])),) if not one.met]
        costs.append(1 - rates[True] / rates[False])
        result.notes.append(
            f"pair {number + 1}: {rates[False]:,.0f} healthy records/s without, {rates[True]:,.0f} with"
        )
    cost = median(costs)
    shown = f"{cost:.1%} (from {min(costs):.1%} to {max(costs):.1%})"
    result.notes.append(f"1 % poison costs the healthy records {shown}")
    if row.most is not None:
        what = f"cost of 1 % poison to healthy keys, median of {row.pairs} pairs"
        result.verdicts.append(Verdict(what, f"<= {row.most:.0%}", shown, cost <= row.most))


async def rebalance_run(engine: Engine, row: RebalanceRow, result: Result) -> None:
    """Let a second process join in the middle and leave again; between them nothing is lost, doubled or overtaken."""
    topic = await engine.topic(row.filling)
    marks = engine.bench.folder / f"{row.name}-marks"
    marks.mkdir(exist_ok=True)
    task = await engine.task(topic, keys=row.filling.keys, latency_ms=row.latency_ms, marks=str(marks))
    async with engine.running(OURS, task) as first:
        await first.until(lambda sample: sample.posted > 0)
        begin = first.samples[-1].at
        await first.until(lambda sample: sample.at >= begin + row.alone_s)
        async with engine.running(OURS, task, "second") as second:
            listening = asyncio.create_task(first.until(lambda _: _gone(second)))
            await second.until(lambda sample: sample.posted > 0)
            joined = second.samples[-1].at
            await second.until(lambda sample: sample.at >= joined + row.both_s)
            left = second.samples[-1].at
            others = await second.stop()
            await listening
        await first.until(lambda sample: sample.at >= left + row.alone_s)
        samples = list(first.samples)
        account = await first.stop()
    result.figures = figures(samples, Span(begin, samples[-1].at))
    found = flaws([account.runs, others.runs])
    result.verdicts += [_order(found), _committed(await engine.committed(task), account.carried + others.carried)]
    alone = figures(samples, Span(begin, begin + row.alone_s)).rate
    after = figures(samples, Span(samples[-1].at - row.alone_s / 2, samples[-1].at)).rate
    pause = longest_pause(samples) + EVERY_S
    result.notes.append(
        f"{alone:,.0f} records/s alone, {after:,.0f} alone again; the first stood still for at most {pause:.1f} s; "
        f"the second carried {others.carried:,} records in {left - joined:.0f} s"
    )


def _gone(one: Consumer) -> bool:
    return one.process.returncode is not None


def longest_pause(samples: Sequence[Sample]) -> float:
    """Return the longest time in which nothing was carried, as far as samples tell. Pure."""
    longest, since, last = 0.0, samples[0].at, samples[0].posted
    for sample in samples:
        if sample.posted > last:
            since, last = sample.at, sample.posted
        longest = max(longest, sample.at - since)
    return longest


async def open_run(engine: Engine, row: OpenRow, result: Result) -> None:
    """Send by the clock: keys by Zipf, and all alike, at one rate; delays count from when a record was meant to go.

    In pairs, each time in the other order: what the machine does besides lengthens the tail of one run, not of all.
    """
    costs = []
    for number in range(row.pairs):
        for pattern in (Pattern.ZIPF, Pattern.RANDOM) if number % 2 else (Pattern.RANDOM, Pattern.ZIPF):
            delays = await _delays(
                engine, row, pattern, f"{engine.bench.run}-{row.name}-{number}-{pattern.value}", result
            )
            result.delays |= {f"{pattern.value} {name}": values for name, values in delays.items()}
        beside, alike = result.delays["zipf cold"]["p99"], result.delays["random cold"]["p99"]
        costs.append(beside / alike)
        result.notes.append(
            f"pair {number + 1}: p99 of cold keys {beside:.1f} ms beside hot ones, {alike:.1f} ms alike"
        )
    if row.most is not None:
        cost = median(costs)
        shown = f"{cost:.2f} (from {min(costs):.2f} to {max(costs):.2f})"
        what = f"p99 of cold keys beside hot ones, over uniform keys, median of {row.pairs} pairs"
        result.verdicts.append(Verdict(what, f"<= {row.most:g}", shown, cost <= row.most))


async def _delays(
    engine: Engine, row: OpenRow, pattern: Pattern, topic: str, result: Result
) -> dict[str, dict[str, float]]:
    await create_topics(engine.bench.kafka.bootstrap, {topic: PARTITIONS})
    path = engine.bench.folder / f"{topic}.json"
    task = await engine.task(topic, keys=row.keys, latency_ms=row.latency_ms, delays=str(path))
    skipped = round(row.rate * row.warm_s)
    count = skipped + round(row.rate * row.window_s)
    async with engine.running(OURS, task) as one:
        await one.next()
        await _loaded(one, task, row, pattern, count)
        samples = list(one.samples)
        account = await one.stop()
    result.verdicts += [found for found in (_order(flaws([account.runs])),) if not found.met]
    result.figures = figures(samples, Span(samples[-1].at - row.window_s, samples[-1].at))
    return delays_by_class(path, keys=row.keys, skipped=skipped)


async def _loaded(one: Consumer, task: Task, row: OpenRow, pattern: Pattern, count: int) -> None:
    options = ("--pattern", pattern.value, "--keys", str(row.keys), "--rate", f"{row.rate:.6f}", "--count", str(count))
    load = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.engine.load", task.bootstrap, task.topic, *options, cwd=ROOT
    )
    try:
        await one.until(lambda sample: sample.posted >= count)
        if await load.wait():
            raise RuntimeError("the load did not get its records through")
    finally:
        if load.returncode is None:
            load.kill()
            await load.wait()


def _order(found: dict[str, int]) -> Verdict:
    wrong = ", ".join(f"{count:,} {name}" for name, count in found.items() if count)
    return Verdict("every record once, in the order of its key", "no flaw", wrong or "no flaw", not wrong)


def _committed(committed: int, carried: int) -> Verdict:
    return Verdict("committed offsets", f"{carried:,}", f"{committed:,}", committed == carried)
