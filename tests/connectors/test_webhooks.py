"""A verified webhook becomes records: their bytes, their headers, and the key that keeps an order together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.arcus import webhook as arcus
from connectors.envelopes.pointer import NoSuchPart, elements, part
from connectors.quickbooks import webhook as quickbooks
from connectors.shopify import webhook as shopify
from connectors.webhook import Headers, Outgoing, identifier

SHOP = ("x-shopify-shop-domain", b"Acme.myshopify.com")


def shopify_key(body: object, *headers: tuple[str, bytes], topic: str = "orders/create") -> bytes | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given: Headers = (("x-shopify-topic", topic.encode()), SHOP, *headers)
    (record,) = shopify.records(raw, given)
    assert record.value is raw
    return record.key


GID = "gid://shopify/Order/820982911946154508"
KEYS: list[tuple[object, str, bytes | None]] = [
    ({"id": 820982911946154508, "admin_graphql_api_id": GID}, "orders/create", b"820982911946154508"),
    ({"id": 820982911946154500, "name": "#1", "admin_graphql_api_id": GID}, "orders/create", b"820982911946154508"),
    ({"id": 7, "order_id": 1001, "kind": "sale"}, "order_transactions/create", b"1001"),
    ({"id": 9, "order_id": "1001"}, "refunds/create", b"1001"),
    ({"order_edit": {"id": 5, "order_id": 1001}}, "orders/edited", b"1001"),
    ({"id": 1001}, "orders/delete", b"1001"),
    ({"order_edit": 5}, "orders/edited", None),
    ({"id": None}, "orders/create", None),
    ([1], "orders/create", None),
    (b"\xff not json", "orders/create", None),
    (b"", "orders/create", None),
    (b"[" * 5_000, "orders/create", None),
    (
        b'{"id":1,"admin_graphql_api_id":"gid://shopify/Order/' + b"9" * 300 + b'"}',
        "orders/create",
        b"1",
    ),
]


@pytest.mark.parametrize(("body", "topic", "root"), KEYS, ids=str)
def test_everything_about_one_order_of_a_shop_has_one_key(body: object, topic: str, root: bytes | None) -> None:
    assert shopify_key(body, topic=topic) == (None if root is None else b"acme.myshopify.com:" + root)


def test_the_order_is_taken_from_a_header_where_there_is_one() -> None:
    assert shopify_key(b"unread", ("x-shopify-order-id", b"1001")) == b"acme.myshopify.com:1001"
    assert shopify_key({"id": 5}, ("x-shopify-order-id", b"abc")) == b"acme.myshopify.com:5"


@pytest.mark.parametrize("domain", [b"", b"\xff", b"a b", b"a" * 300, b"-x"])
def test_without_a_shop_there_is_no_key_and_no_tenant(domain: bytes) -> None:
    (record,) = shopify.records(b'{"id":1}', [("x-shopify-shop-domain", domain)])
    assert record.key is None
    assert shopify.shop([("x-shopify-shop-domain", domain)]) == ""


def test_the_vendors_headers_go_along_and_those_of_proxies_do_not() -> None:
    theirs = [SHOP, ("x-shopify-hmac-sha256", b"abc"), ("content-type", b"application/json")]
    others = [("x-forwarded-for", b"1.2.3.4"), ("authorization", b"secret"), ("cookie", b"x")]
    (record,) = shopify.records(b"{}", [*others, *theirs])
    assert list(record.headers) == theirs
    assert "abc" not in repr(record)


def test_the_last_of_two_shops_counts_as_it_does_in_kafka() -> None:
    assert shopify.shop([SHOP, ("x-shopify-shop-domain", b"b.myshopify.com")]) == "b.myshopify.com"
    assert shopify.shop([("shopify-shop-domain", b"c.myshopify.com")]) == "c.myshopify.com"


INTUIT: Headers = (("intuit-signature", b"s"), ("content-type", b"application/json"), ("host", b"x"))


def cloud(realm: object, entity: str, number: object, **more: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "type": f"qbo.{entity}.updated.v1",
        "intuitentityid": number,
        "intuitaccountid": realm,
        **more,
    }


def split(body: bytes) -> list[Outgoing]:
    found = list(quickbooks.records(body, INTUIT))
    assert all(record.headers == INTUIT[:2] for record in found)
    return found


def test_a_delivery_about_one_entity_stays_as_it_is() -> None:
    for body in (
        json.dumps([cloud("1", "invoice", "145")], indent=2).encode(),
        json.dumps([cloud("1", "invoice", "145", id=n) for n in range(3)]).encode(),
        json.dumps(legacy(("1", [("Invoice", "145")]))).encode(),
    ):
        (record,) = split(body)
        assert (record.key, record.value) == (b"1:invoice:145", body)


def legacy(*realms: tuple[str, list[tuple[str, str]]]) -> dict[str, Any]:
    return {
        "eventNotifications": [
            {
                "realmId": realm,
                "dataChangeEvent": {
                    "entities": [
                        {"name": name, "id": number, "operation": "Update", "lastUpdated": "2015-10-05T14:42:19-0700"}
                        for name, number in entities
                    ]
                },
            }
            for realm, entities in realms
        ]
    }


def test_an_array_is_split_by_realm_and_entity_without_touching_a_byte() -> None:
    first = (
        '{"specversion":"1.0", "type":"qbo.invoice.created.v1","intuitentityid":"145","intuitaccountid":"1",'
        '"data":{"Amount":10.10,"n":1e3}}'
    )
    second = first.replace('"intuitaccountid":"1"', '"intuitaccountid":"2"')
    third = first.replace("invoice.created", "Payment.created")
    again = first.replace("created", "updated")
    body = f"[{first} ,\n{second},{third},{again}]".encode()
    assert [(record.key, record.value.decode()) for record in split(body)] == [
        (b"1:invoice:145", f"[{first},{again}]"),
        (b"2:invoice:145", f"[{second}]"),
        (b"1:payment:145", f"[{third}]"),
    ]


def test_legacy_notifications_are_split_the_same_way() -> None:
    body = json.dumps(legacy(("1", [("Invoice", "145"), ("Payment", "7"), ("Invoice", "145")]), ("2", [("Item", "3")])))
    records = split(body.encode())
    assert [record.key for record in records] == [b"1:invoice:145", b"1:payment:7", b"2:item:3"]
    assert [json.loads(record.value) for record in records] == [
        legacy(("1", [("Invoice", "145"), ("Invoice", "145")])),
        legacy(("1", [("Payment", "7")])),
        legacy(("2", [("Item", "3")])),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[1,2]",
        b'[{"a":1},{"b":2}] and more',
        b'{"eventNotifications":5}',
        b'{"eventNotifications":[{"realmId":"1"}]}',
        b"[" * 10_000,
        b"[1",
        b'[{"intuitaccountid":"\\ud800","intuitentityid":"1","type":"qbo.a.b"},{}]',
        json.dumps([cloud("1", "invoice", str(n)) for n in range(1_001)]).encode(),
        json.dumps([cloud("1", "invoice", "1"), cloud("1", "invoice", None)]).encode(),
        json.dumps([cloud("1", "invoice", "1"), cloud(None, "invoice", 10**300)]).encode(),
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_what_cannot_be_taken_apart_goes_on_as_it_is(body: bytes) -> None:
    (record,) = split(body)
    assert (record.key, record.value) == (None, body)


@given(st.lists(st.tuples(st.sampled_from("12"), st.sampled_from(["invoice", "payment"]), st.sampled_from("89"))))
def test_no_element_is_lost_or_doubled_and_each_entity_keeps_its_order(entities: list[tuple[str, str, str]]) -> None:
    events = [cloud(*entity, id=str(place)) for place, entity in enumerate(entities)]
    found = [one for record in split(json.dumps(events).encode()) for one in json.loads(record.value)]
    assert sorted(int(one["id"]) for one in found) == list(range(len(events)))
    for entity in set(entities):
        mine = [int(one["id"]) for one in found if one["type"].split(".")[1] == entity[1] and _at(one) == entity]
        assert mine == [place for place, other in enumerate(entities) if other == entity]


def _at(event: dict[str, Any]) -> tuple[str, str, str]:
    return event["intuitaccountid"], event["type"].split(".")[1], event["intuitentityid"]


def test_an_event_of_the_erp_holds_its_id_and_lies_beside_its_order() -> None:
    body = b'{"id":"evt_1","entity_id":"ent_1","data":{"object":{"id":"pay_1","order_id":"ord_1"}}}'
    (record,) = arcus.records(body, [("arcus-signature", b"t=1"), ("host", b"x")], api_key="default")
    assert (record.key, record.value) == (b"ent_1:ord_1", body)
    assert dict(record.headers) == {
        "arcus-signature": b"t=1",
        arcus.EVENT_ID: b"evt_1",
        arcus.API_KEY: b"default",
    }
    order = body.replace(b',"order_id":"ord_1"', b"").replace(b"pay_1", b"ord_1")
    assert arcus.records(order, [], api_key="a")[0].key == b"ent_1:ord_1"


@pytest.mark.parametrize(
    "body",
    [b"no json", b"[]", b"{}", b'{"data":5}', b'{"entity_id":"e","data":{"object":[]}}', b'{"id":[],"entity_id":"e"}'],
)
def test_an_event_that_cannot_be_read_is_kept_without_a_key(body: bytes) -> None:
    (record,) = arcus.records(body, [], api_key="a")
    assert (record.key, record.value) == (None, body)
    assert dict(record.headers)[arcus.EVENT_ID] == b""


@pytest.mark.parametrize(
    ("value", "name"),
    [("a", "a"), (5, "5"), (True, ""), (None, ""), (1.5, ""), ("\n", ""), ("x" * 256, ""), (10**4_000, "")],
)
def test_an_identifier_is_a_short_printable_text_or_a_whole_number(value: object, name: str) -> None:
    assert identifier(value) == name


@pytest.mark.parametrize("text", ["[1", "[1] x", "[1,]", "[nonsense]", "{}"])
def test_elements_are_only_those_of_a_whole_array(text: str) -> None:
    with pytest.raises(NoSuchPart):
        elements(text)


def test_what_follows_the_end_of_a_text_is_told() -> None:
    with pytest.raises(NoSuchPart, match="something follows"):
        part('{"a":1} {', "/a")
    assert part('{"a":1} \n', "/a") == "1"
