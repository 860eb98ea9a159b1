from __future__ import annotations

import pytest

from schemas.base import Ref
from schemas.outcome import Reason
from tests.cli.conftest import Ferry
from tests.cli.stories import KEY, ORDER, PAYMENT, SHOP, parked

BY = ("--who", "ann", "--why", "asked the bank")
OTHER = "b.myshopify.com"


def elsewhere(ref: Ref) -> Ref:
    return ref.model_copy(update={"tenant": OTHER})


@pytest.fixture
def lot(ferry: Ferry) -> Ferry:
    ferry.desk.parking = [
        parked(),
        parked(ORDER, key="shopify|a.myshopify.com|2", reason=Reason.SKU_UNKNOWN, release="sku:MUG"),
        parked(elsewhere(PAYMENT), key=f"shopify|{OTHER}|3"),
    ]
    ferry.desk.names["shopify", "#1001"] = [KEY]
    return ferry


def test_the_list_has_every_parked_document_with_its_fix(lot: Ferry) -> None:
    rows = lot("parked", "list", "--json").rows
    assert len(rows) == 3
    assert rows[0]["reason"] == "tender_unmapped"
    assert rows[0]["since"] == "2026-05-01T12:00:00+00:00"
    assert rows[0]["amount"] == "24.50 USD"
    assert "map set" in rows[0]["fix"]


def test_the_list_can_be_cut_to_a_reason_a_tenant_and_a_number(lot: Ferry) -> None:
    assert len(lot("parked", "list", "--json", "--reason", "sku_unknown").rows) == 1
    assert len(lot("parked", "list", "--json", "--tenant", OTHER).rows) == 1
    called = lot("parked", "list", "--limit", "2")
    assert "There may be more than these 2" in called.out


def test_a_reason_that_does_not_exist_is_wrong_usage(lot: Ferry) -> None:
    assert lot("parked", "list", "--reason", "sku_unknwn").code == 2


def test_the_list_for_people_names_document_reason_and_amount(lot: Ferry) -> None:
    called = lot("parked", "list")
    for text in ("3 parked", "payment 77", "tender_unmapped", "24.50 USD", "2026-05-01 12:00"):
        assert text in called.out


def test_the_list_for_people_says_what_lets_each_go_on_and_what_to_do(lot: Ferry) -> None:
    text = " ".join(lot("parked", "list").out.replace("│", " ").split())
    assert "goes on with sku:MUG" in text
    assert "Fix: `orderferry map set shopify" in text
    assert "Fix: Create it in the ERP" in text


def test_show_tells_why_and_what_to_do(lot: Ferry) -> None:
    called = lot("parked", "show", "shopify", "#1001")
    assert "Nobody said which payment method of the ERP this gateway is." in called.out
    assert "map set" in called.out
    assert lot("parked", "show", "shopify", "#1001", "--json").rows[0]["key"] == KEY


def test_show_of_what_is_not_parked_points_to_explain(lot: Ferry) -> None:
    lot.desk.names["shopify", "#2"] = ["shopify|a.myshopify.com|9"]
    called = lot("parked", "show", "shopify", "#2")
    assert called.code == 1
    assert "orderferry explain shopify #2" in called.err
    assert lot("parked", "show", "shopify", "#3").code == 1


def test_release_needs_who_and_why(lot: Ferry) -> None:
    assert lot("parked", "release", "shopify", "#1001", "--who", "ann").code == 2
    assert lot("parked", "release", "shopify", "#1001", "--why", "x").code == 2
    assert lot.desk.released == []


def test_a_released_document_tries_again_and_the_order_is_audited(lot: Ferry) -> None:
    called = lot("parked", "release", "shopify", "#1001", *BY)
    assert called.code == 0
    assert lot.desk.released == [KEY]
    (audit,) = lot.desk.audits
    assert (audit.who, audit.why) == ("ann", "asked the bank")


