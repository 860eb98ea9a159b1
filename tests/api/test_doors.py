"""Each endpoint by itself: who is proven, what closes it, what a body may cost. No network, no Kafka."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connectors.webhook import Headers
from service.api.webhooks.answers import ALL, TAKEN
from service.api.webhooks.body import Reading, Room, Unreadable
from service.api.webhooks.described import paths
from service.api.webhooks.door import Bounds, Door
from service.api.webhooks.outlet import Gate
from service.api.webhooks.vendors import Arcus, QuickBooks, Shopify, Vendor
from service.telemetry.metrics import Metrics
from tests.api.vendors import APP, SHOP_OWN, TOKEN, WHSEC, arcus, intuit, shopify

BODY = b'{"id":1,"entity_id":"ent"}'
NOW = 1_790_000_000.0


def raw(headers: dict[str, str]) -> Headers:
    return [(name.lower(), value.encode()) for name, value in headers.items()]


OPEN: dict[str, Vendor] = {
    "shopify": Shopify(topic="t", secrets=(APP,), of_shop={"own.myshopify.com": (SHOP_OWN,)}),
    "quickbooks": QuickBooks(topic="t", tokens=(TOKEN, "old")),
    "arcus": Arcus(topic="t", of_key={"a": ("other",), "b": (WHSEC,)}, tolerance_s=300),
}
SHUT: list[Vendor] = [
    Shopify(topic="t", secrets=(), of_shop={"own.myshopify.com": ()}),
    QuickBooks(topic="t", tokens=()),
    Arcus(topic="t", of_key={"a": ()}, tolerance_s=300),
]


def test_a_vendor_is_proven_by_its_own_secrets_only() -> None:
    signed = {"shopify": shopify(BODY), "quickbooks": intuit(BODY), "arcus": arcus(BODY, at=NOW)}
    for name, vendor in OPEN.items():
        assert not vendor.closed
        headers = raw(signed[name])
        signature = dict(headers)[vendor.signed_in[0]].decode()
        assert vendor.proven(BODY, headers, signature, NOW) is not None
        assert vendor.proven(BODY + b" ", headers, signature, NOW) is None
        assert TOKEN not in repr(vendor)
        assert APP not in repr(vendor)
        assert WHSEC not in repr(vendor)


def test_the_key_whose_secret_fits_is_kept_with_the_event() -> None:
    headers = raw(arcus(BODY, at=NOW))
    (record,) = OPEN["arcus"].proven(BODY, headers, headers[0][1].decode(), NOW) or ()
    assert dict(record.headers)["x-orderferry-api-key-name"] == b"b"


def test_a_shop_with_secrets_of_its_own_needs_none_of_the_app() -> None:
    vendor = Shopify(topic="t", secrets=(), of_shop={"own.myshopify.com": (SHOP_OWN,)})
    headers = raw(shopify(BODY, SHOP_OWN, "own.myshopify.com"))
    assert not vendor.closed
    assert vendor.proven(BODY, headers, dict(headers)["x-shopify-hmac-sha256"].decode(), NOW) is not None


class Outlet:
    """Takes everything."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, topic: str, **_: object) -> None:
        self.sent.append(topic)


def door(vendor: Vendor, outlet: Outlet, room: Room | None = None) -> Door:
    return Door(
        vendor,
        outlet=outlet,
        gate=Gate(rest_s=1),
        room=room or Room(10_000),
        bounds=Bounds(body_bytes=1_000, read_s=0.05),
        metrics=Metrics(version="test", processes=False),
        wall=lambda: NOW,
    )


async def asked(of: Door, headers: Headers, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask as an ASGI server does; where the messages end, nothing more comes."""
    waiting = list(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(name.encode(), value) for name, value in headers]}
    await of(scope, receive, send)
    return sent


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("vendor", SHUT, ids=lambda vendor: vendor.name)
async def test_without_a_secret_an_endpoint_is_closed_and_says_so(vendor: Vendor) -> None:
    outlet = Outlet()
    (start, body) = await asked(door(vendor, outlet), raw(shopify(BODY, "")), part(BODY))
    assert (start["status"], b"No secret is set" in body["body"]) == (403, True)
    assert outlet.sent == []


SIGNED = raw(shopify(BODY))
CASES: list[tuple[Headers, list[dict[str, Any]], int]] = [
    (SIGNED, [part(BODY[:5], more=True), part(BODY[5:])], 200),
    (SIGNED, [part(BODY[:5], more=True)], 408),
    (SIGNED, [part(b" " * 600, more=True), part(b" " * 600)], 413),
    ([*SIGNED, ("content-length", b"1001")], [], 413),
    ([*SIGNED, ("content-length", b"9" * 5_000)], [], 413),
    ([*SIGNED, ("content-length", b"none")], [part(BODY)], 200),
    ([*SIGNED, ("x-shopify-x", b"a" * 70_000)], [part(BODY)], 431),
]


@pytest.mark.parametrize(("headers", "messages", "status"), CASES)
async def test_a_body_is_bounded_in_size_and_time(
    headers: Headers, messages: list[dict[str, Any]], status: int
) -> None:
    outlet, room = Outlet(), Room(10_000)
    (start, _) = await asked(door(OPEN["shopify"], outlet, room), headers, *messages)
    assert start["status"] == status
    assert outlet.sent == ["t"] * (status == 200)
    assert room.held == 0


async def test_more_bytes_than_we_want_to_hold_at_once_are_asked_for_again() -> None:
    room = Room(1_500)
    with Reading(room=room, most=1_000, seconds=1) as first:

        async def receive() -> dict[str, Any]:
            return part(b" " * 900)

        assert len(await first.all(receive, announced=b"")) == 900
        with Reading(room=room, most=1_000, seconds=1) as second:
            with pytest.raises(Unreadable) as caught:
                await second.all(receive, announced=b"900")
            assert (caught.value.answer.status, room.held) == (503, 900)
    assert room.held == 0


async def test_a_sender_that_left_is_counted_and_not_answered() -> None:
    assert await asked(door(OPEN["shopify"], Outlet()), SIGNED, {"type": "http.disconnect"}) == []


def test_every_answer_is_described() -> None:
    told = paths(OPEN.values())
    assert set(told) == {"/webhooks/shopify", "/webhooks/quickbooks", "/webhooks/arcus"}
    for item in told.values():
        statuses = {int(status) for status in item["post"]["responses"]}
        assert statuses == {answer.status for answer in ALL} - {400, 405}
    assert TAKEN.body == b'{"taken":true}'
