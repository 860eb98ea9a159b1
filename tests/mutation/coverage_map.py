"""Which test reaches which line: found once, so that a defect meets only the tests that can notice it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import coverage
import pytest

from tests.mutation.running import run_item

Lines = dict[str, dict[int, list[int]]]
"""By file and line, the numbers of the tests that run it."""


def measure(items: Sequence[pytest.Item], files: Sequence[Path], report: Path) -> bool:
    """Run every test once and write down what it reaches and how long it takes; returns whether all passed."""
    watch = coverage.Coverage(data_file=None, config_file=False, include=[str(path) for path in files])
    watch.start()
    seconds = []
    for number, item in enumerate(items):
        watch.switch_context(str(number))
        began = time.perf_counter()
        if not run_item(item, items[number + 1] if number + 1 < len(items) else None):
            report.write_text(json.dumps({"failed": item.nodeid}))
            return False
        seconds.append(time.perf_counter() - began)
    watch.stop()
    data = watch.get_data()
    lines = {
        str(path): {
            line: [int(context) for context in contexts if context]
            for line, contexts in data.contexts_by_lineno(str(path)).items()
        }
        for path in files
    }
    report.write_text(json.dumps({"lines": lines, "seconds": seconds}))
    return True


class Map:
    """What was measured."""

    def __init__(self, report: Path) -> None:
        found = json.loads(report.read_text())
        self.failed: str = found.get("failed", "")
        self._lines: dict[str, dict[str, list[int]]] = found.get("lines", {})
        self._seconds: list[float] = found.get("seconds", [])

    def tests(self, path: Path, *, lines: range, function: range) -> list[int]:
        """The tests that run this function, those that run these lines first, the quick ones before the slow."""
        here = self._reaching(path, lines)
        return sorted(self._reaching(path, function), key=lambda test: (test not in here, self._seconds[test]))

    def times_of(self, tests: Sequence[int]) -> list[float]:
        """How long each of them takes as it is, in seconds."""
        return [self._seconds[test] for test in tests]

    def _reaching(self, path: Path, lines: range) -> set[int]:
        by_line = self._lines.get(str(path), {})
        return {test for line in lines for test in by_line.get(str(line), [])}
