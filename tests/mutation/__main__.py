"""`python -m tests.mutation [FIELD ...]`: how many generated defects do the tests find? Writes build/mutants.json."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sandbox.postgres_server import PostgresServer
from tests.mutation.fields import FIELDS, LEAST, ROOT, Field
from tests.mutation.trial import FIELD, REPORT

MEMORY = Path("/dev/shm")  # noqa: S108  a folder with a name of its own is made there; disks wait for every commit
Results = list[dict[str, object]]
PYTEST = (
    "-m",
    "pytest",
    "-q",
    "-s",
    "-p",
    "no:cacheprovider",
    "-p",
    "tests.mutation.trial",
    "-o",
    "tmp_path_retention_policy=failed",
)


@contextmanager
def postgres() -> Iterator[str]:
    """A server for all processes that are forked for the defects: a given one, or one of our own."""
    if given := os.environ.get("POSTGRES_URL"):
        yield given
        return
    server = PostgresServer()
    try:
        yield server.url
    finally:
        server.close()


def tried(field: Field, postgres_url: str) -> Results:
    """Try one field in a process of its own, whose standard error says how far it is."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        report = Path(folder) / "report.json"
        ours = {
            FIELD: field.name,
            REPORT: str(report),
            "TMPDIR": folder,
            "POSTGRES_URL": postgres_url,
            "PYTHONHASHSEED": "0",
        }
        done = subprocess.run(
            [sys.executable, *PYTEST, *field.tests],
            env={**os.environ, **ours},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if not report.exists():
            raise SystemExit(f"{field.name}: no trial took place\n{done.stdout[-3000:]}")
        found: Results = json.loads(report.read_text())
        return found


def share(results: Results) -> float:
    """Which part of the defects was noticed."""
    return sum(bool(one["found"]) for one in results) / len(results) if results else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Try fields, say what survived, and return 1 where too much did."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("fields", nargs="*", metavar="FIELD", help=", ".join(field.name for field in FIELDS))
    wanted = parser.parse_args(arguments).fields
    console = Console()
    table = Table(title="Defects that the tests find", title_justify="left")
    for column in ("module", "defects", "found", "share"):
        table.add_column(column, justify="left" if column == "module" else "right")
    everything: dict[str, Results] = {}
    with postgres() as url:
        for field in (field for field in FIELDS if not wanted or field.name in wanted):
            everything[field.name] = tried(field, url)
    for name, results in everything.items():
        for file in dict.fromkeys(one["file"] for one in results):
            _row(table, f"  {file}", [one for one in results if one["file"] == file])
        _row(table, name, results)
        table.add_section()
    _survivors(console, everything)
    console.print(table)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "mutants.json").write_text(json.dumps(everything, indent=1))
    low = [name for name, results in everything.items() if share(results) < LEAST]
    if low:
        console.print(f"fewer than {LEAST:.0%} were found in: {', '.join(low)}")
    return 1 if low else 0


def _row(table: Table, name: str, results: Results) -> None:
    found = sum(bool(one["found"]) for one in results)
    table.add_row(name, str(len(results)), str(found), f"{share(results):.1%}")


def _survivors(console: Console, everything: dict[str, Results]) -> None:
    for one in (one for results in everything.values() for one in results if not one["found"]):
        place = f"{one['file']}:{one['line']}"
        console.print(f"{place} {one['function']}: {one['what']}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(main())
