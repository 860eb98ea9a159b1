"""The product as a user starts it: a broker, an ERP and `orderferry run` as processes, fed by `orderferry send`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition
from typer.testing import CliRunner

from sandbox.arcus.driver import Driver, process
from service.cli.app import application
from service.cli.front import Front
from tests.acceptance.cases import ENTITIES, GOODS, SERVICES, Sent, shop
from tests.own_logs import own_logs

Doc = dict[str, Any]
SOURCE, REPLAY, DEAD = "shop.events", "orderferry.replay", "orderferry.dead-letters"
PATIENCE_S = 90.0
LOOK_S = 0.2
_STARTED = re.compile(r'"port": ?(\d+)')
_GONE = ("processor_charges", "processor_refunds", "emails", "marketplace_pushes")
Place = tuple[str, int, int]


@dataclass
class Report:
    """What the product says of everything that was sent, and what the ERP holds."""

    sent: dict[str, list[Place]] = field(default_factory=dict)
    """Where the records of a case stand in Kafka."""
    keys: list[Doc] = field(default_factory=list)
    """Lines of `orderferry explain --all --json`."""
    dead: dict[Place, Mapping[str, str]] = field(default_factory=dict)
    """Dead letters by the place of their record, with the headers that say why."""
    books: Doc = field(default_factory=dict)
    moved: Doc = field(default_factory=dict)

    def events(self, case: Sent) -> dict[Place, list[Doc]]:
        """How the records of a case ended."""
        places = set(self.sent[case.name])
        found: dict[Place, list[Doc]] = {}
        for key in self.keys:
            for event in key["events"]:
                place = _place(event["position"])
                if place in places:
                    found.setdefault(place, []).append(event)
        return found

    def documents(self, tenant: str) -> dict[str, Doc]:
        """Documents of one shop, as `order 1`."""
        return {
            f"{one['kind']} {one['external_id']}": one
            for key in self.keys
            if key["tenant"] == tenant
            for one in key["documents"]
        }

    def standing(self, tenant: str) -> dict[str, Doc]:
        """What stands in the ERP's own database for one shop, as `order 1`: sales, returns, payments."""
        found: dict[str, Doc] = {}
        for book in self.books.values():
            for order in book["orders"]:
                tag = order["metadata"]
                if tag and tag["tenant"] == tenant:
                    found[f"{tag['kind']} {tag['external_id']}"] = order
            for payment in book["payments"]:
                of, _, number = payment["external_reference"].rpartition(":")
                if of == tenant:
                    found[f"payment {number}"] = payment
        return found


def _place(position: Doc) -> Place:
    return position["topic"], position["partition"], position["offset"]


