"""The pure decisions of intake, as tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.intake.consumer_settings import WindowLimits
from service.intake.delays import CAP_S, FIRST_S, next_wait
from service.intake.start import Gap, Log, start_position
from service.intake.watchdog import Advice, Look, Stall
from service.intake.window import full, roomy

SLOT = ("orders", 3)


@pytest.mark.parametrize(
    ("mark", "commit", "log", "start"),
    [
        (None, None, Log(0, 10), 0),
        (None, None, Log(4, 10), 4),
        (7, 7, Log(0, 10), 7),
        (5, 7, Log(0, 10), 5),
        (7, 5, Log(0, 10), 5),
        (7, None, Log(0, 10), 7),  # Kafka let the commit expire
        (None, 7, Log(2, 10), 2),  # the ledger was lost: it replays what it does not know
        (10, 10, Log(10, 10), 10),
        (4, 4, Log(4, 10), 4),
    ],
)
def test_reading_starts_at_the_lower_of_ledger_and_kafka(
    mark: int | None, commit: int | None, log: Log, start: int
) -> None:
    assert start_position(slot=SLOT, mark=mark, commit=commit, log=log, accepted=()) == start


@pytest.mark.parametrize(
    ("mark", "commit", "log", "words"),
    [
        (3, 3, Log(5, 10), ["records 3 to 4", "topic orders", "partition 3", "begins at offset 5", "orders:3:3"]),
        (8, 3, Log(5, 10), ["records 3 to 4"]),
        (None, 3, Log(5, 10), ["records 3 to 4"]),
        (11, 11, Log(0, 10), ["ends at offset 10", "up to offset 11", "orders:3:11"]),
    ],
)
def test_a_gap_is_named_with_its_offsets_and_what_to_do(
    mark: int | None, commit: int | None, log: Log, words: list[str]
) -> None:
    gap = start_position(slot=SLOT, mark=mark, commit=commit, log=log, accepted=())
    assert isinstance(gap, Gap)
    assert all(word in str(gap) for word in words)
    accepted = start_position(slot=SLOT, mark=mark, commit=commit, log=log, accepted={gap.name})
    assert accepted == log.begin


@given(attempt=st.integers(0, 1000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_grows_to_the_cap_and_keeps_its_jitter_there(attempt: int, chance: float) -> None:
    wait = next_wait(attempt=attempt, after=None, chance=chance)
    assert FIRST_S / 2 <= wait <= CAP_S
    late = next_wait(attempt=50, after=None, chance=0.0), next_wait(attempt=50, after=None, chance=0.9)
    assert late[1] - late[0] > CAP_S / 3


@given(after=st.floats(0, 3600), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_it_was_named(after: float, chance: float) -> None:
    assert after <= next_wait(attempt=1, after=after, chance=chance) <= max(after, FIRST_S) * 1.2


LIMITS = WindowLimits(records=100, bytes=1000, total_bytes=2000, poll_records=20)


@pytest.mark.parametrize(
    ("records", "size", "total", "partitions", "why"),
    [
        (80, 999, 1999, 2, ""),  # the next poll fits
        (81, 0, 0, 1, "window full: records"),
        (1, 1000, 1000, 4, "window full: bytes"),
        (1, 600, 2000, 4, "window full: bytes of all partitions"),
        (1, 500, 2000, 4, "window full: bytes of all partitions"),
        (1, 400, 2000, 4, ""),  # holds less than its share of 500: others' waiting must not starve it
    ],
)
def test_a_full_window_pauses_its_partition(records: int, size: int, total: int, partitions: int, why: str) -> None:
    assert full(records=records, size=size, total=total, partitions=partitions, limits=LIMITS) == why


@pytest.mark.parametrize(
    ("records", "size", "total", "partitions", "may"),
    [
        (50, 500, 1000, 1, True),
        (51, 0, 0, 1, False),
        (0, 501, 501, 1, False),
        (0, 250, 2000, 4, True),  # half of its share of 500, whatever the others hold
        (0, 251, 2000, 4, False),
        (0, 251, 1000, 4, True),
        (0, 251, 1001, 4, False),
        (0, 0, 0, 0, True),
    ],
)
def test_a_paused_partition_is_read_on_when_half_its_room_is_free(
    *, records: int, size: int, total: int, partitions: int, may: bool
) -> None:
    assert roomy(records=records, size=size, total=total, partitions=partitions, limits=LIMITS) is may


@given(
    records=st.integers(0, 200), size=st.integers(0, 2000), others=st.integers(0, 4000), partitions=st.integers(1, 50)
)
def test_a_partition_that_may_be_read_on_is_not_full(records: int, size: int, others: int, partitions: int) -> None:
    total = size + others
    if roomy(records=records, size=size, total=total, partitions=partitions, limits=LIMITS):
        assert not full(records=records, size=size, total=total, partitions=partitions, limits=LIMITS)


def look(*, lag: int = 10, progress: int = 0, wait: str = "", joined: bool = True, reachable: bool = True) -> Look:
    return Look(lag=lag, progress=progress, wait=wait, joined=joined, reachable=reachable)


def advices(*looks: Look, every: float = 10.0, stall_s: float = 25.0) -> list[Advice]:
    stall = Stall(stall_s=stall_s, join_s=60.0, now=0.0)
    return [stall.judge(one, every * number) for number, one in enumerate(looks)]


def test_a_stall_rebuilds_once_and_then_gives_up() -> None:
    found = advices(*[look()] * 7)
    assert found == [Advice.NOTHING] * 3 + [Advice.REBUILD] + [Advice.NOTHING] * 2 + [Advice.GIVE_UP]


@pytest.mark.parametrize("calm", [look(wait="breaker:arcus"), look(lag=0)])
def test_a_named_wait_or_no_lag_is_no_stall(calm: Look) -> None:
    assert set(advices(*[calm] * 20)) == {Advice.NOTHING}


def test_progress_is_no_stall_and_forgives_an_older_one() -> None:
    stalled = [look()] * 4
    moved = [look(progress=1)]
    found = advices(*stalled, *moved, *[look(progress=1)] * 3)
    assert found.count(Advice.REBUILD) == 2
    assert Advice.GIVE_UP not in found


def test_brokers_that_do_not_answer_are_tried_again_for_ever() -> None:
    found = advices(*[look(reachable=False)] * 40)
    assert found.count(Advice.REBUILD) > 5
    assert Advice.GIVE_UP not in found


def test_who_has_just_joined_begins_to_read_only_then() -> None:
    stall = Stall(stall_s=25, join_s=60, now=0)
    assert stall.judge(look(joined=False), 0.0) is Advice.NOTHING
    assert stall.judge(look(joined=False), 40.0) is Advice.NOTHING
    assert stall.judge(look(), 45.0) is Advice.NOTHING
    assert stall.judge(look(), 69.0) is Advice.NOTHING
    assert stall.judge(look(), 70.0) is Advice.REBUILD


def test_joining_again_and_again_without_progress_is_a_stall() -> None:
    stall = Stall(stall_s=25, join_s=60, now=0)
    found = [stall.judge(look(joined=number % 2 == 0), 10.0 * number) for number in range(10)]
    assert found.index(Advice.REBUILD) == 7


def test_no_assignment_is_a_stall_even_without_lag() -> None:
    stall = Stall(stall_s=5, join_s=8, now=0)
    assert stall.judge(look(lag=0, joined=False), 0.0) is Advice.NOTHING
    assert stall.judge(look(lag=0, joined=False), 7.0) is Advice.NOTHING  # the others may still be finishing
    assert stall.judge(look(lag=0, joined=False), 9.0) is Advice.REBUILD
    assert "no assignment" in stall.reason
