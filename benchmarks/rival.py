"""Starts a baseline as a process of its own, next to the product in everything but what it promises."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.erp import Erp
from benchmarks.product import tail
from benchmarks.task import Task

ROOT: Final = Path(__file__).resolve().parent.parent
ADDRESS: Final = {
    "type": "shipping",
    "label": "home",
    "is_default_billing": True,
    "is_default_shipping": True,
    "street1": "1 Harbour Road",
    "city": "Albany",
    "region": "NY",
    "postal_code": "12000",
    "country": "US",
}


@dataclass(frozen=True, slots=True)
class Rival:
    """One baseline by name."""

    name: str
    module: str
    client: str = "aiohttp"


BARE: Final = Rival("bare limit (aiokafka + aiohttp)", "benchmarks.bare")
AFTERNOON_HTTPX: Final = Rival("afternoon version, plain httpx", "benchmarks.afternoon", "httpx")
AFTERNOON_AIOHTTP: Final = Rival("afternoon version, aiohttp", "benchmarks.afternoon")
RIVALS: Final = (BARE, AFTERNOON_HTTPX, AFTERNOON_AIOHTTP)


@dataclass
class Running:
    """A running baseline."""

    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        """Raise where it has ended by itself."""
        if self.process.returncode is not None:
            raise RuntimeError(f"the baseline ended with exit code {self.process.returncode}:\n{tail(self.log)}")


async def task_for(rival: Rival, erp: Erp, *, bootstrap: str, topic: str, in_flight: int) -> Task:
    """Give it one account of its own and the ids of the products."""
    account = {"name": "Everybody", "account_type": "individual", "addresses": [ADDRESS]}
    made = await erp.control("seed", {"accounts": [account]})
    found = await erp.control("state?format=json")
    one = made["accounts"][0]
    return Task(
        bootstrap=bootstrap,
        topic=topic,
        url=f"http://127.0.0.1:{erp.port}/v1/orders",
        key=erp.key,
        in_flight=in_flight,
        account={"id": one["id"], "address": one["addresses"][0]["id"]},
        products=by_sku(found["bench"]["products"]),
        client=rival.client,
    )


def by_sku(products: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return what a line has to say for each SKU, those of variants too. Pure."""
    found = {doc["sku"]: {"product_id": doc["id"]} for doc in products}
    for doc in products:
        for variant in doc["variants"]:
            found[variant["sku"]] = {"product_id": doc["id"], "variant_id": variant["id"]}
    return found


@asynccontextmanager
async def running(rival: Rival, task: Task, folder: Path) -> AsyncIterator[Running]:
    """Run it, and kill it at the end: it has nothing to lose."""
    log = _log(folder)
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", rival.module, task.text(), stdout=sink.fileno(), stderr=sink.fileno(), cwd=ROOT
        )
    try:
        yield Running(process, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _log(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "rival.log"
