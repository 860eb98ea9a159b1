"""Webhook endpoints and their deliveries: signed, over real HTTP, and as badly as a test asks for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from sandbox.arcus.driver import Driver
from sandbox.arcus.trial import Books, seeded
from sandbox.arcus.webhooks import signature
from tests.sandbox_arcus.conftest import Start


class Receiver:
    """Takes deliveries."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.came: list[tuple[str, bytes]] = []

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.came.append((request.headers["Arcus-Signature"], await request.read()))
        return web.Response(status=self.status)

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.came]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    runner = web.ServerRunner(web.Server(found.handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


async def registered(books: Books, receiver: Receiver, *events: str) -> dict[str, Any]:
    body = {"url": receiver.url, "enabled_events": list(events or ("*",))}
    return (await books.call("POST", "/webhook_endpoints", body)).doc


async def delivered(driver: Driver) -> dict[str, Any]:
    """Wait until nothing is on its way."""
    while True:
        report = await driver.control("webhooks")
        if not report["pending"]:
            return report
        await asyncio.sleep(0.005)


async def test_every_commit_is_told_and_signed(books: Books, receiver: Receiver) -> None:
    endpoint = await registered(books, receiver)
    order = await books.confirmed()
    await books.paid(order)
    await delivered(books.driver)
    assert sorted(receiver.types()) == ["order.confirmed", "order.created", "order.paid", "payment.received"]
    for sent, body in receiver.came:
        moment = float(sent.partition(",")[0].removeprefix("t="))
        assert sent == signature(endpoint["secret"], body, moment)
        assert abs(time.time() - moment) < 60
        event = json.loads(body)
        assert event["id"].startswith("evt_")
        assert event["data"]["object"]["id"]
    assert sent != signature("whsec_other", body, moment)


async def test_only_what_was_subscribed_to_is_sent(books: Books, receiver: Receiver) -> None:
    await registered(books, receiver, "payment.*", "order.confirmed")
    await books.paid(await books.confirmed())
    await delivered(books.driver)
    assert sorted(receiver.types()) == ["order.confirmed", "payment.received"]


async def test_five_failures_pause_and_what_happens_meanwhile_is_lost(books: Books, receiver: Receiver) -> None:
    endpoint = await registered(books, receiver)
    receiver.status = 503
    for _ in range(7):
        await books.created()
        await delivered(books.driver)
    assert len(receiver.came) == 5
    path = f"/webhook_endpoints/{endpoint['id']}"
    assert (await books.get(path))["status"] == "paused"
    receiver.status = 200
    await books.created()
    report = await delivered(books.driver)
    assert (report["failed"], report["skipped"], report["pauses"]) == (5, 3, 1)
    resumed = (await books.call("PATCH", path, {"status": "active"})).doc
    assert (resumed["status"], resumed["consecutive_failure_count"]) == ("active", 0)
    await books.created()
    assert (await delivered(books.driver))["delivered"] == 1


async def test_deliveries_are_dropped_doubled_and_late_on_demand(books: Books, receiver: Receiver) -> None:
    await registered(books, receiver)
    plan = {"drop": 0.3, "duplicate": 0.3, "delay": 0.5, "delay_s": 0.05, "seed": 1}
    await books.driver.control("webhooks", plan)
    for _ in range(60):
        await books.created()
    report = await delivered(books.driver)
    assert report["emitted"] == 60
    assert min(report["dropped"], report["duplicated"], report["delayed"]) > 8
    assert report["delivered"] == 60 - report["dropped"] + report["duplicated"]
    created = [json.loads(body)["data"]["object"]["order_number"] for _, body in receiver.came]
    assert created != sorted(created), "out of order"
    await books.driver.control("webhooks", {"live": False})
    await books.created()
    assert (await delivered(books.driver))["delivered"] == report["delivered"]
    with pytest.raises(ValueError, match="unknown fields"):
        await books.driver.control("webhooks", {"mood": 1})


async def test_a_failed_delivery_is_tried_again_where_a_schedule_is_given(books: Books, receiver: Receiver) -> None:
    await registered(books, receiver)
    await books.driver.control("webhooks", {"retries_s": [0.01, 0.01]})
    receiver.status = 500
    await books.created()
    assert (await delivered(books.driver))["failed"] == 3


async def test_secrets_are_shown_once_and_rotated(books: Books, receiver: Receiver) -> None:
    made = await registered(books, receiver)
    path = f"/webhook_endpoints/{made['id']}"
    assert "secret" not in await books.get(path)
    rotated = (await books.call("POST", f"{path}/rotate_secret", {})).doc
    assert rotated["secret"] != made["secret"]
    await books.created()
    await delivered(books.driver)
    sent, body = receiver.came[-1]
    assert sent == signature(rotated["secret"], body, float(sent.partition(",")[0].removeprefix("t=")))
    assert (await books.call("DELETE", path)).status == 200
    assert (await books.call("GET", path)).status == 404
    assert (await books.call("GET", "/webhooks")).body["data"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://x"},
        {"url": "http://x", "enabled_events": []},
        {"url": "http://x", "enabled_events": [5]},
        {"url": "http://x", "enabled_events": ["*"], "mode": "odd"},
    ],
)
async def test_half_an_endpoint_is_refused(books: Books, body: dict[str, Any]) -> None:
    assert (await books.call("POST", "/webhook_endpoints", body)).status == 400


async def test_only_some_fields_change(books: Books, receiver: Receiver) -> None:
    path = f"/webhook_endpoints/{(await registered(books, receiver))['id']}"
    assert (await books.call("PATCH", path, {"secret": "mine"})).status == 400
    assert (await books.call("PATCH", path, {"status": "odd"})).status == 400
    changed = {"url": "http://y", "enabled_events": ["a.b"], "description": "d", "metadata": {"a": 1}}
    assert (await books.call("PATCH", path, changed)).doc.items() >= changed.items()


async def test_what_people_do_is_told_by_webhooks_and_activity(books: Books, receiver: Receiver) -> None:
    first, second = await books.confirmed(), await books.confirmed()
    paid = await books.paid(second)
    await registered(books, receiver)
    hand = {"entity": "usd"}
    await books.driver.control("by-hand", {**hand, "do": "void", "order_id": first["id"]})
    refund = {"do": "refund", "order_id": second["id"], "payment_id": paid["id"], "body": {"amount": 100}}
    await books.driver.control("by-hand", {**hand, **refund})
    await books.driver.control("edit", {**hand, "table": "orders", "id": second["id"], "set": {"notes": "me"}})
    await delivered(books.driver)
    expected = ["order.payment_status_changed", "order.updated", "order.voided", "payment.refunded"]
    assert sorted(receiver.types()) == expected
    rows = (await books.call("GET", "/activity")).body["data"]
    told = [(row["actor"]["type"], row["resource_type"], row["resource_id"]) for row in rows[:3]]
    assert told == [("user", "order", second["id"]), ("user", "payment", paid["id"]), ("user", "order", first["id"])]
    assert len(await books.driver.lines("log")) == 6, "people are not in the API's write log"
    with pytest.raises(ValueError, match="must be one of"):
        await books.driver.control("by-hand", {**hand, "do": "dance"})


async def test_merging_moves_orders_and_is_told(books: Books, receiver: Receiver) -> None:
    order = await books.created()
    await registered(books, receiver, "account.*")
    body = {"entity": "usd", "do": "merge", "account_id": books.homeless, "body": {"loser_account_id": books.buyer}}
    await books.driver.control("by-hand", body)
    await delivered(books.driver)
    assert sorted(receiver.types()) == ["account.merged", "account.updated"]
    assert (await books.get(f"/orders/{order['id']}"))["account_id"] == books.homeless


async def test_what_people_did_survives_a_restart(start: Start) -> None:
    driver = await start()
    books = await seeded(driver, "usd")
    order = await books.confirmed()
    await driver.control("by-hand", {"entity": "usd", "do": "void", "order_id": order["id"]})
    again = await start()
    assert (await again.call("GET", f"/orders/{order['id']}")).doc["order_status"] == "voided"
    assert [row["actor"]["type"] for row in (await again.call("GET", "/activity")).body["data"]][:1] == ["user"]
