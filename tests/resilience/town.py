"""Everything as processes: Kafka, PostgreSQL, the ERP and pods of the product; and the settings that join them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp
import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from sandbox.kafka_server import KafkaServer, create_topics, free_port
from sandbox.postgres_server import PostgresServer
from sandbox.shop.catalogue import erp_products
from sandbox.shop.shops import GO_LIVE
from tests.resilience.erp import Erp
from tests.resilience.pod import Pod
from tests.resilience.processes import Doc
from tests.resilience.shop import SHOP

CALL_S = 3.0  # far above the sandbox's latency
LEASE_S = CALL_S + 5  # the least that is allowed

PARTITIONS = 4


def settings(*, bootstrap: str, topic: str, ledger: str, erp: str, key: str) -> Doc:
    """Return the settings of a pod; short where they may be, so that an outage of seconds is long."""
    url = ledger.replace("postgresql://", "postgresql+asyncpg://", 1)
    return {
        "kafka": {
            "bootstrap_servers": bootstrap,
            "group_id": topic,
            "topics": [topic],
            "replay_topic": f"{topic}.replay",
            "dead_letter_topic": f"{topic}.dead",
            "session_timeout_ms": 6000,
            "rebalance_timeout_ms": 20_000,
        },
        "ledger": {"url": url, "lease_seconds": LEASE_S, "sweep_s": 1.0},
        "erp": {
            "base_url": erp,
            "api_keys": {SHOP.code: key},
            "tier": "elevated",
            "call_deadline_s": CALL_S,
            "settle_horizon_s": 1.0,
            "breaker_pause_s": 1.0,
        },
        "intake": {"drain_s": CALL_S + 2, "stall_s": 20.0},
        "http": {"port": free_port()},
        "tenants": {
            f"shopify/{SHOP.domain}": {
                "go_live": GO_LIVE.isoformat(),
                "fulfilment": SHOP.fulfilment,
                "entity_currency": SHOP.currency,
                "time_zone": SHOP.zone,
                "api_key": SHOP.code,
                "targets": dict(SHOP.targets),
                "tenders": dict(SHOP.tenders),
            }
        },
    }


@dataclass
class Town:
    """One installation with its neighbours. Leaving it ends every process that it started."""

    folder: Path
    kafka: KafkaServer
    postgres: PostgresServer
    database: str
    topic: str
    erp: Erp = field(init=False)
    pods: list[Pod] = field(default_factory=list)
    more: Doc = field(default_factory=dict)
    """Further sections of a pod's settings."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Start Kafka's topics and the ERP."""
        limit = aiohttp.ClientTimeout(total=5)
        http = await self._stack.enter_async_context(aiohttp.ClientSession(timeout=limit))
        self.erp = Erp(self.folder / "erp", http)
        self._stack.push_async_callback(self.erp.kill)
        await self.erp.start()
        await self.erp.control("seed", {"entity": SHOP.code, "products": erp_products(SHOP)})
        topics = {self.topic: PARTITIONS, f"{self.topic}.replay": 1, f"{self.topic}.dead": 1}
        await create_topics(self.kafka.bootstrap, topics)
        return self

    async def __aexit__(self, *reason: object) -> None:
        """End everything, newest first."""
        await self._stack.aclose()

    async def pod(self, name: str) -> Pod:
        """Start one more pod."""
        pod = Pod(name, self.folder, self._settings(), self.erp.http)
        self._stack.push_async_callback(pod.kill)
        self.pods.append(pod)
        await pod.start()
        return pod

    def _settings(self) -> Doc:
        erp = f"http://127.0.0.1:{self.erp.port}/v1"
        ours = settings(
            bootstrap=self.kafka.bootstrap,
            topic=self.topic,
            ledger=self.database,
            erp=erp,
            key=self.erp.keys[SHOP.code],
        )
        return {**ours, **self.more}

    async def letters(self) -> int:
        """How many records are on the dead-letter topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap)
        await consumer.start()
        try:
            dead = TopicPartition(f"{self.topic}.dead", 0)
            return int((await consumer.end_offsets([dead]))[dead])
        finally:
            await consumer.stop()

    async def ledger(self, sql: str, *values: str) -> list[str]:
        """Ask the ledger's tables for one column."""
        connection = await asyncpg.connect(self.database)
        try:
            return [str(row[0]) for row in await connection.fetch(sql, *values)]
        finally:
            await connection.close()
