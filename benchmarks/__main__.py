"""`python -m benchmarks`: run, print, write build/bench.json; exit code 1 where a target is missed or a run invalid."""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.bench import Session, neighbours, scratch
from benchmarks.report import Report, show
from benchmarks.rows import FULL, QUICK
from sandbox.kafka_server import KafkaMissingError


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run: the same rows, small, without targets")
    names = [*FULL.names, *FULL.groups]
    parser.add_argument("--rows", nargs="+", choices=names, default=[], help="only these rows, or groups of rows")
    parser.add_argument("--no-rivals", action="store_true", help="without the baselines")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    parser.add_argument("--folder", type=Path, help="keep data and logs here; default: a new one, deleted at the end")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Run it."""
    options = arguments(argv)
    console = Console(width=None if sys.stdout.isatty() else 160)
    report = Report({}, quick=options.quick)
    rows = QUICK if options.quick else FULL
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    try:
        with scratch(options.folder) as folder, neighbours(folder) as bench:
            session = Session(bench, report, options.out, console)
            asyncio.run(session.run(rows, rows.wanted(options.rows), rivals=not options.no_rivals))
    except KafkaMissingError as error:
        console.print(f"the bench did not run: {error}", style="red", markup=False)
        report.conditions["failed"] = str(error)
    finally:
        report.write(options.out)
    show(report, console)
    drawing = (sys.executable, "-m", "benchmarks.plots", str(options.out), "--out", str(options.out.parent))
    subprocess.run(drawing, check=False)  # noqa: S603  our own words; matplotlib stays out of what measures
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
