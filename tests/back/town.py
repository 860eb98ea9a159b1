"""The way back with everything as processes: Kafka, the ERP, `orderferry run`, and an edge that fills `erp.events`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml
from aiokafka import AIOKafkaProducer

from sandbox.arcus.driver import Driver, process
from sandbox.kafka_server import create_topics
from sandbox.oracle.erp import parsed
from sandbox.oracle.mirror import unlike
from sandbox.shop.catalogue import erp_products
from service.ports import Record
from tests.pipeline.edge import Edge, edge
from tests.resilience.pod import Pod
from tests.resilience.processes import Doc
from tests.resilience.shop import SHOP
from tests.resilience.town import settings

POLL_S = 1.0


class KafkaEdge(Edge):
    """An edge before a broker: a delivery is answered when Kafka has it."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        super().__init__()
        self._producer = producer
        self._topic = topic

    async def keep(self, record: Record) -> None:
        """Send it to the topic: key, the body as it came, the ERP's headers."""
        await self._producer.send_and_wait(
            self._topic, key=record.key, value=record.value, headers=list(record.headers)
        )


@dataclass
class Town:
    """Everything that runs."""

    config: Path
    driver: Driver
    door: KafkaEdge
    producer: AIOKafkaProducer
    pod: Pod

    async def ferry(self, *arguments: str) -> list[Doc]:
        """Call the command line; returns its lines of JSON."""
        command = [
            str(Path(sys.executable).with_name("orderferry")),
            "--config",
            str(self.config),
            *arguments,
            "--json",
        ]
        env = {name: value for name, value in os.environ.items() if not name.startswith("ORDERFERRY_")}
        child = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=env)
        out, err = await child.communicate()
        assert child.returncode == 0, f"orderferry {' '.join(arguments)}: {err.decode()}"
        return [json.loads(line) for line in out.splitlines()]

    async def explained(self) -> list[Doc]:
        """What the product says about everything."""
        return await self.ferry("explain", "shopify", "--all")

    async def unlike(self) -> list[str]:
        """Where the product's word is not like the ERP, in the oracle's judgement."""
        dump = parsed([json.dumps(line, default=str) for line in await self.driver.lines("state")])
        return [f"{name}: {words}" for name, words in unlike(dump, await self.explained())]


@asynccontextmanager
async def town(folder: Path, bootstrap: str, topic: str, *, shop_secret: str = "") -> AsyncIterator[Town]:
    """Start everything, register the webhook endpoint by the command line, then run the service.

    With the shop's secret the service takes all webhooks itself, and nobody knocks at the door of the test.
    """
    async with AsyncExitStack() as stack:
        events = f"{topic}.erp"
        await create_topics(bootstrap, {topic: 2, f"{topic}.replay": 1, f"{topic}.dead": 1, events: 2})
        options = ("--tier", "elevated", "--entities", f"{SHOP.code}:{SHOP.currency}")
        _, ready = await stack.enter_async_context(process(folder / "arcus", *options))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        driver = Driver(http, port=ready["port"], keys=ready["keys"])
        await driver.control("seed", {"entity": SHOP.code, "products": erp_products(SHOP)})
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        door = KafkaEdge(producer, events)
        await stack.enter_async_context(edge(door))
        given = settings(
            bootstrap=bootstrap, topic=topic, ledger="", erp=f"{driver.base}/v1", key=driver.keys[SHOP.code]
        )
        given["ledger"] = {"url": f"sqlite:///{folder / 'ledger.sqlite3'}", "sweep_s": 0.3}
        given["kafka"]["erp_events_topic"] = events
        given["erp"] |= {"webhook_url": door.url, "poll_s": POLL_S, "poll_orders_s": POLL_S, "settle_horizon_s": 0.5}
        if shop_secret:
            given["edge"] = {"shopify_secrets": [shop_secret]}
            given["erp"]["webhook_url"] = f"http://127.0.0.1:{given['http']['port']}/webhooks/arcus"
        pod = Pod("pod", folder, given, http)
        place = Town(folder / "town.yaml", driver, door, producer, pod)
        place.config.write_text(yaml.safe_dump(given))
        await place.ferry("migrate")
        (made,) = await place.ferry("webhooks", "register", "arcus")
        door.secret = made["secret"]
        given["erp"]["webhook_secrets"] = {key: [made["secret"]] for key in given["erp"]["api_keys"]}
        stack.push_async_callback(pod.kill)
        await pod.start()
        yield place
