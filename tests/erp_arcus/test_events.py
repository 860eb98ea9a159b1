"""Events, activity and list rows as notices: which document to read again, and nothing else."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.standing import Standing
from service.erp.arcus.events import event_type, moment, notice, of_activity, of_row
from service.erp.arcus.payloads import OrderDoc
from service.erp.arcus.sight import differs, of_order, tagged
from service.ports import Notice

TAG = {
    "external_source": "shopify",
    "tenant": "a.myshopify.com",
    "kind": "order",
    "external_id": "1",
    "generation": "1",
}
AT = "2026-05-11T12:00:00.000Z"
KEY = "shopify|a.myshopify.com|1"


def event(document: object, **more: Any) -> bytes:
    return json.dumps(
        {"id": "evt_1", "type": "order.paid", "created_at": AT, "data": {"object": document}, **more}
    ).encode()


def test_an_order_is_named_with_its_key_and_version() -> None:
    body = event({"id": "so-1", "updated_at": AT, "metadata": TAG})
    assert notice(body) == Notice("arcus", "evt_1", "so-1", (), KEY, AT, moment(AT))


def test_a_payment_names_its_orders() -> None:
    document = {"id": "pay-1", "order_id": "so-1", "applications": [{"order_id": "so-2"}, {"order_id": None}, 7]}
    found = notice(event(document))
    assert found is not None
    assert (found.erp_id, found.related, found.key) == ("pay-1", ("so-1", "so-2"), "")


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        ({**TAG, "kind": "account", "external_id": "guest"}, "shopify|a.myshopify.com|~account:guest"),
        ({**TAG, "kind": "refund"}, ""),
        ({**TAG, "kind": "poem"}, ""),
        ({"external_source": "shopify"}, ""),
        (None, ""),
    ],
)
def test_a_key_is_named_by_a_whole_tag_alone(metadata: object, key: str) -> None:
    found = notice(event({"id": "x", "metadata": metadata}))
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("document", [None, 5, [], {"id": True, "applications": 3}])
def test_an_event_about_nothing_asks_for_nothing(document: object) -> None:
    found = notice(event(document))
    assert found is not None
    assert (found.erp_id, found.related) == ("", ())
    assert notice(event({}, data=None)) is not None


@pytest.mark.parametrize("body", [None, b"", b"[]", b"{}", b'{"id": "e"}', b'{"type": "order.paid"}', b"\xff"])
def test_what_is_no_event_is_none(body: bytes | None) -> None:
    assert notice(body) is None


def test_payment_received_and_succeeded_are_one() -> None:
    for name in ("payment.received", "payment.succeeded"):
        assert event_type(event({}, type=name)) == "payment.received"
    assert (event_type(event({})), event_type(event({}, type=5)), event_type(None)) == ("order.paid", "", "")


def test_an_activity_names_its_resource() -> None:
    entry = {"id": "act_1", "resource_id": "so-1", "created_at": AT}
    assert of_activity(entry) == Notice("arcus", "act_1", "so-1", happened_at=moment(AT))
    assert of_activity({**entry, "outcome": "denied"}) is None
    assert of_activity({"resource_id": "so-1"}) is None


@pytest.mark.parametrize(("text", "seconds"), [("", 0.0), ("noon", 0.0), ("2026-05-11T12:00:00", 0.0)])
def test_a_time_that_is_none_is_zero(text: str, seconds: float) -> None:
    assert moment(text) == seconds


def test_a_row_of_the_list_is_compared_with_what_was_read() -> None:
    doc = OrderDoc(id="so-1", order_total=Decimal(5), metadata=TAG, order_status="confirmed", updated_at=AT)
    ref = Ref(external_source="shopify", tenant="a.myshopify.com", kind=Kind.ORDER, external_id="1")
    assert tagged(doc.metadata) == ref
    known: Standing = of_order(ref, doc, "USD", at=7.0)
    assert not differs(known, doc)
    assert differs(known, doc.model_copy(update={"order_status": "voided"}))
    assert differs(None, doc)
    assert of_row(doc) == Notice("arcus", "", "so-1", (), KEY, AT)
