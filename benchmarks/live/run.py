"""One run under a load by the clock, at a share of what the path carried at most."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.erp import ROOT, erp
from benchmarks.live.journey import WIRE, delays, first_calls, first_reads
from benchmarks.orders import totals
from benchmarks.product import Setup, product
from benchmarks.result import Result, Targets, Verdict, judged
from benchmarks.rows import IN_FLIGHT, LOG_LEVEL, OpenRow
from benchmarks.runs import Bench, audited, settled
from benchmarks.source_topic import topic_of
from benchmarks.window import Span, figures

START_S: Final = 60.0
WARM_UP: Final = 200
"""Orders before the clock runs: every buyer has an account, every connection is open."""


async def open_run(bench: Bench, row: OpenRow, rate: float, result: Result) -> None:
    """Send orders by the clock; delays count from when an order was meant to leave."""
    folder = bench.folder / row.name
    folder.mkdir(parents=True, exist_ok=True)
    topic = f"{bench.run}-{row.name}"
    await topic_of(bench.kafka.bootstrap, topic, WARM_UP)
    came, handed = folder / "came.json", folder / "handed.json"
    count = round(rate * (row.warm_s + row.window_s))
    result.conditions = replace(result.conditions, orders=WARM_UP + count)
    database = await bench.postgres.fresh(f"{bench.run}_{row.name}")
    noting = (sys.executable, "-m", "benchmarks.live.noting", str(came))
    async with erp(folder / "erp", latency_ms=row.latency_ms, tier="unlimited", command=noting) as books:
        setup = Setup(
            bootstrap=bench.kafka.bootstrap,
            topic=topic,
            database=database,
            erp_port=books.port,
            erp_key=books.key,
            tier="unlimited",
            in_flight=IN_FLIGHT,
            log_level=LOG_LEVEL,
        )
        observed = (sys.executable, "-m", "benchmarks.live.observed", str(handed))
        async with product(setup, folder, command=observed) as ours:
            sampler = bench.sampler(books, ours.pid, load=0)
            await sampler.until(lambda sample: sample.posted >= WARM_UP, alive=ours.check)
            async with _load(bench.kafka.bootstrap, topic, rate, count) as load:
                sampler.watch("load", load.process.pid)
                began = await load.began()
                await sampler.until(lambda sample: sample.posted >= WARM_UP + count, alive=ours.check)
            await settled(ours)
        dump = await books.dump()
        await books.stop()
    audited(result, WARM_UP + count, dump)
    result.intents = await bench.postgres.intents(f"{bench.run}_{row.name}")
    start = began / 1e9 + row.warm_s
    result.figures = figures(sampler.samples, Span(start, start + row.window_s))
    result.resident = max(sample.resident for sample in sampler.samples)
    result.delays = delays(
        list(totals(count, first=WARM_UP)),
        began_ns=began,
        rate=rate,
        reads=first_reads(json.loads(handed.read_text(encoding="utf-8"))),
        calls=first_calls(json.loads(came.read_text(encoding="utf-8"))),
        skipped=round(rate * row.warm_s),
    )
    result.notes.append(f"{rate:,.0f} orders a second by the clock, {row.load:.0%} of what it carries at most")
    if row.targets:
        result.verdicts += wire_verdicts(result.delays)
    judged(result, Targets(least_window_s=row.window_s / 2))


def wire_verdicts(found: dict[str, dict[str, float]]) -> list[Verdict]:
    """Judge how long a record waits in us. Pure."""
    wire = found[WIRE]
    return [
        Verdict(f"from getmany to the wire, {name}", f"<= {most} ms", f"{wire[name]:.1f} ms", wire[name] <= most)
        for name, most in (("p50", 5), ("p99", 20))
    ]


@dataclass
class _Load:
    process: asyncio.subprocess.Process

    async def began(self) -> int:
        if self.process.stdout is None:
            raise RuntimeError("the load has no standard output")
        line = await asyncio.wait_for(self.process.stdout.readline(), START_S)
        if not line:
            raise RuntimeError("the load did not begin")
        said: dict[str, Any] = json.loads(line)
        return int(said["began_ns"])


@asynccontextmanager
async def _load(bootstrap: str, topic: str, rate: float, count: int) -> AsyncIterator[_Load]:
    options = (bootstrap, topic, f"{rate:.6f}", str(count), str(WARM_UP))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.live.load", *options, stdout=PIPE, cwd=ROOT
    )
    try:
        yield _Load(process)
        if await process.wait():
            raise RuntimeError("the load did not get its orders through")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