@dataclass
class Town:
    """Everything that runs."""

    folder: Path
    bootstrap: str
    driver: Driver
    http: aiohttp.ClientSession
    base: str = ""

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    async def ferry(self, *arguments: str) -> str:
        """Call the command line; returns what it wrote."""
        child = await asyncio.create_subprocess_exec(
            *_ferry(self.config, *arguments), stdout=PIPE, stderr=PIPE, env=_environment(), cwd=self.folder
        )
        out, err = await child.communicate()
        assert child.returncode == 0, f"orderferry {' '.join(arguments)}: {err.decode()}"
        return out.decode()

    async def send(self, cases: Sequence[Sent]) -> dict[str, list[Place]]:
        """Put the files of cases that are alike on the topic, by one call of the command line."""
        files = {str(path): case.name for case in cases for path in case.paths or self._written(case)}
        said = await asyncio.to_thread(self._send, *cases[0].call, *files)
        places: dict[str, list[Place]] = {}
        for line in said.splitlines():
            row = json.loads(line)
            places.setdefault(files[row["file"]], []).append(_place(row))
        return places

    def _send(self, *arguments: str) -> str:
        """`orderferry send`, in this process: to start one for each of 86 calls took a second of CPU a call."""
        front = Front(environ={"ORDERFERRY_CONFIG": str(self.config)})
        call = ["send", *arguments, "--json"]
        with own_logs():
            result = CliRunner().invoke(application(), call, obj=front, catch_exceptions=False)
        assert result.exit_code == 0, f"orderferry send {' '.join(arguments)}: {result.stderr}"
        return result.stdout

    def _written(self, case: Sent) -> list[Path]:
        folder = self.folder / "sent" / case.name.replace(": ", "-")
        folder.mkdir(parents=True)
        files = [folder / f"{number}.json" for number in range(len(case.values))]
        for file, value in zip(files, case.values, strict=True):
            file.write_bytes(value)
        return files

    async def send_all(self, cases: Sequence[Sent]) -> dict[str, list[Place]]:
        """Send phase after phase, one call after the other: each has standard output for itself."""
        places: dict[str, list[Place]] = {}
        for phase in sorted({case.phase for case in cases}):
            calls: dict[tuple[str, ...], list[Sent]] = {}
            for case in cases:
                if case.phase == phase:
                    calls.setdefault(case.call, []).append(case)
            for alike in calls.values():
                places.update(await self.send(alike))
        return places

    async def report(self, sent: dict[str, list[Place]]) -> Report:
        """Wait until every record has its outcome and nothing is on its way, and read everything."""
        wanted = {place for places in sent.values() for place in places}
        end = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            report = Report(sent, await self.explained(), await self.dead_letters())
            told = {_place(event["position"]) for key in report.keys for event in key["events"] if event["position"]}
            missing = wanted - told - report.dead.keys()
            if not missing and not any(on_its_way(key) for key in report.keys):
                break
            assert asyncio.get_running_loop().time() < end, f"no outcome: {missing or 'something is on its way'}"
            await asyncio.sleep(LOOK_S)
        report.books = await self.driver.control("state?format=json")
        stats = await self.driver.control("stats")
        report.moved = {name: stats[name] for name in _GONE}
        return report

    async def explained(self) -> list[Doc]:
        return [json.loads(line) for line in (await self.ferry("explain", "shopify", "--all", "--json")).splitlines()]

    async def dead_letters(self) -> dict[Place, Mapping[str, str]]:
        """Read the topic of dead letters from its beginning."""
        found: dict[Place, Mapping[str, str]] = {}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", max_partition_fetch_bytes=64 << 20
        )
        await consumer.start()
        try:
            partition = TopicPartition(DEAD, 0)
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            while await consumer.position(partition) < end:
                record = await consumer.getone()
                headers = {name: value.decode(errors="replace") for name, value in record.headers}
                said = {
                    name.removeprefix("x-orderferry-"): text
                    for name, text in headers.items()
                    if name.startswith("x-orderferry-")
                }
                found[said["topic"], int(said["partition"]), int(said["offset"])] = said
        finally:
            await consumer.stop()
        return found


def on_its_way(key: Doc) -> bool:
    """Whether something of a key is still being done, without anybody doing anything."""
    awaited = {"transactions_awaited", "in_doubt"}
    return any(one["reason"] in awaited for one in key["documents"]) or any(c["state"] == "open" for c in key["calls"])


@asynccontextmanager
async def town(folder: Path, cases: Sequence[Sent]) -> AsyncIterator[Town]:
    """Start everything, set up for the shops of these cases."""
    async with AsyncExitStack() as stack:
        bootstrap = await stack.enter_async_context(_broker())
        entities = ",".join(f"{currency.lower()}:{currency}" for currency in ENTITIES)
        options = ("--profile", "lenient", "--tier", "unlimited", "--entities", entities)
        _, ready = await stack.enter_async_context(process(folder / "arcus", *options))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        driver = Driver(http, port=ready["port"], keys=ready["keys"])
        products = [
            *({"sku": sku, "product_type": "service"} for sku in SERVICES),
            *({"sku": sku, "list_price": 1} for sku in GOODS),
        ]
        await driver.control("seed", {"entities": {code: {"products": products} for code in ready["keys"]}})
        place = Town(folder, bootstrap, driver, http)
        place.config.write_text(yaml.safe_dump(_settings(place, cases)))
        await place.ferry("migrate")
        await stack.enter_async_context(_running(place))
        yield place


