from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from schemas.base import Kind, Ref
from schemas.effect import Component
from schemas.outcome import Reason
from schemas.posted import PostedAdjustment
from schemas.standing import Standing
from service.desk.claims import claim
from service.desk.components import compared, of_posted
from service.desk.words import WORDS, words
from service.ports import Decision, Drift, Story
from tests.cli.conftest import Ferry
from tests.cli.stories import KEY, ORDER, SHOP, money, order, posted, story


@pytest.fixture
def known(ferry: Ferry) -> Ferry:
    ferry.desk.stories[KEY] = story()
    for name in ("#1001", "1001001", "SO-9", "77"):
        ferry.desk.names["shopify", name] = [KEY]
    return ferry


def test_how_it_stands_in_the_erp_and_what_people_changed_there_are_told(known: Ferry) -> None:
    stands = Standing(
        document=ORDER,
        erp_id="erp-1",
        number="SO-9",
        document_type="sales_order",
        status="voided",
        total=money("24.50"),
    )
    drift = Drift(ORDER, "erp-1", "status", "confirmed", "cancelled", Decision.ALERTED, at=1_777_636_800.0)
    known.desk.stories[KEY] = replace(story(), standings=(stands,), drifts=(drift,))
    (row,) = known("explain", "shopify", "#1001", "--json").rows
    assert (row["standings"][0]["status"], row["standings"][0]["total"]) == ("voided", "24.50")
    assert row["standings"][0]["read_at"] is None
    assert row["drift"] == [
        {
            "kind": "order",
            "external_id": "1001001",
            "erp_id": "erp-1",
            "field": "status",
            "was": "confirmed",
            "now": "cancelled",
            "decision": "alerted",
            "found_at": "2026-05-01T12:00:00.000+00:00",
        }
    ]
    told = known("explain", "shopify", "#1001").out
    assert "How it stands in the ERP" in told
    assert "Drift: changed in the ERP by people" in told
    assert "drift accept SOURCE ID" in told


@pytest.mark.parametrize("name", ["#1001", "1001001", "SO-9", "77", KEY])
def test_a_document_is_found_by_whatever_people_call_it(known: Ferry, name: str) -> None:
    (row,) = known("explain", "shopify", name, "--json").rows
    assert row["key"] == KEY


def test_the_claim_has_every_document_with_its_outcome_and_amounts(known: Ferry) -> None:
    (row,) = known("explain", "shopify", "#1001", "--json").rows
    assert (row["source"], row["tenant"], row["root"], row["name"]) == ("shopify", SHOP, "1001001", "#1001")
    sale, cash = row["documents"]
    assert sale == {
        "kind": "order",
        "external_id": "1001001",
        "outcome": "posted",
        "reason": None,
        "detail": "",
        "release": "",
        "waiting_amount": "",
        "fix": "",
        "erp_id": "erp-1",
        "erp_number": "SO-9",
        "erp_type": "sales_order",
        "erp_status": "confirmed",
        "amounts": {
            "currency": "USD",
            "total": "24.50",
            "paid": "0",
            "refunded": "0",
            "balance": "24.50",
            "components": {"goods": "20.00", "shipping": "5.00", "tax": "1.50", "discount": "-2.00"},
        },
    }
    assert (cash["outcome"], cash["reason"], cash["waiting_amount"]) == ("parked", "tender_unmapped", "24.50 USD")
    assert cash["amounts"] is None


def test_the_claim_has_events_calls_and_decisions(known: Ferry) -> None:
    (row,) = known("explain", "shopify", "#1001", "--json").rows
    (event,) = row["events"]
    assert event["position"] == {"topic": "orderferry.shopify", "partition": 3, "offset": 42}
    assert (event["topic"], event["outcome"], event["reason"]) == ("orders/create", "posted", None)
    confirm, record = row["calls"]
    assert (confirm["effect"], confirm["state"], confirm["how"]) == ("order:1001001/confirm", "done", "look_up")
    assert (record["amount"], record["state"], record["intent"]) == ("24.50 USD", "in_doubt", "i-record")
    assert row["decisions"][0]["why"] == "asked the bank"


def test_nothing_personal_is_told(known: Ferry) -> None:
    for arguments in (("--json",), ()):
        called = known("explain", "shopify", "#1001", *arguments)
        assert "Norman" not in called.out
        assert "bob@" not in called.out


def test_the_picture_for_people_has_everything_and_the_next_step(known: Ferry) -> None:
    called = known("explain", "shopify", "#1001")
    assert called.code == 0
    for text in (
        "#1001",
        KEY,
        "sales_order SO-9 (confirmed)",
        "tender_unmapped: gateway paypal has no tender",
        "orderferry.shopify/3@42",
        "order:1001001/confirm",
        "look_up",
        "asked the bank",
        "Parts of the sale, USD",
        "Next step",
        "orderferry map set shopify a.myshopify.com tender GATEWAY METHOD",
        "orderferry parked resolve i-record --happened",
    ):
        assert text in called.out, text
    assert "differs" not in called.out


