import pytest

from service.erp.arcus.erp_clock import ErpClock

NOON = "Fri, 01 May 2026 12:00:00 GMT"
TEN_BEFORE = "Fri, 01 May 2026 11:59:50 GMT"
TEN_AFTER = "Fri, 01 May 2026 12:00:10 GMT"
YESTERDAY = "Thu, 30 Apr 2026 12:00:00 GMT"
AT_NOON = 1_777_636_800.0


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_before_the_first_answer_the_erps_time_is_not_known() -> None:
    assert ErpClock().now() == 0


@pytest.mark.parametrize("date", [None, "", "soon", "Fri, 99 May 2026 12:00:00 GMT"])
def test_an_answer_without_a_date_says_nothing(date: str | None) -> None:
    clock = ErpClock()
    clock.observe(date)
    assert clock.now() == 0


def test_it_is_carried_on_by_a_clock_that_nobody_sets() -> None:
    ticks = Ticks()
    clock = ErpClock(ticks)
    clock.observe(NOON)
    ticks.now += 30
    assert clock.now() == AT_NOON + 30


def test_a_late_answer_does_not_set_it_back() -> None:
    clock = ErpClock(Ticks())
    clock.observe(NOON)
    clock.observe(TEN_BEFORE)
    assert clock.now() == AT_NOON
    clock.observe(TEN_AFTER)
    assert clock.now() == AT_NOON + 10


def test_a_clock_that_was_set_back_is_followed() -> None:
    clock = ErpClock(Ticks())
    clock.observe(NOON)
    clock.observe(YESTERDAY)
    assert clock.now() == AT_NOON - 86400
