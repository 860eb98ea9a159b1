"""One wrapping taken off: what lies inside, and what the wrapping says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

# Where a wrapping keeps its content, most exact first: gateways, SQS, SNS, Pub/Sub, Kafka Connect, CloudEvents.
_CONTENT = (
    "rawBody",
    "raw_body",
    "body",
    "payload",
    "data",
    "data_base64",
    "detail",
    "Body",
    "Message",
    "Sns",
    "Records",
)
# Where a wrapping keeps the headers of the delivery.
_HEADERS = ("headers", "multiValueHeaders", "metadata", "attributes", "messageAttributes", "MessageAttributes")
# What a home-made wrapping says beside its headers; it counts only where no header says it.
_NAMED = {"topic": "named-topic", "shop": "named-shop", "shop_domain": "named-shop", "shopDomain": "named-shop"}
# What a REST answer wraps its resources in (one key, an object or a list of them).
_REST = {
    "order": "orders",
    "transaction": "transactions",
    "refund": "refunds",
    "draft_order": "draft_orders",
    "fulfillment": "fulfillments",
    "customer": "customers",
    "product": "products",
    "dispute": "disputes",
    "gift_card": "gift_cards",
    "tender_transaction": "tender_transactions",
}
_REST_TOPIC = {name: f"{plural}/read" for one, plural in _REST.items() for name in (one, plural)}


@dataclass(frozen=True, slots=True)
class Opened:
    """The content of one wrapping, and the headers that it adds."""

    content: object
    said: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=256)
def canonical(name: str) -> str:
    """One spelling of a header name: `X-Shopify-Topic`, `x_shopify_topic` and `ce_type` in lower case with dashes."""
    return name.lower().replace("_", "-")


def opened(value: dict[str, object]) -> Opened | None:
    """What is inside, or None where this is no wrapping."""
    if "admin_graphql_api_id" in value or "order_edit" in value:
        return None
    if "specversion" in value:
        return _cloud_event(value)
    if "detail-type" in value and "detail" in value:
        return _event_bridge(value)
    for name in _CONTENT:
        if name in value:
            return Opened(value[name], _said(value))
    message = value.get("message")  # a Shopify transaction has a `message`, too, but as text
    if isinstance(message, dict):
        return Opened(message)
    return _rest(value)


def _cloud_event(value: dict[str, object]) -> Opened:
    said = {f"ce-{canonical(name)}": text for name, item in value.items() if (text := _text(item)) is not None}
    content = value.get("data_base64") if value.get("data") is None else value["data"]
    said.pop("ce-data", None)
    said.pop("ce-data-base64", None)
    return Opened(content, said)


def _event_bridge(value: dict[str, object]) -> Opened:
    said = {"eventbridge-source": _text(value.get("source")) or ""}
    detail = value["detail"]
    if isinstance(detail, dict) and "payload" in detail:
        return Opened(detail["payload"], said | _said(detail))
    return Opened(detail, said)


def _rest(value: dict[str, object]) -> Opened | None:
    names = value.keys() - {"notice"}  # what a cancellation answers beside the order
    if len(names) != 1:
        return None
    name = names.pop()
    content = value[name]
    if name not in _REST_TOPIC or not isinstance(content, dict | list):
        return None
    return Opened(content, {"rest-topic": _REST_TOPIC[name]})


def _said(value: Mapping[str, object]) -> dict[str, str]:
    said = {theirs: text for name, theirs in _NAMED.items() if (text := _text(value.get(name))) is not None}
    for name in _HEADERS:
        block = value.get(name)
        if isinstance(block, dict):
            for header, item in block.items():
                text = _text(item)
                if text is not None:
                    said[canonical(header)] = text
    return said


def _text(value: object) -> str | None:
    """A header's value: text, a number, the first of a list, or an attribute of SQS or SNS."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, list):
        return _text(value[0]) if value and not isinstance(value[0], list | dict) else None
    if isinstance(value, dict):
        inner = value.get("stringValue", value.get("StringValue", value.get("Value")))
        return inner if isinstance(inner, str) else None
    return None