@asynccontextmanager
async def _broker() -> AsyncIterator[str]:
    topics = f"{SOURCE}:3,{REPLAY}:1,{DEAD}:1"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.broker", "--topics", topics, stdout=PIPE, cwd=_ROOT
    )
    try:
        assert child.stdout is not None
        line = await asyncio.wait_for(child.stdout.readline(), PATIENCE_S)
        yield json.loads(line)["bootstrap_servers"]
    finally:
        await _end(child)


@asynccontextmanager
async def _running(place: Town) -> AsyncIterator[None]:
    """Run the service; its log is read line by line, so that it is never in the way."""
    child = await asyncio.create_subprocess_exec(
        *_ferry(place.config, "run"), stdout=PIPE, stderr=STDOUT, env=_environment(), cwd=place.folder, limit=1 << 24
    )
    assert child.stdout is not None
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    lines: deque[str] = deque(maxlen=50)
    reading = asyncio.create_task(_read(child.stdout, lines, started))
    try:
        place.base = await asyncio.wait_for(started, PATIENCE_S)
        await _ready(place)
        yield
    finally:
        assert child.returncode is None, f"the service ended by itself: {' '.join(lines)}"
        await _end(child)
        await reading


async def _read(stream: asyncio.StreamReader, lines: deque[str], started: asyncio.Future[str]) -> None:
    async for line in stream:
        lines.append(line.decode())
        if "service started" in lines[-1] and (found := _STARTED.search(lines[-1])):
            started.set_result(f"http://127.0.0.1:{found[1]}")
    if not started.done():
        started.set_exception(AssertionError(f"the service did not start: {' '.join(lines)}"))


async def _ready(place: Town) -> None:
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        async with place.http.get(f"{place.base}/readyz") as answer:
            if answer.status == 200:
                return
            assert asyncio.get_running_loop().time() < end, await answer.text()
        await asyncio.sleep(LOOK_S)


async def _end(child: Process) -> None:
    if child.returncode is None:
        child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.wait(), PATIENCE_S)


_ROOT = Path(__file__).parents[2]


def _ferry(config: Path, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("orderferry")), "--config", str(config), *arguments]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ORDERFERRY_")}


def _settings(place: Town, cases: Sequence[Sent]) -> Doc:
    ledger = place.folder / "ledger.sqlite3"
    return {
        "kafka": {
            "bootstrap_servers": place.bootstrap,
            "topics": [SOURCE],
            "replay_topic": REPLAY,
            "dead_letter_topic": DEAD,
            "session_timeout_ms": 6000,
        },
        "ledger": {"url": f"sqlite+aiosqlite:///{ledger}", "sweep_s": 0.3},
        "erp": {
            "base_url": f"{place.driver.base}/v1",
            "api_keys": dict(place.driver.keys),
            "tier": "unlimited",
            "call_deadline_s": 10,
            "settle_horizon_s": 5,
        },
        "intake": {"bad_share": 1.0, "bad_window": 2000},
        "http": {"port": 0},
        "tenants": {f"shopify/{shop(one.shop)}": _tenant(one) for one in cases if one.set_up},
    }


def _tenant(case: Sent) -> Doc:
    """Return the settings of a shop, as its first case has them."""
    plain: Doc = {
        "go_live": "1970-01-01T00:00:00Z",
        "fulfilment": "erp",
        "entity_currency": case.currency,
        "time_zone": "America/New_York",
        "api_key": case.currency.lower(),
        "admit_test": True,
        "transactions_grace_s": 1,
        "targets": {
            "tax": "sku:TAX",
            "marketplace_tax": "sku:MARKETPLACE-TAX",
            "tips": "sku:TIP",
            "gift_cards": "sku:GIFT",
            "shipping": "sku:SHIP",
            "duties": "sku:DUTY",
            "fees": "sku:FEE",
            "custom": "sku:CUSTOM",
            "rounding": "fee:Cash rounding",
        },
        "tenders": {
            "shopify_payments": "external",
            "bogus": "external",
            "visa": "external",
            "cash": "cash",
            "gift_card": "credit",
        },
        "pick_up": {"street1": "3 Low St", "city": "Fresno", "region": "CA", "postal_code": "93650", "country": "US"},
    }
    return {**plain, **case.settings}
