from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from benchmarks import usage
from benchmarks.usage import Stat


def test_a_stat_line_is_read_past_any_name() -> None:
    line = "42 (python (x) 1) S 7 42 42 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 1 0 9 8 7\n"
    assert usage.parse_stat(line) == Stat(42, 7, 11 + 22 + 33 + 44)


def test_a_tree_holds_all_below_its_root_and_nothing_else() -> None:
    stats = {stat.pid: stat for stat in (Stat(1, 0, 5), Stat(2, 1, 6), Stat(3, 2, 7), Stat(4, 1, 8), Stat(9, 0, 1))}
    assert {stat.pid for stat in usage.tree(stats, 2)} == {2, 3}
    assert {stat.pid for stat in usage.tree(stats, 1)} == {1, 2, 3, 4}
    assert usage.tree(stats, 77) == []


def test_sizes_and_reads_are_bytes() -> None:
    assert usage.parse_status("Name:\tx\nVmHWM:\t  20 kB\nVmRSS:\t  10 kB\n", "VmRSS") == 10_240
    assert usage.parse_status("", "VmRSS") == 0
    assert usage.parse_read("rchar: 17\nwchar: 3\n") == 17
    assert usage.parse_read("") == 0


def test_a_machine_is_busy_with_everything_but_idling_and_waiting() -> None:
    text = "cpu  100 10 50 9999 8888 1 2 3 77 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    assert usage.parse_machine(text) == 166 / usage.TICKS
    assert usage.machine_seconds() > usage.own_seconds() > 0


@pytest.fixture
def busy_child() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield child
    child.kill()
    child.wait()


def test_cpu_of_a_child_counts_for_its_parent(busy_child: subprocess.Popen[bytes]) -> None:
    before = usage.cpu_seconds(usage.snapshot(), busy_child.pid)
    while usage.cpu_seconds(usage.snapshot(), busy_child.pid) - before < 0.05:
        pass
    stats = usage.snapshot()
    assert usage.cpu_seconds(stats, os.getpid()) > usage.cpu_seconds(stats, busy_child.pid)
    assert usage.resident(stats, [busy_child.pid]) > 1_000_000
    assert usage.read_bytes(busy_child.pid) > 0
