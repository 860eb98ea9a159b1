"""Webhooks through the edge of a running pod, with Kafka away in the middle: every sale in the ERP, none twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from sandbox.shop.disorder import Record
from sandbox.shop.webhooks import Sender
from tests.resilience.processes import until
from tests.resilience.shop import Shop
from tests.resilience.test_outages import ended, survived
from tests.resilience.town import Town

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SALES = 100
SECRET = "the-secret-of-the-resilience-tests"
AROUND_S = 6.0
RETRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 16.0, 32.0)


async def test_webhooks_survive_an_outage_of_kafka(town: Town, outage_s: float) -> None:
    town.more = {"edge": {"shopify_secrets": [SECRET]}}
    pod, shop = await town.pod("one"), Shop(SALES)
    base = f"http://127.0.0.1:{pod.settings['http']['port']}"

    async def ready() -> bool:
        try:
            async with town.erp.http.get(f"{base}/readyz") as answer:
                return answer.status == 200
        except OSError:
            return False

    await until(ready, "the pod ready")
    sender = Sender(f"{base}/webhooks/shopify", SECRET.encode(), retries_s=RETRIES_S)
    records = [Record(town.topic, one.key, one.value, one.headers) for one in shop.records]
    seconds = outage_s + AROUND_S
    selling = asyncio.create_task(sender.run(records, rate=len(records) / seconds, seconds=seconds))

    async def flowing() -> bool:
        return sender.answers.get(200, 0) >= len(records) / 10

    await until(flowing, "webhooks flowing")
    await asyncio.to_thread(town.kafka.kill)
    try:
        await asyncio.sleep(outage_s)  # the length of the outage is what is tried
    finally:
        await asyncio.to_thread(town.kafka.start)
    await selling
    assert {one.status for one in sender.sent} == {200}
    assert sender.answers[503] > 0
    assert set(sender.answers) <= {200, 503}
    there = await _webhook_ids(town)
    assert there.keys() == {one.webhook_id for one in sender.sent}
    await ended(town, shop)
    survived(pod)


async def _webhook_ids(town: Town) -> Counter[str]:
    """How often each webhook stands on the topic."""
    consumer = AIOKafkaConsumer(town.topic, bootstrap_servers=town.kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: Counter[str] = Counter()
    try:
        places = [TopicPartition(town.topic, number) for number in consumer.partitions_for_topic(town.topic) or ()]
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found.update(dict(record.headers)["x-shopify-webhook-id"].decode() for record in batch)
    finally:
        await consumer.stop()
    return found
