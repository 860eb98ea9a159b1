"""What the parts report shows in the metrics under the right names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
import structlog

from schemas.event import Position
from schemas.outcome import OutcomeName, Reason
from service.bootstrap.observing import (
    CourierMeter,
    DeadLetterCount,
    IntakeObserver,
    ReadObserver,
    ShopMeter,
    StoryObserver,
    show_limiters,
    topic_label,
)
from service.errors import Retryable
from service.http.concurrency import Concurrency, Room
from service.http.limiter import RateLimiter
from service.http.window import Tier
from service.ports import DeadLetter, DeadLetters, EventEnd, Priority
from service.telemetry.metrics import Metrics
from tests.cli.stories import story


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1", processes=False)


def value(metrics: Metrics, name: str, labels: Mapping[str, str]) -> float | None:
    return metrics.registry.get_sample_value(f"orderferry_{name}", dict(labels))


def letter(offset: int) -> DeadLetter:
    position = Position(topic="shop", partition=1, offset=offset)
    return DeadLetter(position, None, b"secret of ada", [], Reason.UNDECODABLE, "byte 0")


class Shelf:
    """Keeps dead letters, or hands them on to what stands behind it."""

    def __init__(self, behind: DeadLetters | None = None, *, full: bool = False) -> None:
        self.letters: list[DeadLetter] = []
        self._behind = behind
        self.full = full

    async def put(self, letter: DeadLetter) -> None:
        if not self.full:
            self.letters.append(letter)
        elif self._behind is None:
            raise Retryable("the dead letter", "the ledger is away")
        else:
            await self._behind.put(letter)


async def test_dead_letters_are_counted_where_they_are_kept(metrics: Metrics) -> None:
    count = DeadLetterCount(metrics)
    ledger = Shelf()
    topic = Shelf(count.ledger(ledger))
    keeper = count.topic(topic)
    with structlog.testing.capture_logs() as log:
        await keeper.put(letter(1))
        topic.full = True
        await keeper.put(letter(2))
        await keeper.put(letter(3))
        ledger.full = True
        with pytest.raises(Retryable):
            await keeper.put(letter(4))
        topic.full = False
        await keeper.put(letter(4))
    kept = {"reason": "undecodable"}
    assert value(metrics, "dead_letters_total", {**kept, "kept_in": "topic"}) == 2
    assert value(metrics, "dead_letters_total", {**kept, "kept_in": "ledger"}) == 2
    assert [(line["offset"], line["kept_in"]) for line in log] == [
        (1, "topic"),
        (2, "ledger"),
        (3, "ledger"),
        (4, "topic"),
    ]
    assert "secret" not in repr(log)


def test_an_event_is_counted_under_its_outcome_and_its_topic(metrics: Metrics) -> None:
    observer = StoryObserver(metrics)
    arrival = story().events[0].arrival
    observer.event_ended(EventEnd(arrival, OutcomeName.POSTED, None))
    observer.event_ended(EventEnd(arrival, OutcomeName.PARKED, Reason.HELD))
    assert value(metrics, "events_total", {"source": "shopify", "topic": "orders/create"}) == 2
    parked = {"source": "shopify", "outcome": "parked", "reason": "held"}
    assert value(metrics, "outcomes_total", parked) == 1


@pytest.mark.parametrize(
    ("topic", "label"),
    [
        ("orders/create", "orders/create"),
        ("order_transactions/create", "order_transactions/create"),
        ("customers/update", "customers/other"),
        ("orders/1001-ada", "orders/other"),
        ("ada@example.com", "other"),
        ("", ""),
    ],
)
def test_a_topic_that_anybody_can_invent_makes_no_label_of_its_own(topic: str, label: str) -> None:
    assert topic_label(topic) == label


def test_calls_are_counted_by_attempt_and_answer(metrics: Metrics) -> None:
    meter = CourierMeter(metrics)
    meter.answered(status=201, seconds=0.1, resend=False)
    meter.answered(status=429, seconds=0.1, resend=True)
    meter.failed(Retryable("post", "refused"), seconds=0.1, resend=True)
    assert value(metrics, "erp_requests_total", {"attempt": "first", "class": "2xx"}) == 1
    assert value(metrics, "erp_requests_total", {"attempt": "resend", "class": "429"}) == 1
    assert value(metrics, "erp_requests_total", {"attempt": "resend", "class": "no_connection"}) == 1
    assert value(metrics, "erp_request_seconds_count", {"attempt": "first"}) == 1


def test_reads_and_calls_of_shops_are_counted_apart_from_those_of_the_erp(metrics: Metrics) -> None:
    meter = ShopMeter(metrics)
    meter.answered(status=200, seconds=0.1, resend=False)
    meter.failed(Retryable("read", "refused"), seconds=0.1, resend=False)
    ReadObserver(metrics).read("shopify|a|1", "news")
    ReadObserver(metrics).read("shopify|a|1", "failed", "no connection")
    assert value(metrics, "shop_requests_total", {"class": "2xx"}) == 1
    assert value(metrics, "shop_requests_total", {"class": "no_connection"}) == 1
    assert value(metrics, "shop_reads_total", {"result": "news"}) == 1
    assert value(metrics, "shop_reads_total", {"result": "failed"}) == 1


def test_a_new_kafka_client_is_counted(metrics: Metrics) -> None:
    IntakeObserver(metrics).rebuilt("nothing was read")
    assert value(metrics, "stalls_total", {"action": "rebuilt"}) == 1


async def test_who_waits_for_the_rate_is_counted_over_all_keys(metrics: Metrics) -> None:
    clock = asyncio.get_running_loop().time
    room = Room(concurrency=Concurrency(floor=50, ceiling=50, start=50))
    limiters = {
        name: RateLimiter(budget=name, tier=Tier(per_window=2, per_burst=None), room=room, clock=clock)
        for name in ("a", "b")
    }
    callers = [
        asyncio.create_task(limiter.acquire(priority))
        for limiter, priorities in zip(
            limiters.values(),
            ([Priority.LIVE] * 5, [Priority.LIVE] * 3 + [Priority.REPLAY]),
            strict=True,
        )
        for priority in priorities
    ]
    await asyncio.sleep(0)  # each of them asks
    show_limiters(metrics, limiters, now=clock())
    assert value(metrics, "limiter_waiting", {"lane": "live"}) == 4
    assert value(metrics, "limiter_waiting", {"lane": "replay"}) == 1
    assert value(metrics, "limiter_waiting", {"lane": "recovery"}) == 0
    assert value(metrics, "limiter_used", {"budget": "a"}) == 2
    assert value(metrics, "limiter_paused_seconds", {"budget": "b"}) == 0
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
