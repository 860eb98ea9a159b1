from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from benchmarks.engine.books import Books, flaws
from benchmarks.engine.delays import delays_by_class
from benchmarks.engine.latency import Latency
from benchmarks.engine.runs import longest_pause
from benchmarks.engine.task import Task
from benchmarks.window import Sample

RIGHT = {"carried again": 0, "left out": 0, "out of order": 0}


def carried(*records: tuple[int, int]) -> Books:
    books = Books(3)
    for key, ordinal in records:
        books.note(key, ordinal)
    return books


def test_records_of_each_key_in_order_are_one_run_a_key() -> None:
    books = carried((0, 0), (1, 0), (0, 1), (0, 2), (1, 1))
    assert books.runs() == [(0, 0, 3), (1, 0, 2)]
    assert books.carried == 5
    assert flaws([books.runs()]) == RIGHT


@pytest.mark.parametrize(
    ("records", "flaw"),
    [
        ([(0, 0), (0, 0)], {"carried again": 1, "out of order": 1}),
        ([(0, 0), (0, 2)], {"left out": 1}),
        ([(0, 1), (0, 0)], {"out of order": 1}),
        ([(0, 1)], {"left out": 1}),
    ],
)
def test_each_flaw_is_counted(records: list[tuple[int, int]], flaw: dict[str, int]) -> None:
    assert flaws([carried(*records).runs()]) == RIGHT | flaw


def test_two_consumers_may_share_a_key_one_after_the_other() -> None:
    first, second = carried((0, 0), (0, 1), (0, 4)), carried((0, 2), (0, 3))
    assert flaws([first.runs(), second.runs()]) == RIGHT
    assert flaws([first.runs(), carried((0, 1), (0, 2), (0, 3)).runs()]) == RIGHT | {"carried again": 1}


async def test_a_wait_is_never_too_short_and_the_first_goes_first() -> None:
    latency = Latency(0.005)
    ended: list[int] = []

    async def wait(number: int) -> float:
        began = time.monotonic()
        await latency()
        ended.append(number)
        return time.monotonic() - began

    waits = await asyncio.gather(*(wait(number) for number in range(200)))
    again = await wait(200)
    assert min(*waits, again) >= 0.005
    assert ended == list(range(201))
    assert latency.late_s >= 0
    latency.close()


async def test_a_wait_of_no_length_waits_for_nothing() -> None:
    latency = Latency(0)
    await latency()
    assert latency.late_s == 0
    latency.close()


def test_delays_are_told_apart_by_how_often_a_key_comes(tmp_path: Path) -> None:
    path = tmp_path / "delays.json"
    path.write_text(json.dumps([[0, 99.0], [0, 20.0], [5, 11.0], [9, 12.0]]))
    found = delays_by_class(path, keys=10, skipped=1)
    assert (found["all"]["count"], found["cold"]["max"], found["hottest"]["p50"]) == (3, 12.0, 20.0)


def test_the_longest_pause_is_the_longest_time_without_a_record() -> None:
    counts = [(0.0, 5), (1.0, 6), (2.0, 6), (3.5, 6), (4.0, 9), (5.0, 9)]
    samples = [Sample(at, posted, calls=0, throttled=0, cpu={}) for at, posted in counts]
    assert longest_pause(samples) == 2.5


def test_a_task_survives_the_command_line() -> None:
    task = Task("k:1", "t", "g", 10, 2.5, 1000, 12, "d", delays="/x")
    assert Task.read(task.text()) == task
