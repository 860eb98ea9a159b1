"""The way back in tests: a receiver of webhooks over real HTTP, and the duties that look at the ERP, for one pod."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.arcus.webhooks import signature
from sandbox.oracle.erp import parsed
from sandbox.oracle.mirror import unlike
from schemas.base import Ref
from service.desk.claims import claim
from service.duties.endpoint import EndpointWatch
from service.duties.polling import Polling
from service.duties.watching import watching
from service.erp.arcus import events
from service.erp.arcus.client import Client
from service.erp.arcus.endpoints import Endpoints
from service.erp.arcus.payloads import OrderDoc
from service.erp.arcus.sight import differs
from service.errors import FerryError
from service.pipeline.erp_news import ErpNews
from service.pipeline.publish import Timing
from service.pipeline.watch import Watch
from service.ports import DeadLetter, Drift, Endpoint, Observation, Record
from tests.erp_arcus.bench import courier_over
from tests.pipeline.rig import PATIENCE_S, PAUSE_S, QUICK, Pod, Rig

TOPIC = "erp.events"
DELAY_S = float(os.environ.get("WEBHOOK_DELAY_S", "1"))
"""Up to so long the ERP holds a webhook back, where it does."""
Doc = dict[str, Any]


@dataclass
class Edge:
    """What stands at `POST /webhooks/arcus`: checks the signature and makes a record of the body as it came."""

    url: str = ""
    secret: str = ""
    down: bool = False
    records: asyncio.Queue[Record] = field(default_factory=asyncio.Queue)
    forged: int = 0
    refused: int = 0
    taken: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        if self.down:
            self.refused += 1
            return web.Response(status=503)
        body = await request.read()
        sent = request.headers["Arcus-Signature"]
        moment = float(sent.partition(",")[0].removeprefix("t="))
        if signature(self.secret, body, moment) != sent or abs(time.time() - moment) > 300:
            self.forged += 1
            return web.Response(status=401)
        document = json.loads(body)["data"]["object"]
        key = f"arcus:usd:{document.get('object', '')}:{document['id']}".encode()
        headers = [(name.lower(), value.encode()) for name, value in request.headers.items() if "Arcus" in name]
        self.taken += 1
        await self.keep(Record(TOPIC, 0, self.taken, key, body, headers, time.time()))
        return web.Response(status=202)

    async def keep(self, record: Record) -> None:
        """Keep it in memory; what stands before a broker sends it there."""
        self.records.put_nowait(record)


@asynccontextmanager
async def edge(made: Edge | None = None) -> AsyncIterator[Edge]:
    """Listen on the loopback."""
    found = made or Edge()
    app = web.Application()
    app.router.add_post("/webhooks/arcus", found.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/arcus"
    try:
        yield found
    finally:
        await runner.cleanup()


@dataclass
class Notes:
    """Everything that is reported."""

    looks: list[Observation] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    resumed: int = 0

    def looked(self, observation: Observation) -> None:
        self.looks.append(observation)

    def look_failed(self, key: str, error: FerryError) -> None:
        self.failures.append(f"{key}: {error}")

    def endpoint_is(self, name: str, status: str) -> None:
        self.statuses.append(f"{name} {status}")

    def endpoint_resumed(self, name: str, endpoint: Endpoint) -> None:
        assert (name, endpoint.status) == ("usd", "active")
        self.resumed += 1

    async def put(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


class Back:
    """The way back of one pod."""

    def __init__(self, rig: Rig, pod: Pod, *, accepts: bool = False, url: str = "", timing: Timing = QUICK) -> None:
        self.rig = rig
        self.pod = pod
        self.notes = Notes()
        self.forgotten: list[Ref] = []
        mirror = pod.ledger.mirror
        mirror.settle_s = QUICK.settle
        self.news = ErpNews(
            topic=TOPIC, read=events.notice, mirror=mirror, dead_letters=self.notes, noticed=lambda _: None
        )
        self.watch = Watch(
            mirror=mirror,
            erp_of=lambda _source, _tenant: pod.arcus,
            accepts=lambda _source, _tenant: accepts,
            observer=self.notes,
            forget=self._forget,
            timing=timing,
        )
        self.polling: Polling[OrderDoc] = Polling(
            name="usd",
            feed=pod.arcus.feed,
            mirror=mirror,
            clock=rig.clock,
            days=1.0,
            settle_s=QUICK.settle,
            orders_every_s=0.0,
            has_activity=True,
            id_of=lambda doc: doc.id,
            ask_for=events.of_row,
            differs=differs,
        )
        self.endpoints = Endpoints(client=Client(settings=pod.arcus.settings, courier=courier_over(rig.transport)))
        self.endpoint = EndpointWatch(
            name="usd",
            url=url,
            endpoints=self.endpoints,
            catch_up=self.polling.catch_up,
            observer=self.notes,
            clock=rig.clock,
        )
        self.look = watching(looks=mirror, look=self.watch.look)

    def _forget(self, account: Ref) -> None:
        self.forgotten.append(account)
        self.pod.story.forget(account)

    async def take(self, door: Edge) -> int:
        """Let the records that came in so far through the lanes; returns how many there were."""
        taken = 0
        while not door.records.empty():
            await self.news.handle([door.records.get_nowait()])
            taken += 1
        return taken

    async def looked(self) -> None:
        """Look until nothing waits to be looked at, whatever has to settle first."""
        end = time.monotonic() + PATIENCE_S
        while (await self.pod.ledger.mirror.counts())[0]:
            assert time.monotonic() < end, f"looks never end: {self.notes.failures}"
            await self.look()
            await self.pod.release()
            await asyncio.sleep(PAUSE_S)

    async def polled(self) -> None:
        """Do one poll, and the looks that it asks for."""
        await self.polling.poll()
        await self.looked()

    async def quiet(self, door: Edge) -> None:
        """Wait until nothing is on its way: no delivery, no record, no look; then poll once."""
        end = time.monotonic() + PATIENCE_S + DELAY_S
        while (await self.rig.driver.control("webhooks"))["pending"] or await self.take(door):
            assert time.monotonic() < end, "deliveries never end"
            await self.look()
            await asyncio.sleep(PAUSE_S)
        await self.looked()
        await self.polled()

    async def explained(self) -> list[Doc]:
        """What `explain --all --json` would say."""
        desk = self.pod.desk
        keys = await desk.all_keys("shopify", after="", limit=10_000)
        return [json.loads(json.dumps(claim(await desk.story(key)), default=str)) for key in keys]

    async def unlike(self) -> list[str]:
        """Where the ledger is not like the ERP, in the oracle's judgement."""
        lines = await self.rig.driver.lines(f"state?entity={self.rig.entity}")
        dump = parsed([json.dumps(line, default=str) for line in lines])
        return [f"{name}: {words}" for name, words in unlike(dump, await self.explained())]

    async def drift(self, root: str = "1") -> list[Drift]:
        return list((await self.pod.told(root)).drifts)

    async def hand(self, deed: str, **body: Any) -> None:
        """Let a person do something in the ERP's app."""
        await self.rig.driver.control("by-hand", {"entity": self.rig.entity, "do": deed, **body})
