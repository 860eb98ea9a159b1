from __future__ import annotations

import pytest

from benchmarks.window import Figures, Sample, Span, ceiling, efficiency, figures, gained, moment_of, steady, value_at


def sample(at: float, posted: int, *, ours: float = 0.0, calls: int = 0) -> Sample:
    return Sample(at=at, posted=posted, calls=calls, throttled=0, cpu={"ours": ours, "erp": ours / 2})


def test_the_steady_window_has_neither_the_first_nor_the_last_tenth() -> None:
    slow_start = [sample(0, 0), sample(10, 100), sample(18, 900), sample(30, 1000)]
    assert steady(slow_start) == Span(10, 18)


def test_the_steady_window_counts_from_the_first_sample() -> None:
    assert steady([sample(5, 1000), sample(15, 2000)]) == Span(6, 14)


def test_a_moment_between_samples_lies_on_the_straight_line() -> None:
    assert moment_of([sample(0, 0), sample(10, 100)], 25) == 2.5


def test_a_moment_that_was_reached_before_the_first_step_is_its_beginning() -> None:
    assert moment_of([sample(3, 7), sample(4, 7), sample(5, 9)], 7) == 3


def test_a_moment_that_never_came_is_an_error() -> None:
    with pytest.raises(ValueError, match="last sample has 100"):
        moment_of([sample(0, 0), sample(10, 100)], 101)


def test_counts_outside_the_samples_are_those_of_the_nearest() -> None:
    samples = [sample(10, 5), sample(20, 15)]
    assert value_at(samples, 0, lambda one: one.posted) == 5
    assert value_at(samples, 99, lambda one: one.posted) == 15


def test_rate_and_cpu_are_those_of_the_window_alone() -> None:
    samples = [sample(0, 0, ours=5), sample(10, 100, ours=6), sample(20, 1100, ours=6.5), sample(30, 1200, ours=50)]
    found = figures(samples, Span(10, 20))
    assert found.rate == 100
    assert found.micros("ours") == pytest.approx(500)
    assert found.share("erp") == pytest.approx(0.025)
    assert found.micros("kafka") == 0


def test_strangers_are_what_nobody_of_this_run_has_used() -> None:
    assert Figures(10, 1, {"ours": 4, "erp": 1, "machine": 8}).strangers == pytest.approx(0.3)
    assert Figures(10, 1, {"ours": 4}).strangers == 0
    assert Figures(0, 1, {"machine": 8}).strangers == 0


def test_nothing_in_no_time_is_nothing() -> None:
    found = figures([sample(0, 0), sample(1, 0)], Span(1, 1))
    assert (found.rate, found.share("ours"), found.micros("ours")) == (0, 0, 0)


def test_calls_grow_in_a_span() -> None:
    samples = [sample(0, 0, calls=0), sample(60, 0, calls=1200), sample(120, 0, calls=2400)]
    assert gained(samples, Span(30, 90), lambda one: one.calls) == 1200


def test_the_ceiling_is_bounded_by_keys_or_by_calls_in_flight() -> None:
    assert ceiling(in_flight=128, keys=1000, latency_ms=100) == 1280
    assert ceiling(in_flight=128, keys=10, latency_ms=100) == 100
    assert efficiency(1024, in_flight=128, keys=1000, latency_ms=100) == pytest.approx(0.8)
