"""What unwrapping accepts and refuses, wrapping by wrapping."""

import base64
import json
from decimal import Decimal

import pytest

from connectors.envelopes import Limits, Unwrapped, unwrap, unwrap_each
from connectors.errors import Undecodable
from connectors.registry import decode
from schemas.outcome import Reason

SHOP = "a.myshopify.com"
HEADERS = {"X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": SHOP}
BODY = {"id": 1, "total_price": "1.00"}
LIMITS = Limits(max_bytes=4096, max_elements=3)


def encoded(headers: dict[str, str]) -> list[tuple[str, bytes]]:
    return [(name, text.encode()) for name, text in headers.items()]


def one(value: object, headers: dict[str, str] | None = None, tenant: str | None = None) -> Unwrapped:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    (found,) = unwrap(data, encoded(headers or {}), limits=LIMITS, default_tenant=tenant)
    return found


def refusal(value: bytes | None, headers: dict[str, str] | None = None) -> Undecodable:
    with pytest.raises(Undecodable) as refused:
        unwrap(value, encoded(HEADERS if headers is None else headers), limits=LIMITS)
    return refused.value


@pytest.mark.parametrize(
    "wrapped",
    [
        BODY,
        json.dumps(BODY),
        base64.b64encode(json.dumps(BODY).encode()).decode(),
        base64.urlsafe_b64encode(json.dumps({**BODY, "note": "???>>>"}).encode()).decode().rstrip("="),
        [BODY],
        {"headers": {}, "payload": BODY},
        {"headers": {}, "data": json.dumps(json.dumps(BODY))},
        {"rawBody": json.dumps(BODY), "body": {"other": 1}},
        {"schema": None, "payload": BODY},
        {"Records": [{"Sns": {"Message": json.dumps(BODY)}}]},
        {"detail-type": "shopifyWebhook", "detail": json.dumps({"payload": BODY})},
        {
            "specversion": "1.0",
            "source": "x",
            "type": "t",
            "data": None,
            "data_base64": base64.b64encode(b'{"id":1}').decode(),
        },
    ],
)
def test_a_body_comes_out_of_every_wrapping(wrapped: object) -> None:
    found = one(wrapped, HEADERS)
    assert (found.body["id"], found.topic, found.tenant, found.source) == (1, "orders/create", SHOP, "shopify")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-shopify-topic": "orders/create", "x-shopify-shop-domain": f" {SHOP.upper()} "},
        {"X_SHOPIFY_TOPIC": "ORDERS_CREATE", "X_SHOPIFY_SHOP_DOMAIN": SHOP},
        {"ce_source": f"//{SHOP}/x", "ce_type": "shopify.orders.create"},
        {"ce-source": "urn:shopify", "ce-xshopifytopic": "orders/create", "ce-xshopifyshopdomain": SHOP},
        {"ce_source": "shopify", "ce_subject": f"shop/{SHOP}", "ce_topic": "orders/create"},
    ],
)
def test_the_sender_is_found_in_headers_of_every_spelling(headers: dict[str, str]) -> None:
    found = one(BODY, headers)
    assert (found.topic, found.tenant) == ("orders/create", SHOP)


@pytest.mark.parametrize(
    "said",
    [
        {"headers": {"X-Shopify-Topic": ["orders/create"], "X-Shopify-Shop-Domain": SHOP, "X-Other": [], "X-N": 5}},
        {"multiValueHeaders": {"x-shopify-topic": ["orders/create"], "x-shopify-shop-domain": [SHOP], "x": [{}]}},
        {
            "messageAttributes": {
                "X-Shopify-Topic": {"stringValue": "orders/create", "dataType": "String"},
                "X-Shopify-Shop-Domain": {"Value": SHOP, "Type": "String"},
                "X-None": {"binaryValue": None},
                "X-Null": None,
            }
        },
        {"topic": "orders/create", "shop_domain": SHOP, "headers": None},
    ],
)
def test_a_wrapping_may_carry_headers_in_many_forms(said: dict[str, object]) -> None:
    found = one({**said, "body": BODY})
    assert (found.topic, found.tenant) == ("orders/create", SHOP)


def test_a_header_of_the_delivery_counts_more_than_a_word_of_the_gateway() -> None:
    found = one({"topic": "my-kafka-topic", "shop": "x", "body": BODY}, HEADERS)
    assert (found.topic, found.tenant) == ("orders/create", SHOP)


def test_the_last_header_of_a_name_counts_and_one_without_a_value_is_empty() -> None:
    headers = [("X-Shopify-Topic", b"a/b"), ("x-shopify-topic", b"orders/create"), ("x-shopify-event-id", None)]
    (found,) = unwrap(b'{"id":1}', headers, limits=LIMITS)  # type: ignore[arg-type]
    assert (found.topic, found.event_id, found.tenant) == ("orders/create", "", "")


def test_ids_of_the_delivery_lose_what_cannot_be_printed() -> None:
    found = one(BODY, {**HEADERS, "X-Shopify-Event-Id": "a\x00b\n", "X-Shopify-Webhook-Id": "w" * 300})
    assert (found.event_id, len(found.delivery_id)) == ("ab", 255)


@pytest.mark.parametrize("when", ["soon", "2026-01-01", "9999-01-01T00:00:00Z"])
def test_an_unreadable_trigger_time_is_absent(when: str) -> None:
    assert one(BODY, {**HEADERS, "X-Shopify-Triggered-At": when}).triggered_at is None


def test_a_shop_that_is_no_domain_is_unknown() -> None:
    assert one(BODY, {**HEADERS, "X-Shopify-Shop-Domain": "a b\x00"}).tenant == ""
    assert one(BODY, {**HEADERS, "X-Shopify-Shop-Domain": ""}, "b.myshopify.com").tenant == "b.myshopify.com"


