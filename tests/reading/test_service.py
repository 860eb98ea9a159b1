"""The whole service as a process, with a broker, an ERP and a shop's API: what needs reading is read and posted."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.demo.books import Books
from sandbox.demo.children import Children, told
from sandbox.demo.installation import DEAD_LETTERS, GROUP, REPLAY, entities, free_port, seed, settings, write_settings
from sandbox.demo.wire import Wire
from sandbox.shop.disorder import Record
from sandbox.shop.generate import generate
from sandbox.shop.history import History
from sandbox.shop.scenarios import SCENARIOS

TOPIC = "shop.events"
SEED = 5
PATIENCE_S = 90.0
GAPS = ("no_transaction_came", "half_of_the_money_came", "cut_to_its_id")
ORDERFERRY = (str(Path(sys.executable).with_name("orderferry")),)
Said = dict[str, tuple[str, str | None]]


@dataclass
class Town:
    """Everything that runs, and what the service is told."""

    folder: Path
    children: Children
    histories: list[History]
    erp: dict[str, Any] = field(default_factory=dict)
    shop: dict[str, Any] = field(default_factory=dict)
    bootstrap: str = ""

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Start the broker, the ERP and the shop's API, and write the settings."""
        topics = f"{TOPIC}:2,{DEAD_LETTERS}:1,{REPLAY}:1"
        _, broker = await self.children.announced("broker", "sandbox.broker", "--topics", topics)
        self.bootstrap = broker["bootstrap_servers"]
        (self.folder / "erp").mkdir()
        place = ("--data", str(self.folder / "erp"), "--tier", "unlimited", "--entities", entities())
        _, self.erp = await self.children.announced("erp", "sandbox.arcus", *place)
        many = ("--seed", str(SEED), "--histories", str(len(SCENARIOS)))
        _, self.shop = await self.children.announced("shop", "sandbox.shop.admin", *many)
        await Books(session, self.erp["port"]).ask("seed", seed())
        write_settings(self.folder / "orderferry.yaml", self._settings())

    def _settings(self) -> dict[str, Any]:
        content = settings(
            bootstrap=self.bootstrap,
            topic=TOPIC,
            erp_port=self.erp["port"],
            keys=self.erp["keys"],
            ledger=self.folder / "ledger.sqlite3",
            http_port=free_port(),
            tier="unlimited",
        )
        content["shopify"] = {
            "base_url": f"http://127.0.0.1:{self.shop['port']}/shops/{{shop}}",
            "every_s": 0.5,
            "again_s": 1.0,
        }
        for history in self.histories:
            secret = self.folder / history.shop.code
            secret.write_text(self.shop["tokens"][history.shop.domain])
            content["tenants"][f"shopify/{history.shop.domain}"]["shop_token_file"] = str(secret)
        return content

    @property
    def env(self) -> dict[str, str]:
        return {"ORDERFERRY_CONFIG": str(self.folder / "orderferry.yaml")}

    async def ferry(self, *arguments: str) -> list[Any]:
        """Call the command line; returns its lines of JSON."""
        lines = await told([*ORDERFERRY, *arguments], env=self.env, log=self.folder / "ferry.log")
        return [json.loads(line) for line in lines]

    async def claims(self) -> list[dict[str, Any]]:
        roots = {str(history.order.id) for history in self.histories}
        return [one for one in await self.ferry("explain", "shopify", "--all", "--json") if one["root"] in roots]


def said(claims: list[dict[str, Any]]) -> Said:
    return {
        f"{one['kind']} {one['external_id']}": (one["outcome"], one["reason"])
        for claim in claims
        for one in claim["documents"]
    }


def expected(history: History) -> Said:
    """What must become of an order and its cash; what was cut to its id is not paid yet."""
    order = history.order
    cash = {f"payment {one.id}": ("posted", None) for one in order.transactions if one.moves_cash}
    return {f"order {order.id}": ("posted", None) if cash else ("waiting", "gate"), **cash}


@pytest.mark.timeout(170)
async def test_what_only_the_shop_can_tell_is_read_and_posted(tmp_path: Path) -> None:
    found = {scenario.name: history for scenario, history in generate(SEED, len(SCENARIOS)).histories}
    histories = [found[name] for name in GAPS]
    async with Children(tmp_path / "logs") as children, aiohttp.ClientSession() as session:
        town = Town(tmp_path, children, histories)
        await town.start(session)
        await town.ferry("migrate", "--json")
        tried = {one["subject"]: one["level"] for one in await town.ferry("check", "--json")}
        assert {tried[f"shop shopify/{history.shop.domain}"] for history in histories} == {"fine"}
        faults = f"http://127.0.0.1:{town.shop['port']}/_sandbox/faults"
        async with session.post(faults, json=["500", "throttled", "reset"]) as done:
            assert done.status == 200
        service = await children.start("orderferry", [*ORDERFERRY, "run"], env=town.env)
        wire = Wire(town.bootstrap, TOPIC, 2, GROUP)
        deliveries = [one for history in histories for one in history.deliveries]
        await wire.produce([Record(TOPIC, one.key, one.value, one.headers) for one in deliveries], first=0)
        wire.close()
        wanted = {name: end for history in histories for name, end in expected(history).items()}
        until = time.monotonic() + PATIENCE_S
        while not wanted.items() <= said(claims := await town.claims()).items():
            service.must_run()
            assert time.monotonic() < until, said(claims)
            await asyncio.sleep(0.5)
        read = [event for claim in claims for event in claim["events"] if event["topic"] == "orders/read"]
        assert len({event["id"].split("/")[1] for event in read}) == len(histories), "each key shows that it was read"
        assert await service.stop() == 0
        written = service.log.read_text()
        assert "order read from the shop" in written
        assert not any(token in written for token in town.shop["tokens"].values())