def test_a_difference_between_shop_and_erp_is_shown(known: Ferry) -> None:
    known.desk.stories[KEY] = dataclasses.replace(story(), posted=(posted(shipping="4.99"),))
    assert "differs" in known("explain", "shopify", "#1001").out
    (row,) = known("explain", "shopify", "#1001", "--json").rows
    differing = [part["component"] for part in row["components"] if part["differs"]]
    assert differing == ["shipping", "total"]


def test_a_key_of_which_nothing_is_known_yet_is_told_as_such(ferry: Ferry) -> None:
    key = f"shopify|{SHOP}|5"
    ferry.desk.stories[key] = Story(key, (), (), (), (), ())
    called = ferry("explain", "shopify", key)
    assert "Events: none" in called.out
    assert "nothing waits here" in called.out


def test_an_unknown_name_says_what_to_try(ferry: Ferry) -> None:
    called = ferry("explain", "shopify", "#9")
    assert called.code == 1
    assert "order name (#1001), ERP number or transaction id" in called.err


def test_a_name_in_two_shops_shows_both_and_a_tenant_picks_one(known: Ferry) -> None:
    other = "shopify|b.myshopify.com|5"
    known.desk.names["shopify", "#1001"] = [KEY, other]
    assert [row["key"] for row in known("explain", "shopify", "#1001", "--json").rows] == [KEY, other]
    assert [row["key"] for row in known("explain", "shopify", "#1001", "--json", "--tenant", SHOP).rows] == [KEY]


def test_all_tells_one_line_for_each_key(ferry: Ferry) -> None:
    keys = [f"shopify|{SHOP}|{number:05}" for number in range(450)]
    ferry.desk.stories = {key: dataclasses.replace(story(), key=key) for key in keys}
    called = ferry("explain", "shopify", "--all", "--json")
    assert [row["key"] for row in called.rows] == keys
    assert called.err == ""
    assert ferry("explain", "shopify", "--all", "--json", "--tenant", "other.com").rows == []


@pytest.mark.parametrize("arguments", [[], ["1", "--all", "--json"], ["--all"]])
def test_contradicting_arguments_are_wrong_usage(ferry: Ferry, arguments: list[str]) -> None:
    assert ferry("explain", "shopify", *arguments).code == 2


def test_a_posted_document_without_a_verdict_counts_as_posted() -> None:
    account = Ref(external_source="shopify", tenant=SHOP, kind=Kind.ACCOUNT, external_id="customer:1")
    one = posted().model_copy(update={"document": account, "lines": (), "discount": Decimal(0)})
    documents = claim(Story(KEY, (), (one,), (), (), ()))["documents"]
    assert isinstance(documents, list)
    assert (documents[0]["kind"], documents[0]["outcome"]) == ("account", "posted")


def test_parts_of_fees_and_discounts_are_counted_once() -> None:
    adjusted = posted().model_copy(
        update={
            "adjustments": (
                PostedAdjustment(label="Shipping", component=Component.SHIPPING, amount=Decimal("5.00")),
                PostedAdjustment(label="Rounding", component=Component.ROUNDING, amount=Decimal("-0.02")),
            ),
            "lines": posted().lines[:1],
            "discount": Decimal("2.02"),
            "fees": Decimal("5.00"),
        }
    )
    assert of_posted(adjusted) == {
        "goods": Decimal("20.00"),
        "shipping": Decimal("5.00"),
        "rounding": Decimal("-0.02"),
        "discount": Decimal("-2.00"),
    }


def test_the_parts_of_an_unposted_sale_have_no_erp_side() -> None:
    rows = compared(order(), None)
    assert [(row.component, str(row.shop), row.erp) for row in rows] == [
        ("goods", "20.00", None),
        ("shipping", "5.00", None),
        ("tax", "1.50", None),
        ("discount", "-2.00", None),
        ("total", "24.50", None),
    ]


def test_cash_rounding_is_a_part_of_its_own() -> None:
    rows = compared(order().model_copy(update={"cash_rounding": Decimal("-0.02")}), None)
    assert {row.component: str(row.shop) for row in rows}["rounding"] == "-0.02"


def test_an_order_with_half_cents_is_told_by_its_total() -> None:
    whole = order()
    line = whole.lines[0].model_copy(update={"unit_price": Decimal("10.005"), "quantity": 1, "current_quantity": 1})
    rows = compared(whole.model_copy(update={"lines": (line, *whole.lines[1:])}), None)
    assert [(row.component, str(row.shop)) for row in rows] == [("total", "24.50")]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_for_people(reason: Reason) -> None:
    assert WORDS[reason].says.endswith(".")


def test_a_reason_of_a_later_release_is_told_as_such() -> None:
    assert "does not know: brand_new" in words("brand_new").says
    assert words(None).says == ""


def test_a_claim_is_json_without_floats() -> None:
    text = json.dumps(claim(story()))
    assert json.loads(text, parse_float=pytest.fail)