def test_all_of_one_reason_are_released(lot: Ferry) -> None:
    rows = lot("parked", "release", "shopify", "--all", "--reason", "tender_unmapped", *BY, "--json").rows
    assert [row["key"] for row in rows] == [KEY, f"shopify|{OTHER}|3"]
    assert len(lot.desk.parking) == 1


@pytest.mark.parametrize("arguments", [[], ["--all"], ["#1001", "--all", "--reason", "held"]])
def test_a_release_of_everything_or_nothing_is_wrong_usage(lot: Ferry, arguments: list[str]) -> None:
    assert lot("parked", "release", "shopify", *arguments, *BY).code == 2
    assert lot.desk.released == []


def test_a_release_that_met_nothing_says_so(lot: Ferry) -> None:
    assert lot("parked", "release", "shopify", "--all", "--reason", "held", *BY).code == 1
    assert lot("parked", "release", "shopify", "#77", *BY).code == 1


def test_a_name_in_two_shops_is_not_released_by_chance(lot: Ferry) -> None:
    lot.desk.names["shopify", "#1001"] = [KEY, f"shopify|{OTHER}|3"]
    called = lot("parked", "release", "shopify", "#1001", *BY)
    assert called.code == 1
    assert "Add --tenant" in called.err
    assert lot.desk.released == []
    assert lot("parked", "release", "shopify", "#1001", *BY, "--tenant", SHOP).code == 0
    assert lot.desk.released == [KEY]


def test_a_discarded_document_is_parked_no_more(lot: Ferry) -> None:
    row = lot("parked", "discard", "shopify", "payment", "77", *BY, "--tenant", SHOP, "--json").rows[0]
    assert row["document"]["external_id"] == "77"
    assert len(lot.desk.parking) == 2
    assert lot.desk.audits[0].action == "discard"


def test_a_discard_needs_one_parked_document(lot: Ferry) -> None:
    called = lot("parked", "discard", "shopify", "payment", "77", *BY)
    assert called.code == 2
    assert "add --tenant" in called.err
    assert lot("parked", "discard", "shopify", "refund", "77", *BY).code == 1
    assert len(lot.desk.parking) == 3


def test_a_person_resolves_what_is_in_doubt(lot: Ferry) -> None:
    lot.desk.doubts = {"i-1", "i-2"}
    assert lot("parked", "resolve", "i-1", "--happened", *BY).code == 2
    assert lot("parked", "resolve", "i-1", *BY).code == 2
    assert lot("parked", "resolve", "i-1", "--happened", "--erp-id", "erp-7", *BY).code == 0
    assert "did not happen" in lot("parked", "resolve", "i-2", "--not-happened", *BY).out
    lot.desk.doubts = {"i-3"}
    rows = lot("parked", "resolve", "i-3", "--happened", "--erp-id", "erp-8", *BY, "--json").rows
    assert rows == [{"intent": "i-3", "action": "resolve", "happened": True, "erp_id": "erp-8"}]
    assert lot.desk.doubts == set()
    assert [audit.subject for audit in lot.desk.audits] == ["i-1 erp-7", "i-2 ", "i-3 erp-8"]


def test_a_held_order_is_left_alone(lot: Ferry) -> None:
    assert lot("parked", "hold", "shopify", "#1001", *BY, "--json").rows == [{"key": KEY, "action": "hold"}]
    assert "is on hold" in lot("parked", "hold", "shopify", "#1001", *BY).out
    assert lot.desk.held == [KEY, KEY]
    assert lot("parked", "hold", "shopify", "#5", *BY).code == 1


def test_the_digest_that_people_would_be_sent_is_printed(ferry: Ferry) -> None:
    ferry.desk.parking = [parked()]
    out = ferry("parked", "digest").out
    assert out.startswith("1 parked, 1 new\n")
    assert f"shopify {SHOP}: 1 parked, 1 new" in out
    (row,) = ferry("parked", "digest", "--json").rows
    assert (row["kind"], row["parked"]) == ("orderferry.parked_digest", 1)
    ferry.desk.parking = []
    assert ferry("parked", "digest").out == "Nothing is parked.\n"
