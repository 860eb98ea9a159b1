"""Whatever the sandbox lies, a client that looks up and repeats the same bytes under the same key gets through."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from sandbox.arcus.driver import Driver
from sandbox.arcus.errors import Doc
from sandbox.arcus.faults import KINDS
from sandbox.arcus.trial import Books, seeded

ORDERS = 200
CHANCE = 0.06


async def _found(books: Books, name: str) -> Doc | None:
    """Look an order up by its tag, as a client must that knows nothing."""
    try:
        answer = await books.driver.call("GET", f"/orders?account_id={books.buyer}&limit=200", timeout=5)
    except (aiohttp.ClientError, TimeoutError):
        return None
    if answer.status != 200:
        return None
    return next((row for row in answer.body["data"] if row["metadata"].get("external_id") == name), None)


async def _carried(books: Books, name: str) -> str:
    body = books.order(metadata={"external_id": name}, auto_compute_tax=True)
    while True:
        try:
            answer = await books.driver.call("POST", "/orders", body, key=name, timeout=0.1)
            if answer.status == 201:
                return str(answer.doc["id"])
        except (aiohttp.ClientError, TimeoutError, ValueError):
            pass
        row = await _found(books, name)
        if row is not None:
            return str(row["id"])


async def test_every_order_arrives_once_and_every_kind_of_lie_is_met(
    start: Callable[..., Awaitable[Driver]],
) -> None:
    erp = await start(seed=3)
    books = await seeded(erp, "usd")
    plan = {"kinds": dict.fromkeys(KINDS, CHANCE), "slow_ms": 200, "in_flight_ms": 60, "stale_ms": 40, "frozen_ms": 10}
    await erp.control("faults", plan)
    names = [f"order-{number}" for number in range(ORDERS)]
    ids = await asyncio.gather(*(_carried(books, name) for name in names))
    rows = [line["doc"] for line in await erp.lines("state?entity=usd") if line["resource"] == "orders"]
    assert sorted(row["metadata"]["external_id"] for row in rows) == sorted(names)
    assert sorted(row["id"] for row in rows) == sorted(ids)
    stats = await erp.control("stats")
    assert {kind for kind in KINDS if not stats["faults_met"][kind]} == set()
    assert all(stats["faults_met"][kind] <= stats["faults_injected"][kind] for kind in KINDS)
