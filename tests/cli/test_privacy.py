"""`orderferry privacy`: what people see of requests about persons, and what they decide."""

from __future__ import annotations

import pytest

from schemas.privacy import Asks, PrivacyRequest
from service.ports import CaseState, PrivacyCase, StandsInErp, StandsOnKafka, Traces
from tests.cli.conftest import Ferry
from tests.cli.stories import SHOP

BY = ("--who", "ann", "--why", "asked by mail")


def case(asks: Asks = Asks.ERASE_CUSTOMER, state: CaseState = CaseState.OPEN) -> PrivacyCase:
    found = Traces(
        keys=2,
        facts=3,
        requests=4,
        letters=1,
        erp=(StandsInErp("order", "1001001", "sales_order", "E-9", "SO-9"),),
        erp_more=7,
        kafka=(StandsOnKafka("shopify", 0, 40, 44, 5),),
        waiting=((f"shopify|{SHOP}|1001001", "a process works on it"),),
    )
    request = PrivacyRequest(asks=asks, customer_id="7", order_ids=("1001001",), number="9999")
    return PrivacyCase("c0ffee", "shopify", SHOP, request, state, 1_780_000_000.0, 1_780_000_060.0, found)


@pytest.fixture
def asked(ferry: Ferry) -> Ferry:
    ferry.desk.privacy.known = {"c0ffee": case()}
    return ferry


def test_requests_are_listed(asked: Ferry) -> None:
    (row,) = asked("privacy", "list", "--json").rows
    assert (row["id"], row["asks"], row["state"], row["asked_at"]) == (
        "c0ffee", "erase_customer", "open", "2026-05-28T20:26:40+00:00",
    )  # fmt: skip
    out = asked("privacy", "list").out
    assert "1 requests about persons" in out
    assert "erase a customer" in out


def test_one_tells_what_remains_and_what_to_do(asked: Ferry) -> None:
    out = asked("privacy", "show", "c0ffee").out
    assert "erased: 3 bodies, 4 requests to the ERP, 1 dead letters" in out
    assert f"waits    shopify|{SHOP}|1001001: a process works on it" in out
    assert "ERP      sales_order SO-9 (order 1001001)" in out
    assert "and 7 more documents" in out
    assert "Kafka    shopify/0: 5 records, offsets 40 to 44" in out
    assert "Erase or anonymise the person in these documents in the ERP" in out
    (row,) = asked("privacy", "show", "c0ffee", "--json").rows
    assert row["kafka"] == [{"topic": "shopify", "partition": 0, "first_offset": 40, "last_offset": 44, "records": 5}]


def test_what_is_held_is_printed_only_when_it_is_asked_for(ferry: Ferry) -> None:
    ferry.desk.privacy.known = {"c0ffee": case(Asks.TELL_CUSTOMER, CaseState.TO_ANSWER)}
    ferry.desk.privacy.data = {"c0ffee": [{"kind": "order", "external_id": "1", "data": {"note": "ring"}}]}
    called = ferry("privacy", "show", "c0ffee")
    assert "held: 3 bodies" in called.out
    assert "`orderferry privacy answered c0ffee --who YOU --why REASON`" in called.out
    assert "ring" not in called.out
    assert ferry("privacy", "show", "c0ffee", "--data").rows == ferry.desk.privacy.data["c0ffee"]


def test_a_shop_that_left_has_nothing_in_the_erp_to_be_told(ferry: Ferry) -> None:
    plain = case(Asks.LEAVE, CaseState.DONE)
    ferry.desk.privacy.known = {"c0ffee": PrivacyCase(
        plain.id, plain.external_source, plain.tenant, plain.request, plain.state, 0.0, 0.0, Traces()
    )}  # fmt: skip
    out = ferry("privacy", "show", "c0ffee").out
    assert "Kafka" not in out
    assert "a new access token" in out


def test_people_decide_with_who_and_why(asked: Ferry) -> None:
    assert asked("privacy", "answered", "c0ffee", *BY).out == "Request c0ffee is answered.\n"
    assert "placed from now on" in asked("privacy", "lift", "c0ffee", *BY).out
    assert asked("privacy", "answered", "c0ffee", *BY, "--json").rows == [{"id": "c0ffee", "action": "answered"}]
    assert asked("privacy", "lift", "c0ffee", *BY, "--json").rows == [{"id": "c0ffee", "action": "lift", "names": 1}]
    assert {order[0] for order in asked.desk.privacy.orders} == {"answered", "lift"}
    assert asked("privacy", "lift", "c0ffee").code == 2


def test_a_request_that_is_not_there_is_told(ferry: Ferry) -> None:
    called = ferry("privacy", "show", "nothing")
    assert called.code == 1
    assert "orderferry privacy list" in called.err
