"""Running collected tests in processes that are forked for it, a few at a time."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

import pytest

T = TypeVar("T")
LOOK_S = 0.002


class Outcome(Enum):
    """What became of a defect; the value is the exit code of the process that tried it."""

    SURVIVED = 0
    KILLED = 1
    BROKEN = 9
    """It could not be tried: a fault of the trial."""
    TOO_LONG = 124

    @property
    def noticed(self) -> bool:
        """Whether the tests found it."""
        return self in {Outcome.KILLED, Outcome.TOO_LONG}


class _Watch:
    """Hears of failures."""

    def __init__(self) -> None:
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure of the test, of its set-up or of its end."""
        self.failed = self.failed or report.failed


def run_item(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run one test; returns whether it passed."""
    watch = _Watch()
    item.config.pluginmanager.register(watch)
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    finally:
        item.config.pluginmanager.unregister(watch)
    return not watch.failed


def run_until_failure(items: Sequence[pytest.Item], limits: Sequence[float]) -> Outcome:
    """Run tests in this order until one fails; one that takes longer than its limit in seconds ends the process."""
    for at, (item, seconds) in enumerate(zip(items, limits, strict=True)):
        limit = threading.Timer(seconds, os._exit, (Outcome.TOO_LONG.value,))
        limit.daemon = True
        limit.start()
        if not run_item(item, items[at + 1] if at + 1 < len(items) else None):
            return Outcome.KILLED
        limit.cancel()
    return Outcome.SURVIVED


@dataclass(frozen=True)
class Job(Generic[T]):
    """Something to do in a process of its own; `of` is what the result is told for."""

    of: T
    work: Callable[[], Outcome]
    seconds: float


def results(jobs: Iterable[Job[T]], *, at_once: int) -> Iterator[tuple[T, Outcome]]:
    """Do jobs, so many at a time, each in its own process; one that takes too long is ended."""
    waiting = iter(jobs)
    under_way: dict[int, tuple[Job[T], float]] = {}
    while True:
        while len(under_way) < at_once and (job := next(waiting, None)) is not None:
            under_way[_forked(job.work)] = job, time.monotonic() + job.seconds
        if not under_way:
            return
        for child, (job, until) in list(under_way.items()):
            if (outcome := _outcome(child, until)) is not None:
                del under_way[child]
                shutil.rmtree(_folder(child), ignore_errors=True)
                yield job.of, outcome
        time.sleep(LOOK_S)


def _outcome(child: int, until: float) -> Outcome | None:
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        code = os.waitstatus_to_exitcode(status)
        known = code in {outcome.value for outcome in Outcome}
        return Outcome(code) if known else Outcome.KILLED  # of a signal, or of pytest's other exit codes
    if time.monotonic() < until:
        return None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Outcome.TOO_LONG


def _folder(child: int) -> Path:
    """Where the tests of a child write: two that share a folder take each other's files."""
    return Path(tempfile.gettempdir()) / str(child)


def _forked(work: Callable[[], Outcome]) -> int:
    child = os.fork()
    return child or _alone(work)


def _alone(work: Callable[[], Outcome]) -> NoReturn:
    """The whole life of a child: silent, and over when the work is."""
    outcome = Outcome.BROKEN
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        _folder(os.getpid()).mkdir()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_folder(os.getpid()))
        outcome = work()
    finally:
        os._exit(outcome.value)
