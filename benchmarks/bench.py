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
from benchmarks.orders import BUYERS, LINES, RECORD_BYTES
from benchmarks.product import KEYS
from benchmarks.report import Report
from benchmarks.result import Result
from benchmarks.rival import RIVALS
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
            await self._noted(result, budget_run(self.bench, rows.budget, result))
        if rows.memory.name in wanted:
            result = rows.memory.result()
            await self._noted(result, memory_run(self.bench, rows.memory, result))
        self.report.complete = True
        self.report.write(self.out)

    async def _rate(self, row: RateRow, *, rivals: bool) -> None:
        """Carry one topic with the product, then with the baselines."""
        self.console.print(f"writing {row.orders:,} orders of {RECORD_BYTES:,} bytes ...", style="dim")
        topic = await self.bench.topic(row.name, row.orders)
        result = row.result()
        await self._noted(result, rate_run(self.bench, row, topic, result))
        for rival in RIVALS if rivals else ():
            beside = row.beside(rival)
            await self._noted(beside, rival_run(self.bench, row, rival, topic, beside))

    async def _noted(self, result: Result, run: Awaitable[None]) -> None:
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
        "keys": f"every order its own key, {KEYS:,} of them open at once; {BUYERS} buyers with one address each",
        "in flight": IN_FLIGHT,
        "intents": "one an order, counted in the ledger after the run; so is every account that had to be made",
        "log level": LOG_LEVEL,
        "window": "without the first and the last 10 % of the orders",
    }
