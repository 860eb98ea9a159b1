"""The whole bench: a broker and a database, then row by row."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import uuid
from collections.abc import Awaitable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.database import postgres
from benchmarks.engine import part
from benchmarks.engine.parallel_consumer import version as parallel_version
from benchmarks.engine.record import SIZE
from benchmarks.engine.rows import IN_FLIGHT as ENGINE_IN_FLIGHT
from benchmarks.engine.runs import Engine
from benchmarks.live.run import open_run
from benchmarks.orders import BUYERS, LINES, RECORD_BYTES
from benchmarks.product import AT_WORK, KEYS
from benchmarks.report import Report
from benchmarks.result import Result, Targets, beside
from benchmarks.rival import AFTERNOON_AIOHTTP, RIVALS
from benchmarks.rows import IN_FLIGHT, LOG_LEVEL, RateRow, Rows
from benchmarks.runs import Bench, budget_run, memory_run, rate_run, rival_run
from benchmarks.source_topic import PARTITIONS
from sandbox.kafka_server import KafkaServer
from sandbox.kafka_server import version as kafka_version


@dataclass
class Session:
    """Runs the wanted rows, and writes down after each what is known."""

    bench: Bench
    report: Report
    out: Path
    console: Console

    async def run(self, rows: Rows, wanted: Collection[str], *, rivals: bool) -> None:
        """Run row by row."""
        self.report.conditions = {"rows": ", ".join(wanted), **await _conditions(self.bench)}
        for row in rows.rates:
            if row.name in wanted:
                await self._rate(row, rivals=rivals)
        if rows.budget.name in wanted:
            result = rows.budget.result()
            await self.noted(result, budget_run(self.bench, rows.budget, result))
        if rows.memory.name in wanted:
            result = rows.memory.result()
            await self.noted(result, memory_run(self.bench, rows.memory, result))
        if rows.opened.name in wanted:
            await self._open(rows)
        await part.run(Engine(self.bench), rows.engine, wanted, self.noted, rivals=rivals)
        self.report.complete = True
        self.report.write(self.out)

    async def _rate(self, row: RateRow, *, rivals: bool) -> None:
        """Carry one topic with the product, then with the baselines."""
        self.console.print(f"writing {row.orders:,} orders of {RECORD_BYTES:,} bytes ...", style="dim")
        topic = await self.bench.topic(row.name, row.orders)
        result = row.result()
        await self.noted(result, rate_run(self.bench, row, topic, result))
        for rival in RIVALS if rivals else ():
            other = row.beside(rival)
            await self.noted(other, rival_run(self.bench, row, rival, topic, other))
            if rival is AFTERNOON_AIOHTTP:
                beside(result, other, row.targets)

    async def _open(self, rows: Rows) -> None:
        """Find out the most, where it is not known yet, and send a share of it by the clock."""
        row = rows.opened
        rates = [one.figures.rate for one in self.report.results if _saturated(one, row.latency_ms) and one.figures]
        if not rates:
            most = RateRow("most", row.latency_ms, row.saturation, Targets(least_window_s=0), rivals_s=0)
            await self._rate(most, rivals=False)
            found = self.report.results[-1].figures
            rates = [found.rate] if found is not None else []
        result = row.result()
        if rates:
            await self.noted(result, open_run(self.bench, row, row.load * rates[-1], result))

    async def noted(self, result: Result, run: Awaitable[None]) -> None:
        """Keep what came of a run, also where nothing did: the next is a run of its own."""
        self.console.print(f"{result.name} ...", style="dim", markup=False)
        self.report.results.append(result)
        result.error = "it was interrupted"  # until it ends
        try:
            await run
            result.error = ""
        except Exception as error:  # noqa: BLE001  whatever it is, it is this line's result
            result.error = f"{type(error).__name__}: {error}"
            self.console.print(result.error, style="red", markup=False)
        self.report.write(self.out)


def _saturated(result: Result, latency_ms: float) -> bool:
    return result.kind == "rate" and result.conditions.part == "path" and result.conditions.latency_ms == latency_ms


@contextmanager
def neighbours(folder: Path) -> Iterator[Bench]:
    """Start a broker and a database server, and stop them at the end."""
    kafka = KafkaServer(data=folder / "kafka", heap="768m")
    kafka.start()
    try:
        with postgres(folder / "postgres") as database:
            yield Bench(kafka, database, folder, f"bench{uuid.uuid4().hex[:8]}")
    finally:
        kafka.kill()


@contextmanager
def scratch(given: Path | None) -> Iterator[Path]:
    """Use a folder and leave it, or make one and delete it."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="orderferry-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _conditions(bench: Bench) -> dict[str, Any]:
    """Say under what everything is measured."""
    return {
        "machine": f"{os.cpu_count()} cores for everything: product, ERP, Kafka, PostgreSQL and this bench",
        "python": platform.python_version(),
        "orderferry": version("orderferry"),
        "kafka": f"Apache Kafka {kafka_version()}, one node, {PARTITIONS} partitions, records uncompressed",
        "postgresql": await bench.postgres.settings(),
        "erp": "sandbox.arcus, a process of its own; invoices post at create, so that an order is one call",
        "records": f"raw Shopify orders of {RECORD_BYTES:,} bytes, {LINES} lines, tax, shipping, a discount",
        "keys": f"every order its own key, {KEYS:,} and more open, {AT_WORK} at work; {BUYERS} buyers of one address",
        "in flight": IN_FLIGHT,
        "intents": "one an order, counted in the ledger after the run; so is every account that had to be made",
        "engine": f"records of {SIZE} bytes, {ENGINE_IN_FLIGHT:,} in flight, one call a record, a timer as the ERP, no "
        "ledger; the ceiling is that of the very sequence of keys, for a window as long as ours",
        "rivals of the engine": f"FastStream {version('faststream')}, aiokafka {version('aiokafka')}, "
        f"Parallel Consumer {parallel_version()}, each a process of its own on the same topic",
        "log level": LOG_LEVEL,
        "window": "without the first and the last 10 % of the orders",
    }
