from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.engine.keys import Pattern, ends, is_cold, ordinals, rate_between, sequence, share_of_hottest
from benchmarks.engine.record import SIZE, Mark, head, key_of
from benchmarks.engine.rows import FULL, IN_FLIGHT, QUICK
from benchmarks.engine.topics import Filling, partition_of


@pytest.mark.parametrize("pattern", Pattern)
def test_a_sequence_is_the_same_every_time(pattern: Pattern) -> None:
    first = sequence(pattern, keys=10, count=1005)
    assert len(first) == 1005
    assert first == sequence(pattern, keys=10, count=1005)
    assert set(first) == set(range(10))


def test_the_hottest_key_of_zipf_comes_as_often_as_is_said() -> None:
    seen = Counter(sequence(Pattern.ZIPF, keys=1000, count=200_000))
    share = share_of_hottest(Pattern.ZIPF, keys=1000)
    assert seen[0] / 200_000 == pytest.approx(share, rel=0.05)
    assert seen[0] / seen[9] == pytest.approx(10, rel=0.1)
    assert share_of_hottest(Pattern.RANDOM, keys=50) == 0.02


def test_nine_keys_in_ten_are_cold() -> None:
    assert [is_cold(number, keys=10) for number in range(10)] == [False] + [True] * 9


def test_ordinals_count_each_key_by_itself() -> None:
    assert list(ordinals([0, 1, 0, 0, 1], keys=2)) == [0, 0, 1, 2, 1]


def test_keys_in_turn_are_bound_by_keys_over_latency() -> None:
    numbers = sequence(Pattern.ROUND_ROBIN, keys=100, count=10_000)
    found = ends(numbers, keys=100, partitions=4, latency_s=0.1, window=1000)
    assert rate_between(found, 1.0, 5.0) == pytest.approx(1000)


def test_one_key_is_carried_one_at_a_time_however_many_may_fly() -> None:
    found = ends([0] * 50, keys=1, partitions=1, latency_s=0.1, window=1000)
    assert found == pytest.approx([0.1 * (number + 1) for number in range(50)])


def test_a_hot_key_holds_its_partition_once_the_window_is_full() -> None:
    numbers = [0, 0, 0, 2, 4, 6]
    assert ends(numbers, keys=7, partitions=2, latency_s=1.0, window=6)[:4] == [1, 1, 1, 1]
    held = ends(numbers, keys=7, partitions=2, latency_s=1.0, window=2)
    assert held == [1, 2, 3, 3, 4, 4], "keys 2, 4 and 6 are not even read while key 0 is at work"


def test_a_rate_is_cut_where_the_records_end() -> None:
    assert rate_between([1.0, 2.0, 3.0, 4.0], 0.0, 100.0) == 1.0


def test_a_record_has_fifty_bytes_and_says_which_it_is() -> None:
    value = Mark(7, 999, poison=True, intended_ns=123_456_789_012).written()
    assert len(value) == SIZE == 50
    assert head(value) == (7, 999, 1, 123_456_789_012)
    assert key_of(12) == b"k12"


def test_one_record_in_a_hundred_is_poison_and_every_key_has_some() -> None:
    marks = list(Filling(Pattern.ROUND_ROBIN, 100, 20_000, poison=True).marks())
    bad = [mark for mark in marks if mark.poison]
    assert len(bad) == 200
    assert len({mark.key for mark in bad}) == 100
    assert not any(mark.poison for mark in Filling(Pattern.ROUND_ROBIN, 100, 2_000).marks())


def test_every_partition_has_as_many_keys() -> None:
    assert set(Counter(partition_of(key) for key in range(1200)).values()) == {100}


def test_names_of_rows_are_unique_and_the_promised_ones_have_rivals_and_targets() -> None:
    assert len(set(FULL.names)) == len(FULL.names)
    assert set(QUICK.names) <= set(FULL.names)
    promised = {row.name: row.targets for row in FULL.saturated if row.rivals_s}
    assert promised["engine-1000-100ms-round-robin"].efficiency == 0.95
    assert promised["engine-1000-10ms-round-robin"].rate == 60_000
    assert promised["engine-100-5ms-round-robin"].efficiency == 0.9
    assert all(row.window_s >= 30 for row in FULL.saturated if row.rivals_s)
    assert all(row.filling.keys <= IN_FLIGHT for row in FULL.saturated), "else in flight bounds the ceiling as well"


def test_a_ceiling_is_at_most_keys_over_latency_and_nothing_bounds_a_call_of_no_time() -> None:
    ceilings = {row.name: row.ceiling() for row in QUICK.saturated}
    assert ceilings["engine-100-5ms-round-robin"] == pytest.approx(20_000, rel=0.01)
    assert next(row for row in FULL.saturated if not row.latency_ms).ceiling() is None


def test_the_open_rate_loads_the_hottest_key_as_far_as_is_said() -> None:
    row = FULL.opened
    assert row.rate * share_of_hottest(Pattern.ZIPF, keys=row.keys) * row.latency_ms / 1000 == pytest.approx(0.7)
