"""Webhooks over real HTTP onto a real Kafka: taken once proven, acknowledged once stored, and nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from connectors.arcus.webhook import API_KEY, EVENT_ID
from service.errors import Retryable
from tests.api.street import Street, opened, until
from tests.api.vendors import APP, SHOP_OWN, SIGNED, TOKEN, WHSEC, arcus, intuit, shopify

pytestmark = pytest.mark.kafka

ORDER = b'{ "id": 1001,\n "email":"anna.muster@example.com", "total_price": "12.50"}'
EVENT = b'{"id":"evt_1","entity_id":"ent_1","data":{"object":{"id":"ord_1"}}}'


async def sent(street: Street, source: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return await street.client.post(f"/webhooks/{source}", content=body, headers=headers)


async def test_a_genuine_webhook_is_on_its_topic_when_it_is_acknowledged(street: Street) -> None:
    answer = await sent(street, "shopify", ORDER, shopify(ORDER))
    assert (answer.status_code, answer.json()) == (200, {"taken": True})
    (record,) = await street.records()
    assert (record.key, record.value) == (b"acme.myshopify.com:1001", ORDER)
    told = dict(record.headers)
    assert told["x-shopify-topic"] == b"orders/create"
    assert told["x-shopify-hmac-sha256"] == shopify(ORDER)["X-Shopify-Hmac-Sha256"].encode()
    assert "user-agent" not in told
    assert street.count("shopify", "taken") == 1


@pytest.mark.parametrize(
    ("secret", "shop", "status"),
    [
        (APP, "acme.myshopify.com", 200),
        (APP, "stranger.myshopify.com", 200),
        ("the-old-secret-of-the-app", "acme.myshopify.com", 200),
        (SHOP_OWN, "own.myshopify.com", 200),
        (APP, "own.myshopify.com", 200),
        (SHOP_OWN, "acme.myshopify.com", 401),
        ("", "acme.myshopify.com", 401),
        ("some other secret of somebody", "acme.myshopify.com", 401),
    ],
)
async def test_secrets_are_the_apps_or_the_shops_own(street: Street, secret: str, shop: str, status: int) -> None:
    answer = await sent(street, "shopify", ORDER, shopify(ORDER, secret, shop))
    assert answer.status_code == status
    assert len(await street.records()) == (status == 200)


async def test_intuits_array_is_split_by_realm_and_entity(street: Street) -> None:
    one = {"specversion": "1.0", "type": "qbo.invoice.created.v1", "intuitentityid": "145", "intuitaccountid": "1"}
    body = json.dumps([one, {**one, "intuitaccountid": "2"}, {**one, "type": "qbo.invoice.updated.v1"}]).encode()
    assert (await sent(street, "quickbooks", body, intuit(body))).status_code == 200
    found = {record.key: json.loads(record.value) for record in await street.records()}
    assert found == {
        b"1:invoice:145": [one, {**one, "type": "qbo.invoice.updated.v1"}],
        b"2:invoice:145": [{**one, "intuitaccountid": "2"}],
    }


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff\x00", b"[[[[", b'{"eventNotifications":7}'])
async def test_whatever_intuit_signed_is_acknowledged_and_stored_as_it_is(street: Street, body: bytes) -> None:
    assert (await sent(street, "quickbooks", body, intuit(body))).status_code == 200
    (record,) = await street.records()
    assert (record.key, record.value) == (None, body)


async def test_an_event_of_the_erp_goes_to_its_own_topic_with_its_id(street: Street) -> None:
    assert (await sent(street, "arcus", EVENT, arcus(EVENT))).status_code == 200
    (record,) = await street.records(street.settings.kafka.erp_events_topic)
    assert (record.key, record.value) == (b"ent_1:ord_1", EVENT)
    assert (dict(record.headers)[EVENT_ID], dict(record.headers)[API_KEY]) == (b"evt_1", b"a")
    assert await street.records() == []


async def test_an_old_event_of_the_erp_is_not_taken_again(street: Street) -> None:
    assert (await sent(street, "arcus", EVENT, arcus(EVENT, at=1_700_000_000))).status_code == 401
    assert (await sent(street, "arcus", EVENT, {"Arcus-Signature": "t=1,v1=00"})).status_code == 401
    assert await street.records(street.settings.kafka.erp_events_topic) == []


@pytest.mark.parametrize("source", SIGNED)
async def test_nothing_unproven_is_stored(street: Street, source: str) -> None:
    for headers in ({}, SIGNED[source](ORDER + b" "), SIGNED[source](b"")):
        answer = await sent(street, source, ORDER, headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "unproven")
    assert await street.records() == await street.records(street.settings.kafka.erp_events_topic) == []
    assert street.count(source, "unproven") == 3


async def test_a_large_body_is_taken_and_one_that_is_too_large_is_not(street: Street) -> None:
    most = street.settings.edge.max_body_bytes
    for size, status in ((most, 200), (most + 1, 413)):
        body = b" " * size
        answer = await sent(street, "shopify", body, shopify(body))
        assert answer.status_code == status
    (record,) = await street.records()
    assert len(record.value) == most


async def test_a_body_without_a_length_is_counted_while_it_is_read(street: Street) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 10 * street.settings.edge.max_body_bytes:
            taken += 65_536
            yield b" " * 65_536

    # The answer may overtake the body, and the connection be closed meanwhile.
    with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        answer = await street.client.post("/webhooks/shopify", content=endless(), headers=shopify(ORDER))
        assert answer.status_code == 413
    assert street.count("shopify", "too_large") == 1
    chunked = await street.client.post("/webhooks/shopify", content=_pieces(ORDER), headers=shopify(ORDER))
    assert chunked.status_code == 200


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 7):
        yield body[start : start + 7]


async def test_a_sender_that_leaves_or_dawdles_stores_nothing(street: Street) -> None:
    host, port = street.client.base_url.host, street.client.base_url.port or 0
    head = "POST /webhooks/shopify HTTP/1.1\r\nHost: x\r\nX-Shopify-Hmac-Sha256: a\r\nContent-Length: 9\r\n\r\n{"
    with socket.create_connection((host, port)) as connection:
        connection.sendall(head.encode())
    await until(lambda: street.count("shopify", "gone") == 1)
    assert await street.records() == []


async def test_a_head_without_an_end_is_cut_off(street: Street) -> None:
    host, port = street.client.base_url.host, street.client.base_url.port or 0
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /webhooks/shopify HTTP/1.1\r\nHost: x\r\nX-Shopify-Hmac-Sha256: ")
    with suppress(ConnectionError):
        for _ in range(10):
            writer.write(b"a" * 16_384)
            await writer.drain()
    assert b" 400 " in await reader.readline()
    writer.close()
    many = {f"X-Shopify-{number}": "a" * 1_000 for number in range(70)}
    answer = await sent(street, "shopify", ORDER, {**shopify(ORDER), **many})
    assert answer.status_code in {400, 431}
    assert await street.records() == []


async def test_a_topic_that_is_missing_is_named_and_the_other_goes_on(street: Street) -> None:
    settings = street.settings.model_copy(
        update={
            "kafka": street.settings.kafka.model_copy(update={"erp_events_topic": "nobody-made-it"}),
            "edge": street.settings.edge.model_copy(update={"kafka_s": 1.0}),
        }
    )
    async with opened(settings) as other:
        (round_,) = other.edge.rounds()
        with pytest.raises(Retryable, match="topics create"):
            await round_.do()
        assert "nobody-made-it" in other.edge.missing()["kafka"]
        assert (await sent(other, "arcus", EVENT, arcus(EVENT))).status_code == 503
        assert (await sent(other, "shopify", ORDER, shopify(ORDER))).status_code == 200


async def test_only_post_is_a_webhook(street: Street) -> None:
    answer = await street.client.get("/webhooks/shopify")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await street.client.post("/webhooks/other")).status_code == 404


async def test_no_secret_signature_or_person_is_in_the_log(street: Street) -> None:
    for source, sign in SIGNED.items():
        headers = sign(ORDER + b" ")
        answer = await sent(street, source, ORDER, headers)
        text = street.log.getvalue() + answer.text
        assert "webhook not taken" in text
        for secret in (APP, SHOP_OWN, TOKEN, WHSEC, "muster", "12.50", *headers.values()):
            assert secret.startswith("application/") or secret not in text