@pytest.mark.parametrize(
    "body", [{"admin_graphql_api_id": "gid://shopify/Order/1"}, {"order_edit": {}}, {"order": {"id": 1}}]
)
def test_a_bare_object_of_shopify_is_recognised_by_its_shape(body: object) -> None:
    assert one(body, tenant=SHOP).tenant == SHOP


def test_integers_and_fractions_stay_exact() -> None:
    found = one(b'{"id": 820982911946154508123, "subtotal": 0.1}', HEADERS)
    assert found.body == {"id": 820982911946154508123, "subtotal": Decimal("0.1")}


def test_the_characters_of_an_escaped_nul_are_no_nul() -> None:
    assert one(rb'{"id": 1, "note": "a\\u0000b", "list": ["\\u0000", 1], "n": null}', HEADERS).body["id"] == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"a":1}'.encode("utf-16"), "byte order mark"),
        (b"\x00\x00\x00\x00\x05\x02\x10order", "NUL byte"),
        (b"\x00\x00\x00\x00\x05", "NUL byte"),
        (b"\x00\x00\x00\x00\x05{", "cut on the way"),
        ('{"a":"ü"}'.encode("latin-1"), "not UTF-8"),
        (b'{"a":"\x00"}', "control character"),
        (b'{"a":["\\u0000"]}', "NUL"),
        (b'{"a\\u0000":1}', "NUL"),
        (b'{"a":"\\ud800"}', "not JSON"),
        (b'{"a":1,"a":2}', "there twice"),
        (b"[" * 2000, "200 levels deep"),
        (b"9" * 4000 + b"9" * 90, "bare number"),
        (b'{"a":NaN}', "such as NaN"),
        (b'{"a":-Infinity}', "such as NaN"),
        (b"{", "cut on the way"),
        (b"", "empty"),
        (b"{} {}", "not JSON"),
        (b"true", "bare number"),
        (b'"hello"', "neither JSON nor base64"),
        (b'"hello world"', "neither JSON nor base64"),
        (b'"aGVsbG8="', "neither JSON nor base64"),
        (b'"a"', "neither JSON nor base64"),
        (b'""', "neither JSON nor base64"),
        (b'{"payload": null}', "no content"),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words(data: bytes, words: str) -> None:
    found = refusal(data)
    assert words in found.detail
    assert str(found) == f"{found.reason}: {found.detail}"


def test_numbers_of_thousands_of_digits_are_refused() -> None:
    with pytest.raises(Undecodable, match="thousands of digits"):
        unwrap(b"9" * 9000, [], limits=Limits())


def test_thirty_megabytes_are_too_large() -> None:
    with pytest.raises(Undecodable) as refused:
        unwrap(b" " * 30_000_000, [], limits=Limits())
    assert refused.value.reason is Reason.TOO_LARGE
    assert "30,000,000" in refused.value.detail


def test_a_batch_has_a_bounded_number_of_elements() -> None:
    assert refusal(json.dumps([BODY] * 4).encode()).reason is Reason.TOO_LARGE
    assert refusal(b"[]").reason is Reason.UNKNOWN_SHAPE


def test_a_bad_element_spoils_no_other() -> None:
    found = unwrap_each(json.dumps([BODY, 5, BODY]).encode(), encoded(HEADERS), limits=LIMITS)
    assert [type(each) for each in found] == [Unwrapped, Undecodable, Unwrapped]
    assert refusal(json.dumps([BODY, 5, BODY]).encode()).reason is Reason.UNKNOWN_SHAPE


@pytest.mark.parametrize("wrapping", ["object", "list", "text"])
def test_four_layers_are_unwrapped_and_a_fifth_is_not(wrapping: str) -> None:
    def wrap(value: object) -> object:
        if wrapping == "object":
            return {"body": value}
        return [value] if wrapping == "list" else json.dumps(value)

    value: object = BODY
    for _ in range(4):
        value = wrap(value)
    assert one(value, HEADERS).body["id"] == 1
    for _ in range(2):  # the innermost list or text is no layer of its own
        value = wrap(value)
    assert "wrapped more than 4 times" in refusal(json.dumps(value).encode()).detail


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        ({"eventNotifications": []}, {}),
        ({"id": 1}, {"intuit-signature": "x"}),
        ({"specversion": "1.0", "type": "qbo.invoice.created.v1", "id": "1", "source": "intuit.x"}, {}),
        (None, {"ce_type": "qbo.invoice.created.v1", "ce_source": "intuit.x"}),
    ],
)
def test_quickbooks_is_named_and_not_connected(value: object, headers: dict[str, str]) -> None:
    found = refusal(None if value is None else json.dumps(value).encode(), headers)
    assert (found.reason, "QuickBooks" in found.detail) == (Reason.UNKNOWN_SOURCE, True)


def test_a_tombstone_of_nobody_is_undecodable() -> None:
    assert refusal(None).reason is Reason.UNDECODABLE
    assert "tombstone" in refusal(None, {}).detail


def test_decode_raises_the_first_refusal_of_a_batch_and_gives_all_events_otherwise() -> None:
    edit = {"order_edit": {"id": 1, "order_id": 2, "created_at": "2026-06-01T10:00:00Z"}}

    def events(value: object) -> list[str]:
        found = decode(
            json.dumps(value).encode(),
            encoded(HEADERS),
            zones=lambda _source, _tenant: None,
            default_tenant=None,
            limits=LIMITS,
        )
        return [str(event.key) for event in found]

    assert events([edit, edit]) == ["shopify|a.myshopify.com|2"] * 2
    with pytest.raises(Undecodable):
        events([edit, 5])
