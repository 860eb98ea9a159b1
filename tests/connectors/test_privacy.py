"""Requests about persons, and that a shop took the app out: read without keeping what they say of the person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.envelopes import Limits
from connectors.errors import ConnectorError, Undecodable
from connectors.registry import decode_each
from schemas.event import Event
from schemas.party import email_key
from schemas.privacy import Asks, PrivacyEvent, PrivacyRequest

SHOP = "kiosk-nord.myshopify.com"
# As Shopify documents the four bodies (2026-04).
CUSTOMER = {"id": 191167, "email": "john@example.com", "phone": "555-625-1199"}
REDACT = {"shop_id": 954889, "shop_domain": SHOP, "customer": CUSTOMER, "orders_to_redact": [299938, 280263]}
TELL = {"shop_id": 954889, "shop_domain": SHOP, "customer": CUSTOMER, "orders_requested": [299938],
        "data_request": {"id": 9999}}  # fmt: skip
LEFT = {"shop_id": 954889, "shop_domain": SHOP}
TOYS = {"id": 548380009, "name": "Super Toys", "email": "super@supertoys.com", "domain": None}
JOHN = email_key("john@example.com")
ERASE_JOHN = PrivacyRequest(
    asks=Asks.ERASE_CUSTOMER, customer_id="191167", email_key=JOHN, order_ids=("299938", "280263")
)


def read(body: Any, topic: str, *, shop: str = SHOP) -> Event | ConnectorError:
    headers = [("X-Shopify-Topic", topic.encode())]
    if shop:
        headers.append(("X-Shopify-Shop-Domain", shop.encode()))
    (found,) = decode_each(
        json.dumps(body).encode(), headers, zones=lambda _source, _tenant: None, default_tenant=None, limits=Limits()
    )
    return found


@pytest.mark.parametrize(
    ("body", "topic", "request_"),
    [
        (REDACT, "customers/redact", ERASE_JOHN),
        (REDACT, "webhooks/other", ERASE_JOHN),
        (TELL, "customers/data_request",
         PrivacyRequest(asks=Asks.TELL_CUSTOMER, customer_id="191167", email_key=JOHN, order_ids=("299938",),
                        number="9999")),
        ({"customer": {"id": "x", "email": "John@Example.com"}, "orders_to_redact": None}, "customers/redact",
         PrivacyRequest(asks=Asks.ERASE_CUSTOMER, email_key=JOHN)),
        ({"customer": None, "orders_to_redact": [1, "x"]}, "customers/redact",
         PrivacyRequest(asks=Asks.ERASE_CUSTOMER, order_ids=("1",))),
        (LEFT, "shop/redact", PrivacyRequest(asks=Asks.ERASE_SHOP)),
        (TOYS, "app/uninstalled", PrivacyRequest(asks=Asks.LEAVE)),
        ({**TOYS, "admin_graphql_api_id": "gid://shopify/Shop/1"}, "app/uninstalled", PrivacyRequest(asks=Asks.LEAVE)),
    ],
)  # fmt: skip
def test_a_request_is_read(body: Any, topic: str, request_: PrivacyRequest) -> None:
    found = read(body, topic)
    assert isinstance(found, PrivacyEvent)
    assert found.request == request_
    assert (str(found.key), found.facts) == (f"shopify|{SHOP}|~privacy", ())
    said = found.model_dump_json()
    assert not any(word in said.lower() for word in ("john@", "555-625", "super"))
    assert PrivacyEvent.model_validate_json(said) == found


def test_the_body_names_the_shop_where_the_header_is_lost() -> None:
    found = read(REDACT, "customers/redact", shop="")
    assert isinstance(found, PrivacyEvent)
    assert (found.key.tenant, found.envelope.tenant) == (SHOP, SHOP)


@pytest.mark.parametrize(
    ("body", "shop", "words"),
    [
        ({"customer": {}, "orders_to_redact": []}, SHOP, "does not name the person"),
        ({"customer": CUSTOMER, "orders_to_redact": [], "shop_domain": None}, "", "does not name the shop"),
    ],
)
def test_a_request_that_names_nobody_is_a_dead_letter(body: Any, shop: str, words: str) -> None:
    found = read(body, "customers/redact", shop=shop)
    assert isinstance(found, Undecodable)
    assert words in found.detail


def test_an_order_under_the_wrong_topic_stops_no_shop() -> None:
    body = {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}
    assert not isinstance(read(body, "app/uninstalled"), PrivacyEvent)
