"""One partition as this process holds it: what it owes, and when it owes nothing."""

from __future__ import annotations

import pytest

from service.intake.consumer_settings import WindowLimits
from service.intake.partition import Partition
from service.ports import Priority


def assigned() -> Partition:
    return Partition("orders", 3, priority=Priority.LIVE)


def test_a_partition_begins_shut_and_owes_nothing() -> None:
    partition = assigned()
    assert (partition.open, partition.lost, partition.paused) == (False, False, "")
    assert (partition.epoch, partition.committed, partition.tracker.low_water) == (0, None, 0)
    assert partition.owed() is None
    assert partition.slot == ("orders", 3)


def test_an_opened_partition_owes_its_start_until_that_is_committed() -> None:
    partition = assigned()
    partition.open = True
    assert partition.owed() == 0
    partition.committed = 0
    assert partition.owed() is None


def test_what_is_done_is_owed_and_what_is_not_holds_it_back() -> None:
    partition = assigned()
    partition.open, partition.committed = True, 0
    partition.tracker.add(0, pieces=1, size=10)
    partition.tracker.add(1, pieces=1, size=10)
    partition.tracker.complete(1)
    assert partition.owed() is None
    partition.tracker.complete(0)
    assert partition.owed() == 2


def test_the_window_begins_at_the_commit_that_stands_not_at_what_is_done() -> None:
    partition = assigned()
    partition.open = True
    for offset in range(5):
        partition.tracker.add(offset * 10, pieces=1, size=1)
    for offset in (0, 10, 30):
        partition.tracker.complete(offset)
    assert (partition.tracker.low_water, partition.tracker.window, partition.window) == (20, 3, 5)
    partition.stands(partition.tracker.behind)
    assert partition.window == 3
    partition.tracker.complete(20)
    assert partition.window == 3


def test_what_a_successor_settled_is_not_read_again() -> None:
    partition = assigned()
    for offset in range(5):
        partition.tracker.add(offset, pieces=1, size=1)
    partition.tracker.raise_floor(3)
    partition.stands(partition.tracker.behind)
    assert partition.window == 2


@pytest.mark.parametrize(("records", "poll"), [(20_000, 256), (100, 50), (3, 1), (1, 1)])
def test_a_poll_takes_no_more_than_half_of_the_window(records: int, poll: int) -> None:
    assert WindowLimits(records=records).poll == poll


def test_a_shut_gate_owes_nothing_whatever_is_done() -> None:
    partition = assigned()
    partition.open = True
    partition.tracker.add(0, pieces=0, size=10)
    partition.open = False
    assert partition.owed() is None
