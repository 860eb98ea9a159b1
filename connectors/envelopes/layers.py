"""One wrapping taken off: which one it is, by its shape, and what lies inside."""

from __future__ import annotations

from connectors.envelopes import airbyte, debezium
from connectors.envelopes.layer import Ended, Opened, canonical, said_by, text

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


def opened(value: dict[str, object]) -> Opened | Ended | None:
    """What is inside, or that nothing is; None where this is no wrapping."""
    if "admin_graphql_api_id" in value or "order_edit" in value:
        return None
    if "specversion" in value:
        return debezium.cloud_event(value) or _cloud_event(value)
    if "detail-type" in value and "detail" in value:
        return _event_bridge(value)
    if (found := airbyte.record(value) or debezium.change(value)) is not None:
        return found
    for name in _CONTENT:
        if name in value:
            return Opened(value[name], said_by(value))
    return _pub_sub(value) or _rest(value)


def _cloud_event(value: dict[str, object]) -> Opened:
    said = {f"ce-{canonical(name)}": told for name, item in value.items() if (told := text(item)) is not None}
    content = value.get("data_base64") if value.get("data") is None else value["data"]
    said.pop("ce-data", None)
    said.pop("ce-data-base64", None)
    return Opened(content, said)


def _event_bridge(value: dict[str, object]) -> Opened:
    said = {"eventbridge-source": text(value.get("source")) or ""}
    detail = value["detail"]
    if isinstance(detail, dict) and "payload" in detail:
        return Opened(detail["payload"], said | said_by(detail))
    return Opened(detail, said)


def _pub_sub(value: dict[str, object]) -> Opened | None:
    """A push of Pub/Sub, or the record of its Kafka connector: the message's bytes and one field for each attribute.

    A Shopify transaction has a `message`, too, but beside fields that are no texts.
    """
    message = value.get("message")
    if isinstance(message, dict):
        return Opened(message)
    if not isinstance(message, str) or not all(isinstance(item, str | None) for item in value.values()):
        return None
    said = {canonical(name): item for name, item in value.items() if name != "message" and isinstance(item, str)}
    return Opened(message, said)


def _rest(value: dict[str, object]) -> Opened | None:
    names = value.keys() - {"notice"}  # what a cancellation answers beside the order
    if len(names) != 1:
        return None
    name = names.pop()
    content = value[name]
    if name not in _REST_TOPIC or not isinstance(content, dict | list):
        return None
    return Opened(content, {"rest-topic": _REST_TOPIC[name]})
