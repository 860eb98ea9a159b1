"""What Airbyte polled from a shop and put on a topic: snapshots by stream, never a deletion but as a row of its own."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.envelopes.layer import Opened, text
from connectors.shopify.topics import DELETED

_STREAM = "airbyte-stream"
_STREAMS = {"order_refunds": "refunds/read"}
_ORDERS = "orders/read"
_DOMAIN = ".myshopify.com"


def record(value: dict[str, object]) -> Opened | None:
    """The record that was polled."""
    if "_airbyte_data" not in value:
        return None
    stream = (text(value.get("_airbyte_stream")) or "").strip().lower()
    return Opened(value["_airbyte_data"], {_STREAM: _STREAMS.get(stream, f"{stream}/read")})


def sender(body: Mapping[str, object], said: Mapping[str, str]) -> dict[str, str]:
    """What the record says of its shop, which Airbyte names without its domain; and whether it is a deletion."""
    if _STREAM not in said:
        return {}
    topic = said[_STREAM]
    found = {"named-topic": DELETED if topic == _ORDERS and text(body.get("deleted_at")) else topic}
    shop = (text(body.get("shop_url")) or "").strip().lower().removeprefix("https://").rstrip("/")
    if shop:
        found["named-shop"] = shop if "." in shop else shop + _DOMAIN
    return found
