"""The table, the ratios, the verdicts, and build/bench.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.percentiles import SHOWN
from benchmarks.result import MIB, Result

COLUMNS = (
    "run",
    "a second",
    "of ceiling",
    "CPU each",
    "PostgreSQL",
    "Kafka",
    "ERP core",
    "others",
    "RSS MiB",
    "429",
    "window",
)


PARTS = {
    "path": "Kafka to ERP, over real HTTP; CPU in µs an order",
    "engine": "The engine by itself, before a timer; CPU in µs a record",
}


@dataclass
class Report:
    """Everything that was measured, and under what."""

    conditions: dict[str, Any]
    results: list[Result] = field(default_factory=list)
    quick: bool = False
    complete: bool = False
    """Whether every row that was wanted has had its turn."""

    @property
    def good(self) -> bool:
        """Whether the product ran validly and met every target; a baseline only has to have run."""
        return (
            self.complete
            and bool(self.results)
            and all(not result.error if result.kind == "baseline" else result.good for result in self.results)
        )

    def document(self) -> dict[str, Any]:
        """Return what bench.json holds."""
        return {
            "good": self.good,
            "complete": self.complete,
            "quick": self.quick,
            "conditions": self.conditions,
            "ratios": ratios(self.results),
            "results": [result.report() for result in self.results],
        }

    def write(self, path: Path) -> None:
        """Write bench.json; called after each run, so that a failure leaves what was known."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.document(), indent=2, default=_plain) + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def ratios(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Return our rate and CPU beside each baseline's in the same row; above 1 we are faster, or cost more. Pure."""
    found: dict[str, dict[str, float]] = {}
    ours = {_row(result): result for result in results if result.kind == "rate"}
    for rival in results:
        mine = ours.get(_row(rival))
        if rival.kind != "baseline" or rival.figures is None or mine is None or mine.figures is None:
            continue
        rate, cpu = rival.figures.rate, rival.figures.micros("ours")
        if rate and cpu:
            found[rival.name] = {
                "rate": mine.figures.rate / rate,
                "cpu": mine.figures.micros("ours") / cpu,
            }
    return found


def _row(result: Result) -> tuple[str, float, int, str]:
    one = result.conditions
    return one.part, one.latency_ms, one.keys, one.sequence


def show(report: Report, console: Console) -> None:
    """Print it all."""
    for table in _tables(report.results):
        console.print(table)
    console.print(_verdicts(report.results))
    for name, ratio in ratios(report.results).items():
        console.print(f"orderferry beside the {name}: {ratio['rate']:.2f} x the rate, {ratio['cpu']:.2f} x the CPU")
    for result in report.results:
        for line in (*result.notes, *(f"INVALID: {why}" for why in result.invalid)):
            console.print(f"{result.name}: {line}", markup=False)
        if result.error:
            console.print(f"{result.name} FAILED: {result.error}", markup=False, style="red")
    for line in _words(report.conditions):
        console.print(line, markup=False, style="dim")
    console.print(f"good: {report.good}" + (" (smoke run: no targets)" if report.quick else ""))


def _tables(results: Sequence[Result]) -> Iterator[Table]:
    for part, title in PARTS.items():
        if found := [result for result in results if result.conditions.part == part]:
            yield _figures(found, title)
    if any(result.delays for result in results):
        yield _delays(results)


def _figures(results: Sequence[Result], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "run" else "right")
    for result in results:
        table.add_row(result.name, *_cells(result))
    return table


def _cells(result: Result) -> tuple[str, ...]:
    figures = result.figures
    memory = "" if result.resident is None else f"{result.resident / MIB:.0f}"
    if figures is None:
        return (*[""] * 7, memory, "", "")
    bounded = result.kind == "budget"
    share = result.budget_used if bounded else result.efficiency
    return (
        f"{figures.rate:,.0f}",
        "" if share is None else f"{share:.1%}" + (" of budget" if bounded else ""),
        f"{figures.micros('ours'):,.0f}",
        f"{figures.micros('postgres'):,.0f}" if "postgres" in figures.cpu else "not here",
        f"{figures.micros('kafka'):,.0f}" if "kafka" in figures.cpu else "not here",
        f"{figures.share('erp'):.0%}",
        f"{figures.strangers:.0%}",
        memory,
        str(result.throttled),
        f"{figures.seconds:.0f} s",
    )


def _delays(results: Sequence[Result]) -> Table:
    table = Table(title="Delays in ms, from the moment that was meant", title_justify="left")
    for column in ("run", "what", "count", *SHOWN):
        table.add_column(column, justify="left" if column in {"run", "what"} else "right")
    for result in results:
        for name, found in result.delays.items():
            cells = (f"{found[shown]:,.1f}" for shown in SHOWN) if found else ()
            table.add_row(result.name, name, f"{found.get('count', 0):,.0f}", *cells)
    return table


def _verdicts(results: Sequence[Result]) -> Table:
    table = Table(title="Targets", title_justify="left")
    for column in ("run", "what", "wanted", "measured", ""):
        table.add_column(column)
    for result in results:
        for verdict in result.verdicts:
            word = "[green]met[/]" if verdict.met else "[red]MISSED[/]"
            table.add_row(result.name, verdict.what, verdict.wanted, verdict.measured, word)
    return table


def _words(conditions: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {value}" for name, value in conditions.items()]
