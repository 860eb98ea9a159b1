"""A round trip: from the shop into the ERP, over its webhooks and `erp.events` back into the ledger."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import aiohttp
import pytest

from sandbox.shop.disorder import Record
from sandbox.shop.webhooks import Sender
from tests.back.town import Town, town
from tests.resilience.processes import Doc, until
from tests.resilience.shop import Shop

SALES = 12
_TAKEN = re.compile(r'^orderferry_webhooks_total\{outcome="taken",source="arcus"\} [1-9]', re.MULTILINE)


def orders(told: list[Doc]) -> dict[str, Doc]:
    """How each order stands in the ERP, as the product says."""
    return {one["external_id"]: one for key in told for one in key["standings"] if one["kind"] == "order"}


async def standing(place: Town, shop: Shop, *, paid: bool = True) -> bool:
    """Whether the ledger shows every order of the shop with its number, as paid."""
    known = orders(await place.explained())
    return all(
        (one := known.get(sale.order)) is not None and one["number"] and (one["payment_status"] == "paid") >= paid
        for sale in shop.sales
    )


@pytest.mark.kafka
@pytest.mark.timeout(400)  # each look at the product's word is a process of its own
async def test_what_we_post_comes_back_and_what_people_change_shows_as_drift(kafka: str, tmp_path: Path) -> None:
    topic = f"t-{uuid.uuid4().hex[:12]}"
    shop = Shop(SALES)
    async with town(tmp_path, kafka, topic) as place:
        bad = {"drop": 0.2, "duplicate": 0.3, "delay": 0.5, "delay_s": 1.0, "seed": 3}
        await place.driver.control("webhooks", bad)
        async with shop.open(kafka, topic, seconds=3.0) as sending:
            await sending
        await until(lambda: standing(place, shop), "every order stands in the ledger as paid")
        await until(lambda: like(place), "the ledger is like the ERP")
        writes = len(await place.driver.lines("log"))
        assert place.door.taken > SALES
        assert place.door.forged == 0
        assert not [one for key in await place.explained() for one in key["drift"]]

        first = orders(await place.explained())[shop.sales[0].order]
        await place.driver.control("by-hand", {"do": "void", "order_id": first["erp_id"]})
        await until(lambda: drifted(place, shop.sales[0].order), "the void shows as drift")
        (told,) = await place.ferry("explain", "shopify", first["number"])
        assert [(one["field"], one["now"], one["decision"]) for one in told["drift"]] == [
            ("status", "cancelled", "alerted")
        ]

        place.door.down = True
        there = orders(await place.explained())
        for sale in shop.sales[1:]:
            await place.driver.control("fulfil", {"order_id": there[sale.order]["erp_id"]})
        await until(lambda: paused(place), "the ERP pauses the endpoint")
        place.door.down = False
        await until(lambda: active(place), "the service resumes it")
        await until(lambda: like(place), "what was skipped is caught up")
        assert len(await place.driver.lines("log")) == writes + 1, "nothing but our own PATCH of the endpoint"


@pytest.mark.kafka
@pytest.mark.timeout(400)
async def test_a_signed_webhook_of_the_shop_comes_back_as_a_signed_webhook_of_the_erp(
    kafka: str, tmp_path: Path
) -> None:
    topic = f"t-{uuid.uuid4().hex[:12]}"
    shop, secret = Shop(3), "the-secret-of-the-round-trip"
    async with town(tmp_path, kafka, topic, shop_secret=secret) as place:
        base = f"http://127.0.0.1:{place.pod.settings['http']['port']}"
        await until(lambda: ready(place, base), "the service ready")
        sender = Sender(f"{base}/webhooks/shopify", secret.encode(), retries_s=(0.5, 1.0, 2.0))
        records = [Record(topic, one.key, one.value, one.headers) for one in shop.records]
        await sender.run(records, rate=len(records), seconds=1.0)
        assert {one.status for one in sender.sent} == {200}
        await until(lambda: standing(place, shop), "every order stands in the ledger as paid, with its number")
        await until(lambda: webhooks_taken(place, base), "the ERP's webhooks are taken")
        assert not await place.unlike()


async def ready(place: Town, base: str) -> bool:
    try:
        async with place.pod.http.get(f"{base}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def webhooks_taken(place: Town, base: str) -> bool:
    """Whether the edge took what the ERP signed."""
    async with place.pod.http.get(f"{base}/metrics") as answer:
        return _TAKEN.search(await answer.text()) is not None


async def like(place: Town) -> bool:
    return not await place.unlike()


async def drifted(place: Town, order: str) -> bool:
    return any(one["external_id"] == order for key in await place.explained() for one in key["drift"])


async def paused(place: Town) -> bool:
    return bool((await place.driver.control("webhooks"))["pauses"])


async def active(place: Town) -> bool:
    return [one["status"] for one in await place.ferry("webhooks", "list", "arcus")] == ["active"]
