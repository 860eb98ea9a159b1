"""Kafka is away: senders hear so quickly and come again, and nothing is acknowledged that is not stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.edge import run, write
from connectors.webhook import Outgoing
from sandbox.kafka_server import KafkaServer, create_topics
from service.api.webhooks.outlet import Gate, NotTaken, put
from service.errors import Retryable
from tests.api.street import Street, everything, given, opened, until
from tests.api.vendors import shopify

pytestmark = pytest.mark.kafka
ORDER = b'{"id":1001}'
KAFKA_S = 1.0
SOON = (0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 8.0, 8.0, 16.0)


@pytest.fixture
async def mortal(own_kafka: KafkaServer, own_log: None) -> AsyncIterator[Street]:  # noqa: ARG001 - for its end
    await create_topics(own_kafka.bootstrap, {"shop": 1, "shop.erp": 1})
    settings = given(own_kafka.bootstrap, "shop", edge={"shopify_secrets": ["0123456789abcdef"], "kafka_s": KAFKA_S})
    async with opened(settings) as street:
        yield street


async def status(street: Street) -> tuple[int, float]:
    began = time.monotonic()
    answer = await street.client.post("/webhooks/shopify", content=ORDER, headers=shopify(ORDER, "0123456789abcdef"))
    assert answer.status_code == 200 or answer.headers["retry-after"] == "1"
    return answer.status_code, time.monotonic() - began


async def test_a_kafka_that_does_not_answer_is_told_quickly_and_then_at_once(
    mortal: Street, own_kafka: KafkaServer
) -> None:
    assert (await status(mortal))[0] == 200
    own_kafka.freeze()
    try:
        code, seconds = await status(mortal)
        assert (code, seconds < 3 * KAFKA_S) == (503, True)
        code, seconds = await status(mortal)
        assert (code, seconds < KAFKA_S / 2) == (503, True)
        assert "kafka" in str(mortal.edge.missing())
    finally:
        own_kafka.thaw()
    async with asyncio.timeout(20):
        while (await status(mortal))[0] != 200:  # noqa: ASYNC110 - as a vendor does
            await asyncio.sleep(0.05)
    taken = mortal.count("shopify", "taken")
    ids = [dict(one.headers)["x-shopify-webhook-id"] for one in await everything(own_kafka.bootstrap, "shop")]
    assert len(ids) >= taken
    assert len(set(ids)) == 1  # what was sent again has the same id, and is dropped as a duplicate


async def test_a_kafka_that_was_never_there_is_told_and_found_again(mortal: Street, own_kafka: KafkaServer) -> None:
    own_kafka.kill()
    (round_,) = mortal.edge.rounds()
    for _ in range(2):
        with pytest.raises(Retryable, match="kafka"):
            await round_.do()
        assert (await status(mortal))[0] == 503
    assert (await mortal.client.get("/readyz")).status_code == 503
    await asyncio.to_thread(own_kafka.start)
    await _reached(mortal)
    assert mortal.edge.missing() == {}
    assert (await status(mortal))[0] == 200


async def _reached(street: Street) -> None:
    (round_,) = street.edge.rounds()
    done = False

    async def again() -> None:
        nonlocal done
        while not done:
            try:
                await round_.do()
                done = True
            except Retryable:
                await asyncio.sleep(0.1)

    task = asyncio.create_task(again())
    await until(lambda: done, seconds=30)
    await task


class Away:
    """An outlet that takes what it is told to."""

    def __init__(self) -> None:
        self.takes = False
        self.asked = 0

    async def send(self, *_: object, **__: object) -> None:
        self.asked += 1
        if not self.takes:
            raise Retryable("a record", "away")


async def test_while_kafka_is_away_one_tries_and_the_others_hear_so_at_once() -> None:
    now = 0.0
    gate, outlet = Gate(rest_s=0.5, now=lambda: now), Away()
    one = Outgoing(b"k", b"v", ())

    async def attempt(count: int = 1) -> bool:
        try:
            await put(outlet, gate, "t", [one] * count)
        except NotTaken:
            return False
        return True

    assert not await attempt(3)  # all three are waited for
    assert (outlet.asked, gate.resting) == (3, True)
    assert not await attempt()
    assert outlet.asked == 3
    now = 0.5
    assert gate.enter()
    assert not gate.enter()  # one tries, the others rest
    gate.failed("still away")
    now, outlet.takes = 1.0, True
    assert await attempt()
    assert (gate.resting, gate.why) == (False, "")


async def test_a_broken_outlet_does_not_keep_the_gate_closed_for_ever() -> None:
    class Broken:
        async def send(self, *_: object, **__: object) -> None:
            raise ZeroDivisionError

    now = 0.0
    gate = Gate(rest_s=0.5, now=lambda: now)
    with pytest.raises(ZeroDivisionError):
        await put(Broken(), gate, "t", [Outgoing(None, b"", ())])
    now = 0.5
    assert gate.enter()


async def test_webhooks_by_the_clock_are_all_taken_through_an_outage(tmp_path: Path) -> None:
    figures = await run(tmp_path, rate=200, seconds=9, outage_s=3, warm_s=0, retries_s=SOON)
    assert (figures.unacknowledged, figures.lost, figures.differing) == (0, 0, 0)
    assert figures.answers["503"] > 0


async def test_five_hundred_a_second_are_taken(tmp_path: Path) -> None:
    # Their delays are written and not judged here: tests share their cores. `python -m benchmarks.edge` judges them.
    figures = await run(tmp_path, rate=500, seconds=4, outage_s=0)
    write(figures, Path("build/edge-short.json"))
    assert figures.answers == {"200": 2_000}
    assert (figures.lost, figures.doubled) == (0, 0)
