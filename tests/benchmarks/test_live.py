from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.live.journey import ALL, READ, WIRE, delays, first_calls, first_reads
from benchmarks.live.run import wire_verdicts
from benchmarks.percentiles import percentile, percentiles
from benchmarks.plots import CONDITIONS, draw, rows


def test_a_percentile_is_a_value_that_was_measured() -> None:
    ordered = [float(number) for number in range(1, 101)]
    assert [percentile(ordered, share) for share in (0.5, 0.99, 1.0, 0.0)] == [50, 99, 100, 1]
    assert percentiles([3.0, 1.0, 2.0])["max"] == 3
    assert percentiles([]) == {}


def test_only_the_first_reading_and_the_first_call_of_an_order_count() -> None:
    assert first_reads([(10, ["shop:1", "shop:2"]), (20, ["shop:1"])]) == {"1": 10, "2": 10}
    assert first_calls([("1", 5, 9), ("1", 15, 19)]) == {"1": (5, 9)}


def test_delays_count_from_the_moment_that_was_meant() -> None:
    second = 1_000_000_000
    reads = {"a": 0, "b": 3 * second, "c": 3 * second}
    calls = {"a": (1, 2), "b": (4 * second, 5 * second), "c": (4 * second, 6 * second)}
    found = delays(["a", "b", "c"], began_ns=0, rate=1.0, reads=reads, calls=calls, skipped=1)
    assert found[WIRE]["max"] == 1000
    assert found[READ]["max"] == 2000, "b was meant to leave at 1 s and was read at 3 s"
    assert found[ALL] == {"count": 2, "p50": 4000, "p90": 4000, "p99": 4000, "p99.9": 4000, "max": 4000}


def test_an_order_that_never_came_is_an_error() -> None:
    with pytest.raises(KeyError):
        delays(["a"], began_ns=0, rate=1.0, reads={}, calls={}, skipped=0)


@pytest.mark.parametrize(("p50", "p99", "met"), [(5.0, 20.0, [True, True]), (5.1, 20.1, [False, False])])
def test_waiting_in_us_is_judged_by_two_percentiles(p50: float, p99: float, met: list[bool]) -> None:
    assert [verdict.met for verdict in wire_verdicts({WIRE: {"p50": p50, "p99": p99}})] == met


@pytest.mark.parametrize(
    ("name", "bar"),
    [
        ("afternoon version, plain httpx at 10 ms", "afternoon version, plain httpx"),
        ("Parallel Consumer, JVM, KEY order, 1,000 keys zipf at 5 ms", "Parallel Consumer, JVM, KEY order"),
    ],
)
def test_a_bar_is_named_after_who_ran(name: str, bar: str) -> None:
    assert CONDITIONS.split(name)[0] == bar


def run(name: str, kind: str, part: str, **more: Any) -> dict[str, Any]:
    said = {"part": part, "keys": 1000, "sequence": "round-robin", "latency_ms": 10}
    costs = {"rate": 1000.0, "efficiency": 0.5, "ceiling": 2000.0, "cpu_us_per_order": {"ours": 20.0}}
    return {"name": name, "kind": kind, "conditions": said, "error": "", "delays": {}, **costs, **more}


def test_pictures_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    waits = {"cold": percentiles([1.0, 2.0]), "none": {}}
    found = [
        run("ours", "rate", "engine"),
        run("theirs", "baseline", "engine"),
        run("ours", "rate", "path"),
        run("ours, open", "trial", "path", delays=waits),
        run("broken", "rate", "path", error="it ended"),
    ]
    drawn = draw({"results": found}, tmp_path)
    assert {path.name for path in drawn} == {"engine.png", "engine-ceiling.png", "delays.png"}
    assert all(path.stat().st_size > 1000 for path in drawn)
    assert draw({"results": []}, tmp_path) == []
    assert Counter({name: len(group) for name, group in rows(found[:2]).items()}).total() == 2
