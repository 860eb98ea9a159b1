"""How long a query waits for its points."""

import pytest

from service.http.points import Points


def told(available: float) -> Points:
    points = Points()
    points.learn(maximum=1000, available=available, restore_rate=50, now=100.0)
    return points


def test_before_the_first_answer_nothing_waits() -> None:
    points = Points()
    assert (points.wait(500, 100.0), points.share(100.0), points.available(100.0)) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("available", "cost", "now", "seconds"),
    [
        (300, 300, 100.0, 0.0),
        (300, 400, 100.0, 2.0),
        (300, 400, 101.0, 1.0),
        (300, 400, 103.0, 0.0),
        (300, 5000, 100.0, 14.0),  # more than the bucket holds: until it is full
        (300, 400, 90.0, 2.0),  # a clock that went back restores nothing
    ],
)
def test_a_query_waits_until_its_points_are_back(available: float, cost: float, now: float, seconds: float) -> None:
    assert told(available).wait(cost, now) == pytest.approx(seconds)


def test_a_bucket_fills_up_to_its_maximum() -> None:
    assert told(300).share(100.0) == pytest.approx(0.3)
    assert told(300).share(1e6) == 1.0
