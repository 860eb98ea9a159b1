"""A body is the same event in whatever nesting of envelopes it comes, and what holds none has a name of its own."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.envelopes import Limits, Unwrapped, unwrap, unwrap_each
from connectors.errors import ConnectorError, OutOfScope, Undecodable
from connectors.registry import decode_each
from schemas.event import Event
from schemas.outcome import Reason

SHOP = "a.myshopify.com"
SAID = {"x-shopify-topic": "orders/updated", "x-shopify-shop-domain": SHOP, "x-shopify-event-id": "e1"}
BIG = 820982911946154508  # above 2**53: rounded by whoever reads it as a float
CASES = Path(__file__).parent / "cases"
BODIES = [
    json.loads((CASES / f"{name}.in.json").read_text())["value"]
    for name in ("order_web_raw", "order_pick_up_tip_by_title", "order_yen_gift_card_custom")
]
Wrap = Callable[[Any], tuple[Any, int]]
"""Returns the wrapped value and how many layers that were."""


def text(value: Any) -> str:
    return json.dumps(value)


def b64(value: Any) -> str:
    return base64.b64encode(text(value).encode()).decode()


SCHEMA = {"type": "struct", "fields": [], "optional": False}
SOURCE = {"connector": "postgresql", "name": "shop", "table": "outbox", "ts_ms": 1}
ROW = {"id": "0e1c", "aggregatetype": "orders", "aggregateid": "1", "type": "OrderUpdated"}
CE = {"specversion": "1.0", "id": "1", "source": "urn:gateway", "type": "com.shopify.orders.updated"}
WRAPPINGS: dict[str, Wrap] = {
    "wrapper": lambda v: ({"headers": {}, "body": v}, 1),
    "wrapper of text": lambda v: ({"headers": {}, "payload": text(v)}, 1),
    "wrapper of base64": lambda v: ({"body": b64(v), "isBase64Encoded": True}, 1),
    "text": lambda v: (text(v), 0),
    "cloud event": lambda v: ({**CE, "data": v}, 1),
    "cloud event of base64": lambda v: ({**CE, "data_base64": b64(v)}, 1),
    "event bridge": lambda v: ({"detail-type": "shopifyWebhook", "detail": {"payload": v, "metadata": {}}}, 1),
    "connect": lambda v: ({"schema": SCHEMA, "payload": v}, 1),
    "connect of text": lambda v: ({"schema": SCHEMA, "payload": text(v)}, 1),
    "pub/sub push": lambda v: ({"message": {"data": b64(v), "messageId": "1"}, "subscription": "s"}, 2),
    "pub/sub connector": lambda v: ({"message": b64(v), "tries": "1", "note": None}, 1),
    "airbyte": lambda v: ({"_airbyte_ab_id": "1", "_airbyte_stream": "orders", "_airbyte_data": v}, 1),
    "airbyte of text": lambda v: ({"_airbyte_raw_id": "1", "_airbyte_data": text(v)}, 1),
    "debezium": lambda v: ({"before": None, "after": {**ROW, "payload": text(v)}, "source": SOURCE, "op": "c"}, 2),
    "debezium snapshot": lambda v: ({"before": None, "after": text(v), "source": SOURCE, "op": "r"}, 1),
    "debezium flattened": lambda v: ({**ROW, "__deleted": "false", "__op": "c", "payload": text(v)}, 1),
    "debezium message": lambda v: ({"op": "m", "source": SOURCE, "message": {"prefix": "o", "content": b64(v)}}, 1),
    "debezium cloud event": lambda v: (
        {
            **CE,
            "source": "/debezium/postgresql/shop",
            "type": "io.debezium.postgresql.DataChangeEvent",
            "iodebeziumop": "c",
            "data": {"before": None, "after": {**ROW, "payload": text(v)}},
        },
        3,
    ),
}
PREFIX = b"\x00\x00\x00\x00\x07"


def events(value: bytes, headers: dict[str, str]) -> tuple[Event | ConnectorError, ...]:
    return decode_each(
        value,
        [(name, content.encode()) for name, content in headers.items()],
        zones=lambda _source, _tenant: None,
        default_tenant=None,
        limits=Limits(),
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_body_is_the_same_event_in_any_nesting_of_envelopes(data: st.DataObject) -> None:
    body = {**data.draw(st.sampled_from(BODIES)), "id": BIG, "admin_graphql_api_id": f"gid://shopify/Order/{BIG}"}
    value: Any = body
    layers = 0
    for name in data.draw(st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=4)):
        wrapped, more = WRAPPINGS[name](value)
        if layers + more <= Limits().max_layers and not isinstance(value, str):
            value, layers = wrapped, layers + more
    prefix = data.draw(st.sampled_from([b"", PREFIX]))
    (plain,) = events(text(body).encode(), SAID)
    assert isinstance(plain, Event)
    assert events(prefix + text(value).encode(), SAID) == (plain,)
    assert plain.key.root == str(BIG)


@pytest.mark.parametrize("name", sorted(WRAPPINGS))
def test_each_wrapping_is_bounded_in_depth(name: str) -> None:
    value: Any = BODIES[0]
    for _ in range(Limits().max_layers + 2):  # the innermost text is no layer of its own
        value = WRAPPINGS[name](value)[0]
    (found,) = events(text(value).encode(), SAID)
    assert isinstance(found, Undecodable)
    assert "wrapped more than 4 times" in found.detail


def one(value: Any, headers: dict[str, str] | None = None) -> Unwrapped:
    data = value if isinstance(value, bytes) else text(value).encode()
    (found,) = unwrap(data, [(n, c.encode()) for n, c in (headers or {}).items()], limits=Limits())
    return found


STUB = {"id": BIG}


@pytest.mark.parametrize(
    "wrapped",
    [
        {"message": b64(STUB), "X-Shopify-Topic": "orders/updated", "X-Shopify-Shop-Domain": SHOP},
        {"message": {"data": b64(STUB), "attributes": SAID}, "subscription": "s"},
        {"op": "c", "before": None, "after": {**ROW, "x_shopify_topic": "orders/updated", "shop": SHOP, "body": STUB}},
        {"op": "u", "before": {}, "after": {"headers": text(SAID), "body": text(STUB), "id": 7}},
        {"op": "r", "before": None, "after": {**ROW, "type": "orders/updated", "shop_domain": SHOP, "payload": STUB}},
        {"_airbyte_stream": "orders", "_airbyte_data": {**STUB, "shop_url": "https://a.myshopify.com/"}},
        {"_airbyte_stream": "orders", "_airbyte_data": text({**STUB, "shop_url": "A"})},
        base64.b64encode(PREFIX + text(STUB).encode()).decode(),
    ],
)
def test_a_wrapping_says_whose_it_is_and_the_id_stays_exact(wrapped: Any) -> None:
    found = one(wrapped, SAID if isinstance(wrapped, str) else None)
    assert (found.tenant, found.body["id"]) == (SHOP, BIG)
    assert found.topic in {"orders/updated", "orders/read"}


def test_the_outbox_router_names_the_event_in_a_header() -> None:
    headers = {
        "id": "0e1c",
        "eventType": '"orders/updated"',
        "x-shopify-shop-domain": f'"{SHOP}"',
        "x-shopify-test": '"',
    }
    found = one(text(text(STUB)).encode(), headers)
    assert (found.topic, found.tenant) == ("orders/updated", SHOP)
    assert one(STUB, {**headers, "eventType": "OrderChanged", "x-shopify-test": '"'}).topic == ""


def test_headers_of_a_row_that_cannot_be_read_are_absent() -> None:
    row = {"headers": "{nonsense", "body": STUB, "shop": SHOP}
    assert (one({"op": "c", "after": row}).tenant, one({"op": "c", "after": row}).topic) == (SHOP, "")


def test_a_record_of_airbyte_is_a_deletion_where_it_says_so() -> None:
    deleted = {**STUB, "shop_url": "a", "deleted_at": "2026-06-01T10:00:00Z", "deleted_message": "x"}
    assert one({"_airbyte_stream": "orders", "_airbyte_data": deleted}).topic == "orders/delete"
    assert one({"_airbyte_stream": "order_refunds", "_airbyte_data": {**STUB, "shop_url": "a"}}).topic == "refunds/read"
    assert one({"_airbyte_stream": "products", "_airbyte_data": deleted}).topic == "products/read"


def test_a_transaction_with_a_message_is_no_wrapping() -> None:
    transaction = {"id": 1, "order_id": 2, "kind": "sale", "gateway": "bogus", "message": "approved"}
    assert one(transaction, SAID).body == transaction


def ended(value: Any, key: bytes | None = None) -> OutOfScope | Undecodable:
    (found,) = unwrap_each(None if value is None else text(value).encode(), [], limits=Limits(), key=key)
    assert isinstance(found, OutOfScope | Undecodable)
    return found


CHANGE = {"before": {**ROW, "payload": "{}"}, "after": None, "source": SOURCE, "op": "d"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (CHANGE, Reason.ROW_DELETED),
        ({"schema": SCHEMA, "payload": CHANGE}, Reason.ROW_DELETED),
        ({"op": "t", "source": SOURCE, "ts_ms": 1}, Reason.ROW_DELETED),
        ({**ROW, "payload": "{}", "__deleted": "true"}, Reason.ROW_DELETED),
        ({**ROW, "payload": "{}", "__op": "d"}, Reason.ROW_DELETED),
        ({**CE, "iodebeziumop": "d", "data": {"before": {}, "after": None}}, Reason.ROW_DELETED),
        ({"ts_ms": 1780000000000}, Reason.HEARTBEAT),
        ({"schema": SCHEMA, "payload": {"ts_ms": 1, "ts_us": 1, "ts_ns": 1}}, Reason.HEARTBEAT),
    ],
)
def test_what_debezium_says_besides_has_a_name_and_is_no_dead_letter(value: Any, reason: Reason) -> None:
    found = ended(value)
    assert isinstance(found, OutOfScope)
    assert found.reason is reason
    assert (found.key, found.ref, found.tenant) == (None, None, "")


@pytest.mark.parametrize("key", [b'{"id": 7}', PREFIX + b'{"id": 7}', b'{"schema": null, "payload": {"id": 7}}'])
def test_a_tombstone_of_a_row_is_no_dead_letter(key: bytes) -> None:
    assert ended(None, key).reason is Reason.TOMBSTONE


@pytest.mark.parametrize("key", [None, b"", b"1001", b"a.myshopify.com|1", b"\x00\x01"])
def test_a_value_that_was_lost_is_one(key: bytes | None) -> None:
    assert ended(None, key).reason is Reason.UNDECODABLE


def test_one_heartbeat_in_a_batch_spoils_nothing() -> None:
    found = unwrap_each(
        text([{"ts_ms": 1}, {"body": STUB}]).encode(), [(n, c.encode()) for n, c in SAID.items()], limits=Limits()
    )
    assert [type(each) for each in found] == [OutOfScope, Unwrapped]
    with pytest.raises(OutOfScope, match="heartbeat"):
        unwrap(text({"ts_ms": 1}).encode(), [], limits=Limits())


def test_a_change_without_a_row_or_a_message_is_refused_in_plain_words() -> None:
    assert "no content" in ended({"op": "m", "source": SOURCE, "message": {"prefix": "x"}}).detail
    assert "no content" in ended({**CE, "iodebeziumop": "c"}).detail
