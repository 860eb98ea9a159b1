import time
from collections.abc import Awaitable, Callable

from sandbox.arcus.driver import Driver
from sandbox.arcus.limits import TIERS, Tier, Window


def test_the_minute_slides_instead_of_starting_anew() -> None:
    window = Window(Tier(3, 100))
    assert all(window.take(at).retry_after is None for at in (0.0, 20.0, 40.0))
    refused = window.take(50.0)
    assert (refused.retry_after, refused.remaining, refused.reset_in) == (10, 0, 10.0)
    assert window.take(60.0).retry_after is None
    assert window.take(61.0).retry_after == 19


def test_a_burst_is_refused_inside_the_second_and_forgiven_after_it() -> None:
    window = Window(Tier(100, 2))
    assert window.take(0.0).retry_after is None
    assert window.take(0.5).retry_after is None
    assert window.take(0.9).retry_after == 1
    assert window.take(1.01).retry_after is None


def test_a_refused_request_does_not_count() -> None:
    window = Window(Tier(2, 100))
    for _ in range(50):
        window.take(0.0)
    assert (window.admitted, window.peak, window.used(1.0)) == (2, 2, 2)
    assert window.take(60.0).retry_after is None


def test_the_tiers_are_the_documented_ones() -> None:
    assert TIERS["test"] == Tier(60, 10)
    assert TIERS["standard"] == Tier(300, 50)
    assert TIERS["elevated"] == Tier(1200, 100)


async def test_an_eleventh_request_of_a_test_key_waits_for_retry_after(
    start: Callable[..., Awaitable[Driver]],
) -> None:
    erp = await start(tier="test")
    began = time.monotonic()
    answers = [await erp.call("GET", "/orders") for _ in range(11)]
    assert time.monotonic() - began < 1, "the machine was too slow to burst"
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    refused = answers[-1]
    assert (refused.code, refused.body["type"]) == ("rate_limit_exceeded", "rate_limit")
    assert refused.headers["Retry-After"] == "1"
    assert answers[0].headers["X-RateLimit-Limit"] == "60"
    assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [*range(59, 49, -1), 50]
    assert (await erp.call("GET", "/orders", entity="jpy")).status == 200, "each key has a window of its own"
    stats = await erp.control("stats")
    assert stats["keys"]["usd"]["last_minute"] == 10
