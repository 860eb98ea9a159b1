"""Lifelike raw Shopify orders of 10 KB, each with its own id: a hundred are written, the rest stamped. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.bodies import order_body
from sandbox.shop.buyers import Buyer
from sandbox.shop.deliveries import API_VERSION, SECRET
from sandbox.shop.history import History
from sandbox.shop.shops import Shop

SHOP: Final = Shop(
    "bench", "bench.myshopify.com", "USD", "shop", "America/New_York", "US", Decimal("0.0725"), Decimal(40)
)
RECORD_BYTES: Final = 10_240
BUYERS: Final = 100
LINES: Final = 2  # with tax, shipping and a discount: 9.1 KB before the shop's own attributes
TOPIC_SAID: Final = "orders/fulfilled"
_INDEX: Final = 5  # ids of one history share all digits but the last three where its index divides by 5
_THOUSAND: Final = 1_000
_NUMBER: Final = 7_654_321  # of the written order; every stamped one has as many digits
_FIRST_NUMBER: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Written:
    """One order as a shop would send it, with the texts that make it this one."""

    value: bytes
    order_id: int
    total: Decimal

    def stamped(self, number: int) -> tuple[int, bytes]:
        """Return the id and the body of the order with this number: other ids, same length, same amounts."""
        order_id = self.order_id + number * _THOUSAND
        value = self.value
        for old, new in (
            (str(self.order_id // _THOUSAND), str(order_id // _THOUSAND)),  # and with it the ids of its lines
            (f"{self.order_id:x}", f"{order_id:x}"),
            (str(_NUMBER), str(_FIRST_NUMBER + number)),
            (str(_NUMBER - _THOUSAND), str(_FIRST_NUMBER + number - _THOUSAND)),
            (f"{_NUMBER:08X}", f"{_FIRST_NUMBER + number:08X}"),
        ):
            value = value.replace(old.encode(), new.encode())
        return order_id, value


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the source topic."""

    external_id: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    total: Decimal


def written(buyer: int) -> Written:
    """Write out one order of a buyer: shipped, not yet paid, with no transaction, so that it is one effect."""
    history = History(SHOP, Random(f"bench|{buyer}"), _INDEX)
    history.placed_by(_buyer(buyer))
    history.order.number = _NUMBER
    fill(history, Wishes(plain=True, lines=LINES, discount="order", shipping=True))
    history.order.shipped = {line.id: line.quantity for line in history.order.lines}
    body = order_body(history.order)
    return Written(_padded(body), history.order.id, history.order.total())


def records(count: int, *, first: int = 0) -> Iterator[Record]:
    """Orders by number, their buyers in turn."""
    templates = [written(buyer) for buyer in range(BUYERS)]
    for number in range(first, first + count):
        template = templates[number % BUYERS]
        order_id, value = template.stamped(number)
        key = f"{SHOP.domain}:{order_id}".encode()
        yield Record(str(order_id), key, value, _headers(order_id, value), template.total)


def totals(count: int, *, first: int = 0) -> dict[str, Decimal]:
    """Return what each order is worth, by its id."""
    templates = [written(buyer) for buyer in range(BUYERS)]
    return {
        str(templates[number % BUYERS].order_id + number * _THOUSAND): templates[number % BUYERS].total
        for number in range(first, first + count)
    }


def _headers(order_id: int, value: bytes) -> tuple[tuple[str, bytes], ...]:
    signature = base64.b64encode(hmac.new(SECRET, value, hashlib.sha256).digest())
    return (
        ("X-Shopify-Topic", TOPIC_SAID.encode()),
        ("X-Shopify-Hmac-Sha256", signature),
        ("X-Shopify-Shop-Domain", SHOP.domain.encode()),
        ("X-Shopify-API-Version", API_VERSION.encode()),
        ("X-Shopify-Webhook-Id", str(UUID(int=order_id)).encode()),
        ("X-Shopify-Event-Id", str(UUID(int=order_id << 40)).encode()),
        ("X-Shopify-Triggered-At", b"2026-10-01T12:00:00.000000000Z"),
        ("Content-Type", b"application/json"),
    )


def _buyer(number: int) -> Buyer:
    home = {
        "first_name": "Ada",
        "last_name": f"Adler-{number:03d}",
        "name": f"Ada Adler-{number:03d}",
        "company": None,
        "address1": f"{number + 1} Harbour Road",
        "address2": None,
        "city": "Albany",
        "province": "New York",
        "province_code": "NY",
        "country": "US",
        "country_code": "US",
        "zip": f"{12_000 + number}",
        "phone": None,
        "latitude": 42.6526,
        "longitude": -73.7562,
    }
    email = f"ada.{number:03d}@mail.bench.example"
    return Buyer("customer", number, "Ada", f"Adler-{number:03d}", email, None, (home,))


def _padded(body: dict[str, Any]) -> bytes:
    """Fill the shop's own attributes, as marketing apps do, until the record has its size."""
    attributes = body["note_attributes"]
    size = len(_dumped(body))
    while size < RECORD_BYTES:
        attribute = {"name": f"_app_{len(attributes):02d}", "value": "utm_source=newsletter&utm_term=autumn"}
        attributes.append(attribute)
        size = len(_dumped(body))
    surplus = size - RECORD_BYTES
    while surplus:  # shorten from the last attribute on
        attribute = next(one for one in reversed(attributes) if one["value"])
        cut = min(surplus, len(attribute["value"]))
        attribute["value"] = attribute["value"][: len(attribute["value"]) - cut]
        surplus -= cut
    return _dumped(body)


def _dumped(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
