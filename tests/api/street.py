"""An edge on a real port before a real Kafka, in the test's own process."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from service.api.front import Front
from service.api.health import Health
from service.api.serve import serve
from service.bootstrap.admin import admin
from service.bootstrap.edge import Edge
from service.settings import Settings
from service.telemetry import logs
from service.telemetry.metrics import Metrics
from tests.api.vendors import ADMIN, APP, SHOP_OWN, TOKEN, WHSEC

TENANT = {
    "go_live": "2024-01-01",
    "fulfilment": "erp",
    "entity_currency": "USD",
    "time_zone": "UTC",
    "api_key": "a",
    "targets": {"tax": "sku:TAX", "tips": "sku:TIPS", "gift_cards": "sku:GIFT"},
}


def given(bootstrap: str, topic: str, **sections: dict[str, Any]) -> Settings:
    """Settings of an installation with one shop of its own secret and one under the app's."""
    tree: dict[str, dict[str, Any]] = {
        "kafka": {"bootstrap_servers": bootstrap, "topics": [topic], "erp_events_topic": f"{topic}.erp"},
        "erp": {
            "api_keys": {"a": "ark_test_a", "b": "ark_test_b"},
            "webhook_secrets": {"a": ["", WHSEC], "b": []},
        },
        "edge": {"shopify_secrets": ["", APP, "the-old-secret-of-the-app"], "quickbooks_secrets": [TOKEN]},
        "http": {"admin_tokens": [ADMIN, "an-older-token-of-people"]},
        "tenants": {
            "shopify/own.myshopify.com": {**TENANT, "webhook_secrets": [SHOP_OWN]},
            "shopify/acme.myshopify.com": TENANT,
        },
    }
    for name, section in sections.items():
        tree[name] = {**tree.get(name, {}), **section}
    return Settings.model_validate(tree)


@dataclass
class Street:
    """An edge on a real port before a real Kafka, and what it said and stored."""

    settings: Settings
    metrics: Metrics
    edge: Edge
    client: httpx.AsyncClient
    front: Front
    log: io.StringIO = field(default_factory=io.StringIO)

    @property
    def topic(self) -> str:
        return self.settings.kafka.topics[0]

    async def records(self, topic: str = "") -> list[ConsumerRecord]:
        """Everything on a topic, oldest first within a partition."""
        return await everything(self.settings.kafka.bootstrap_servers, topic or self.topic)

    def count(self, source: str, outcome: str) -> float:
        labels = {"source": source, "outcome": outcome}
        return self.metrics.registry.get_sample_value("orderferry_webhooks_total", labels) or 0.0


async def everything(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Every record of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = await consumer.end_offsets(places)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            batches = await consumer.getmany(timeout_ms=200)
            found.extend(record for batch in batches.values() for record in batch)
        return found
    finally:
        await consumer.stop()


async def until(true: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - nobody tells when it becomes true
            await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Street]:
    """Serve while inside."""
    stream = io.StringIO()
    logs.configure(level="debug", stream=stream)
    metrics = Metrics(version="test", processes=False)
    edge = Edge(settings, metrics)

    def health() -> Health:
        return Health(missing=edge.missing())

    front = Front(health=health, metrics=metrics.registry, doors=edge.doors, admin=admin(settings, health=health))
    try:
        async with serve(front, host="127.0.0.1", port=0) as port:
            base = f"http://127.0.0.1:{port}"
            limits = httpx.Limits(max_connections=400)
            async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30, limits=limits) as client:
                yield Street(settings, metrics, edge, client, front, stream)
    finally:
        await edge.aclose()
