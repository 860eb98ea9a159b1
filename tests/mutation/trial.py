"""The pytest plugin that tries a field's defects: collects once, then forks a process for each defect.

With MUTANT=path:number in the environment it only loads that one module with that one defect, for code that runs at
import.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.mutation.coverage_map import Map, measure
from tests.mutation.defect import Defective, exchange
from tests.mutation.fields import FIELDS, ROOT, Field
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.running import Job, Outcome, results, run_until_failure

ONE, FIELD, REPORT = "MUTANT", "MUTATION_FIELD", "MUTATION_REPORT"
AT_ONCE = 2
SLOWER, MORE_S = 10, 3.0
"""With a defect a test may take ten times as long as without and this much more; then it counts as noticed."""
FRESH_S, MEASURE_S = 120.0, 1_800.0
"""What a pytest of its own has beside that, to start; and what all tests of a field may take, watched."""
TELL_EVERY = 50
Place = tuple[Path, Mutant] | None
"""None: without any defect."""

settings.register_profile(
    "mutants", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("mutants")

if given := os.environ.get(ONE):
    _path, _, _number = given.rpartition(":")
    Defective(Path(_path), int(_number), ROOT).install()


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Instead of running the tests once, run them for every defect."""
    if FIELD not in os.environ:
        return None
    field = next(field for field in FIELDS if field.name == os.environ[FIELD])
    told = Trial(field, session.items).run()
    Path(os.environ[REPORT]).write_text(json.dumps(told))
    return True


class Trial:
    """One field, with its tests collected."""

    def __init__(self, field: Field, items: list[pytest.Item]) -> None:
        self._field = field
        self._items = items

    def run(self) -> list[dict[str, object]]:
        """Try every defect; returns one line for each."""
        sys.stderr.write(f"{self._field.name}: {len(self._items)} tests, first without any defect\n")
        sys.stderr.flush()
        reach = self._measured()
        told: dict[tuple[Path, Mutant], Outcome] = {}
        jobs = list(self._jobs(reach))
        for place, outcome in results(jobs, at_once=AT_ONCE):
            if place is None and outcome is not Outcome.SURVIVED:
                raise pytest.UsageError(f"{self._field.name} cannot be tried: without a defect it is {outcome.name}")
            if outcome is Outcome.BROKEN:
                raise pytest.UsageError(f"{self._field.name} cannot be tried: {place} is broken")
            if place is not None:
                told[place] = outcome
                self._tell(told, len(jobs) - 1)
        ordered = sorted(told.items(), key=lambda one: (one[0][0], one[0][1].number))
        return [
            {"file": str(path.relative_to(ROOT)), **asdict(mutant), "outcome": outcome.name, "found": outcome.noticed}
            for (path, mutant), outcome in ordered
        ]

    def _tell(self, told: dict[tuple[Path, Mutant], Outcome], jobs: int) -> None:
        """Say how far it is, now and then."""
        if len(told) % TELL_EVERY == 0 or len(told) == jobs:
            missed = sum(not outcome.noticed for outcome in told.values())
            sys.stderr.write(f"{self._field.name}: {len(told)} of {jobs} tried, {missed} not noticed\n")
            sys.stderr.flush()

    def _measured(self) -> Map:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "map.json"

            def work() -> Outcome:
                passed = measure(self._items, self._field.files(), report)
                return Outcome.SURVIVED if passed else Outcome.KILLED

            ((_, outcome),) = results([Job(None, work, MEASURE_S)], at_once=1)
            reach = Map(report) if report.exists() else None
        if reach is None or outcome is not Outcome.SURVIVED:
            why = reach.failed if reach is not None else outcome.name
            raise pytest.UsageError(f"the tests of {self._field.name} fail without any defect: {why}")
        return reach

    def _jobs(self, reach: Map) -> Iterator[Job[Place]]:
        """All tests once without any defect, beside others as they are with one; then every defect."""
        limits = _limits(reach, range(len(self._items)))
        yield Job(None, lambda: run_until_failure(self._items, limits), sum(limits))
        for path in self._field.files():
            source = path.read_text(encoding="utf-8")
            spans = list(_spans(source))
            for mutant in mutants(source)[:: self._field.every]:
                yield self._job(path, mutant, spans, reach)

    def _job(self, path: Path, mutant: Mutant, spans: list[range], reach: Map) -> Job[Place]:
        if not mutant.function:
            seconds = FRESH_S + sum(_limits(reach, range(len(self._items))))
            return Job((path, mutant), lambda: self._fresh(path, mutant), seconds)
        inside = next(span for span in spans if mutant.line in span)
        tests = reach.tests(path, lines=range(mutant.line, mutant.last_line + 1), function=inside)
        items, limits = [self._items[test] for test in tests], _limits(reach, tests)

        def work() -> Outcome:
            if not items:
                return Outcome.SURVIVED
            if not exchange(path, mutant.number, mutant.function):
                return Outcome.BROKEN
            try:
                return run_until_failure(items, limits)
            except BaseException:  # noqa: BLE001  pytest itself gave up on it
                return Outcome.KILLED

        return Job((path, mutant), work, MORE_S + sum(limits))

    def _fresh(self, path: Path, mutant: Mutant) -> Outcome:
        """Try a defect of code that runs at import: this process becomes a pytest of its own."""
        environ = {name: value for name, value in os.environ.items() if name not in {FIELD, REPORT}}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutation.trial"]
        os.chdir(ROOT)
        os.execve(  # noqa: S606  our own words
            sys.executable, [*command, *self._field.tests], {**environ, ONE: f"{path}:{mutant.number}"}
        )


def _limits(reach: Map, tests: Sequence[int]) -> list[float]:
    """How long each of these tests may take, in seconds."""
    return [SLOWER * seconds + MORE_S for seconds in reach.times_of(tests)]


def _spans(source: str) -> Iterator[range]:
    """The lines of every function that is in no other; what stands around its body runs at import."""

    def below(node: ast.AST) -> Iterator[range]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield range(child.body[0].lineno, (child.end_lineno or child.lineno) + 1)
            else:
                yield from below(child)

    return below(ast.parse(source))
