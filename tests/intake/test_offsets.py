from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from service.intake.offsets import Seen, Tracker


@dataclass
class Naive:
    """The same promise, without any cleverness: every record ever read, and what is left of it."""

    start: int
    left: dict[int, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    floor: int = 0

    def low_water(self) -> int:
        unfinished = [offset for offset, left in self.left.items() if left and offset >= self.floor]
        above = max([self.start, self.floor, *(offset + 1 for offset in self.left)])
        return min(unfinished, default=above)

    def size(self) -> int:
        return sum(self.sizes[offset] for offset, left in self.left.items() if left and offset >= self.floor)


reads = st.tuples(st.just("read"), st.integers(1, 3), st.integers(0, 2), st.integers(1, 100))
ends = st.tuples(st.just("done"), st.integers(0, 20), st.just(0), st.just(0))
agains = st.tuples(st.just("again"), st.integers(0, 30), st.just(0), st.just(0))
floors = st.tuples(st.just("floor"), st.integers(0, 5), st.just(0), st.just(0))
steps = st.lists(st.one_of(reads, reads, reads, ends, ends, ends, agains, floors), max_size=120)
"""A step's first number counts from where the tracker stands: gaps, the how-manieth above the mark, how far back."""


def _of(records: int, *, size: int = 1) -> Tracker:
    tracker = Tracker(0)
    for offset in range(records):
        tracker.add(offset, pieces=1, size=size)
    return tracker


def _read(tracker: Tracker, naive: Naive, step: int, pieces: int, size: int) -> None:
    offset = tracker.next_offset + step - 1  # a step above 1 leaves a gap, as compaction does
    assert tracker.look(offset) is Seen.NEW
    tracker.add(offset, pieces=pieces, size=size)
    naive.left[offset] = pieces
    naive.sizes[offset] = size


def _again(tracker: Tracker, naive: Naive, back: int) -> None:
    for offset in [offset for offset in naive.left if offset >= tracker.next_offset - back]:
        seen = tracker.look(offset)
        in_flight = naive.left[offset] > 0 and offset >= naive.floor
        assert seen is (Seen.IN_FLIGHT if in_flight else Seen.DONE)


def _done(tracker: Tracker, naive: Naive, offset: int) -> None:
    before = tracker.low_water
    moved = tracker.complete(offset)
    if naive.left.get(offset, 0) and offset >= naive.floor:
        naive.left[offset] -= 1
    assert moved == (tracker.low_water != before)


@settings(max_examples=300, deadline=None)
@given(start=st.integers(0, 10), history=steps)
def test_the_tracker_agrees_with_a_naive_model(start: int, history: list[tuple[str, int, int, int]]) -> None:
    tracker, naive = Tracker(start), Naive(start)
    low = tracker.low_water
    for kind, first, second, third in history:
        match kind:
            case "read":
                _read(tracker, naive, first, second, third)
            case "again":
                _again(tracker, naive, first)
            case "done":
                _done(tracker, naive, low + first)
            case _:
                tracker.raise_floor(low + first)
                naive.floor = max(naive.floor, low + first)
        assert tracker.low_water == naive.low_water()
        assert tracker.low_water >= low, "a mark never falls"
        assert tracker.size == naive.size()
        assert tracker.unfinished == sum(1 for o, left in naive.left.items() if left and o >= naive.floor)
        low = tracker.low_water


@given(order=st.permutations(range(12)))
def test_nothing_is_committed_above_an_unfinished_record(order: list[int]) -> None:
    tracker = _of(12)
    finished: set[int] = set()
    for offset in order:
        tracker.complete(offset)
        finished.add(offset)
        assert all(below in finished for below in range(tracker.low_water))
    assert tracker.low_water == 12
    assert tracker.window == 0


def test_a_record_of_several_pieces_is_done_with_its_last() -> None:
    tracker = Tracker(5)
    tracker.add(5, pieces=2, size=10)
    assert not tracker.complete(5)
    assert tracker.low_water == 5
    assert tracker.complete(5)
    assert tracker.low_water == 6


def test_completing_twice_changes_nothing() -> None:
    tracker = Tracker(0)
    tracker.add(0, pieces=1, size=10)
    tracker.add(1, pieces=1, size=10)
    assert not tracker.complete(1)
    assert not tracker.complete(1)
    assert tracker.unfinished == 1
    assert tracker.size == 10


def test_a_record_between_two_that_were_read_is_new() -> None:
    tracker = Tracker(0)
    tracker.add(0, pieces=1, size=1)
    tracker.add(5, pieces=1, size=1)
    assert tracker.look(3) is Seen.NEW
    tracker.add(3, pieces=1, size=1)
    tracker.complete(0)
    assert tracker.low_water == 3
    tracker.complete(3)
    assert tracker.low_water == 5


def test_a_record_of_no_pieces_is_done_at_once() -> None:
    tracker = Tracker(0)
    tracker.add(0, pieces=0, size=99)
    assert (tracker.low_water, tracker.size, tracker.unfinished) == (1, 0, 0)


def test_what_is_unknown_or_done_already_moves_nothing() -> None:
    tracker = Tracker(0)
    tracker.add(0, pieces=2, size=1)
    tracker.add(1, pieces=1, size=1)
    assert tracker.complete(0) is False
    assert tracker.complete(7) is False
    assert tracker.complete(1) is False
    assert tracker.complete(1) is False
    assert (tracker.low_water, tracker.unfinished) == (0, 1)


def test_a_raised_floor_passes_what_is_done_right_above_it() -> None:
    tracker = _of(4)
    tracker.complete(2)
    tracker.raise_floor(2)
    assert (tracker.low_water, tracker.window, tracker.unfinished) == (3, 1, 1)


def test_a_raised_floor_counts_what_it_passes_once_whether_it_was_done_or_not() -> None:
    tracker = _of(3, size=10)
    tracker.complete(1)
    tracker.raise_floor(2)
    assert (tracker.low_water, tracker.unfinished, tracker.size, tracker.behind) == (2, 1, 10, 2)
