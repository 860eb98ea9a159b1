"""`python -m tests.simulation`: thousands of schedules, or the seeded defects, or one seed again.

Writes build/simulation.json. Returns 1 where a schedule violates something, a named event never happened, or a seeded
defect was not found.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.simulation.campaign import pool, results, smaller
from tests.simulation.course import Result
from tests.simulation.coverage import missing
from tests.simulation.defects import DEFECTS

ROOT = Path(__file__).parents[2]
SHOWN = 3
"""Failures that are shrunk and printed."""
WITHIN = 5_000
"""Schedules within which a seeded defect must be found."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=WITHIN, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the first seed")
    parser.add_argument("--processes", type=int, default=2, metavar="P")
    parser.add_argument("--defects", nargs="*", metavar="NAME", help="find the seeded defects, or those named")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one seed again, and shrink it if it fails")
    wanted = parser.parse_args(arguments)
    console = Console()
    if wanted.replay is not None:
        return _replay(console, wanted.replay)
    if wanted.defects is not None:
        return _find(console, wanted.defects or list(DEFECTS), wanted)
    return _explore(console, wanted)


def _progress(console: Console) -> Progress:
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*parts, console=console)


def _explore(console: Console, wanted: argparse.Namespace) -> int:
    seen: Counter[str] = Counter()
    failed: list[Result] = []
    began = time.monotonic()
    seeds = range(wanted.seed, wanted.seed + wanted.schedules)
    with pool(wanted.processes) as executor, _progress(console) as bar:
        task = bar.add_task("schedules", total=len(seeds))
        for result in results(executor, seeds, processes=wanted.processes):
            seen += result.seen
            if result.wrong:
                failed.append(result)
                bar.console.print(f"seed {result.seed}: {result.wrong[0]}", markup=False, style="red")
            bar.advance(task)
        seconds = time.monotonic() - began
        seeds_shown = [one.seed for one in failed[:SHOWN]]
        small = dict(zip(seeds_shown, executor.map(smaller, seeds_shown), strict=True))
    for seed, (schedule, wrong) in small.items():
        console.rule(f"seed {seed}, shrunk")
        console.print(schedule, *wrong, sep="\n", markup=False, highlight=False)
    never = missing(seen) if wanted.schedules >= 1_000 else []
    _tell(console, seen, never)
    console.print(f"{len(seeds)} schedules in {seconds:.0f} s: {len(failed)} violate something")
    _keep(
        "explored",
        {
            "schedules": len(seeds),
            "first_seed": wanted.seed,
            "seconds": round(seconds, 1),
            "violations": {str(one.seed): one.wrong for one in failed},
            "events": dict(seen.most_common()),
            "never": never,
        },
    )
    return 1 if failed or never else 0


def _tell(console: Console, seen: Counter[str], never: Sequence[str]) -> None:
    table = Table(title="What happened", title_justify="left")
    table.add_column("times", justify="right")
    table.add_column("event")
    for event, times in seen.most_common():
        table.add_row(str(times), event)
    for event in never:
        table.add_row("0", event, style="red")
    console.print(table)


def _find(console: Console, names: Sequence[str], wanted: argparse.Namespace) -> int:
    """How many schedules does it take until each seeded defect is noticed?"""
    took: dict[str, int | None] = {}
    table = Table(title="Seeded defects", title_justify="left")
    for column in ("defect", "rule", "found after", "by"):
        table.add_column(column, justify="right" if column == "found after" else "left")
    seeds = range(wanted.seed, wanted.seed + WITHIN)
    with pool(wanted.processes) as executor, _progress(console) as bar:
        task = bar.add_task("defects", total=len(names))
        for name in names:
            tried, by = 0, ""
            for result in results(executor, seeds, processes=wanted.processes, defect=name, size=2):
                tried += 1
                if result.wrong:
                    by = result.wrong[0]
                    break
            took[name] = tried if by else None
            style = "" if by else "red"
            bar.console.print(f"{name}: {took[name] or 'never found'} {by[:100]}", markup=False, highlight=False)
            table.add_row(name, DEFECTS[name].rule, str(tried) if by else "never", by[:90], style=style)
            bar.advance(task)
    console.print(table)
    _keep("defects", took)
    return 0 if all(took.values()) else 1


def _replay(console: Console, seed: int) -> int:
    with pool(1) as executor:
        result = next(results(executor, range(seed, seed + 1), processes=1))
        _tell(console, result.seen, [])
        console.print(f"seed {seed}: trace {result.trace}, {result.seconds:.0f} virtual seconds")
        if not result.wrong:
            return 0
        console.print(*result.wrong, sep="\n", markup=False)
        schedule, wrong = executor.submit(smaller, seed).result()
    console.rule("shrunk")
    console.print(schedule, *wrong, sep="\n", markup=False, highlight=False)
    return 1


def _keep(part: str, told: object) -> None:
    """Put one part of build/simulation.json in its place."""
    path = ROOT / "build" / "simulation.json"
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**kept, part: told}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
