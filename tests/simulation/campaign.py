"""Many schedules in a pool of processes, whose string hashes are fixed so that every seed replays anywhere."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from itertools import islice

from tests.simulation.course import Result, run
from tests.simulation.defects import planted
from tests.simulation.schedule import Schedule, make
from tests.simulation.shrinking import shrunk

CHUNK = 8
"""Schedules that a process takes at once."""


def chunk(seeds: Sequence[int], defect: str = "") -> list[Result]:
    """Run some schedules, with a defect or without; a defect ends at the first violation."""
    found = []
    with planted(defect):
        for seed in seeds:
            found.append(run(make(seed)))
            if defect and found[-1].wrong:
                break
    return found


def smaller(seed: int) -> tuple[str, tuple[str, ...]]:
    """Shrink a schedule that fails; returns it in words, and what it violates."""
    schedule = shrunk(make(seed))
    return str(schedule), run(schedule).wrong


@contextmanager
def pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes: the sequence of a set of names must not differ from one to the next."""
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "0"
    try:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as executor:
            yield executor
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before


def results(
    executor: ProcessPoolExecutor, seeds: range, *, processes: int, defect: str = "", size: int = CHUNK
) -> Iterator[Result]:
    """Run schedules; as they are done. Few are handed out at a time, so that one may stop."""
    chunks = iter([list(seeds[start : start + size]) for start in range(0, len(seeds), size)])
    pending: set[Future[list[Result]]] = set()
    try:
        pending = {executor.submit(chunk, part, defect) for part in islice(chunks, 2 * processes)}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for part in islice(chunks, len(done)):
                pending.add(executor.submit(chunk, part, defect))
            for future in done:
                yield from future.result()
    finally:
        for future in pending:
            with suppress(RuntimeError):
                future.cancel()


def tried(schedule: Schedule) -> tuple[str, ...]:
    """Run one schedule; returns what it violates."""
    return run(schedule).wrong
