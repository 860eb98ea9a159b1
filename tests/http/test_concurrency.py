import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.concurrency import Concurrency, Room
from service.ports import Priority


def rounds(concurrency: Concurrency, count: int, *, seconds: float = 0.1, start: float = 0.0) -> float:
    """Let callers wait all the time, so that every place that becomes free is taken at once."""
    now = start
    for _ in range(count):
        for _ in range(concurrency.limit):
            concurrency.succeeded(seconds=seconds, started=now, now=now + seconds, in_flight=concurrency.limit)
        now += seconds
    return now


def test_it_starts_low_and_doubles_every_round_until_the_ceiling() -> None:
    concurrency = Concurrency(start=16, ceiling=128)
    assert concurrency.limit == 16
    rounds(concurrency, 3)
    assert concurrency.limit == 128
    rounds(concurrency, 3)
    assert concurrency.limit == 128


def test_after_congestion_it_grows_by_one_a_round() -> None:
    concurrency = Concurrency(start=100, ceiling=128)
    concurrency.congested(started=1.0, now=1.1)
    assert concurrency.limit == 70
    rounds(concurrency, 10, start=2.0)
    assert 79 <= concurrency.limit <= 80


def test_places_that_are_not_used_earn_no_growth() -> None:
    concurrency = Concurrency(start=16)
    for _ in range(1000):
        concurrency.succeeded(seconds=0.1, started=0, now=0.1, in_flight=15)
    assert concurrency.limit == 16


def test_calls_that_were_under_way_together_are_one_congestion() -> None:
    concurrency = Concurrency(start=100)
    for _ in range(100):
        concurrency.congested(started=1.0, now=2.0)
    assert concurrency.limit == 70
    concurrency.congested(started=2.5, now=3.0)
    assert concurrency.limit == 49


def test_it_never_goes_below_the_floor() -> None:
    concurrency = Concurrency(start=16, floor=2)
    for second in range(100):
        concurrency.congested(started=second, now=second + 0.5)
    assert concurrency.limit == 2


def test_answers_that_become_much_slower_than_usual_are_congestion() -> None:
    concurrency = Concurrency(start=64, ceiling=64)
    now = rounds(concurrency, 5, seconds=0.3)
    assert concurrency.limit == 64
    rounds(concurrency, 1, seconds=6.0, start=now)
    assert concurrency.limit < 64


def test_slow_answers_below_a_second_are_not_worth_shrinking_for() -> None:
    concurrency = Concurrency(start=64, ceiling=64)
    now = rounds(concurrency, 5, seconds=0.01)
    rounds(concurrency, 20, seconds=0.9, start=now)
    assert concurrency.limit == 64


def test_an_erp_that_stays_slow_becomes_the_usual_one() -> None:
    concurrency = Concurrency(start=64, ceiling=64)
    now = rounds(concurrency, 5, seconds=0.3)
    now = rounds(concurrency, 3, seconds=6.0, start=now)
    assert concurrency.limit < 64
    rounds(concurrency, 60, seconds=6.0, start=now)
    assert concurrency.limit == 64


@given(
    events=st.lists(st.tuples(st.booleans(), st.floats(0.001, 20), st.floats(0, 5)), max_size=200),
    floor=st.integers(1, 8),
    start=st.integers(1, 200),
)
def test_it_always_stays_between_floor_and_ceiling(
    events: list[tuple[bool, float, float]], floor: int, start: int
) -> None:
    concurrency = Concurrency(floor=floor, ceiling=64, start=start)
    now = 0.0
    for good, seconds, gap in events:
        now += gap
        if good:
            concurrency.succeeded(seconds=seconds, started=now - seconds, now=now, in_flight=concurrency.limit)
        else:
            concurrency.congested(started=now - seconds, now=now)
        assert floor <= concurrency.limit <= 64


class Tenant:
    """A budget whose callers only need a place."""

    def __init__(self, room: Room, *waiting: Priority) -> None:
        self.waiting = sorted(waiting)
        self.admitted: list[Priority] = []
        self._room = room
        room.join(self)

    def ready(self) -> Priority | None:
        return self.waiting[0] if self.waiting else None

    def admit(self) -> None:
        self._room.enter()
        self.admitted.append(self.waiting.pop(0))


@pytest.fixture
def room() -> Room:
    return Room(concurrency=Concurrency(start=3, floor=3, ceiling=3))


def test_a_live_call_of_one_budget_goes_before_the_replay_of_another(room: Room) -> None:
    replaying = Tenant(room, *[Priority.REPLAY] * 10)
    live = Tenant(room, Priority.LIVE, Priority.LIVE)
    room.serve()
    assert (len(live.admitted), len(replaying.admitted)) == (2, 1)
    assert not room.free


def test_budgets_of_equal_urgency_take_turns(room: Room) -> None:
    tenants = [Tenant(room, *[Priority.LIVE] * 10) for _ in range(3)]
    room.serve()
    for _ in range(9):
        room.leave()
    assert [len(tenant.admitted) for tenant in tenants] == [4, 4, 4]
    assert room.in_flight == 3
