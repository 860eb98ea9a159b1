"""The oracle catches what it is there for: each test spoils one thing of an honest run."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sandbox.oracle.proof import Faults, proof
from sandbox.oracle.sale import sale

if TYPE_CHECKING:
    from tests.oracle.conftest import Case

NO_FAULTS = Faults({}, {}, ())


def counts(case: "Case") -> dict[str, object]:
    judgement = case.judged()
    done = proof(judgement, money_moved=0, kills=0, faults=NO_FAULTS)
    names = ("lost", "duplicated", "reordered", "amount_difference", "unexplained", "in_doubt")
    found = {name: value for name, value in done.figures().items() if name in names and value}
    if judgement.parked != judgement.parked_expected:
        found["parked"] = len(judgement.parked ^ judgement.parked_expected)
    assert done.holds(judgement) is (not found)
    return found


def test_an_honest_run_is_a_proof(case: "Case") -> None:
    assert case.judged().findings.violations == []
    assert counts(case) == {}


def test_an_honest_run_counts_what_it_expected_and_found(case: "Case") -> None:
    findings = case.judged().findings
    assert findings.expected == findings.found
    assert all(findings.expected[name] > 0 for name in ("orders", "payments", "refunds", "accounts"))


def test_a_lost_order_is_caught(case: "Case") -> None:
    _, doc = case.order("no_transaction_came")
    case.dump = [line for line in case.dump if line["doc"] is not doc]
    assert counts(case)["lost"] == 1


def test_a_lost_payment_is_caught(case: "Case") -> None:
    history, _ = case.order("web_sale")
    reference = f"{history.shop.domain}:{history.order.transactions[0].id}"
    gone = case.docs("payments", lambda doc: doc["external_reference"] == reference)
    case.dump = [line for line in case.dump if line["doc"] not in gone]
    assert counts(case)["lost"] == 1


def test_a_lost_account_is_caught(case: "Case") -> None:
    _, order = case.order("web_sale")
    case.dump = [line for line in case.dump if line["doc"]["id"] != order["account_id"]]
    found = counts(case)
    assert found["lost"] == 1


def test_a_doubled_order_is_caught(case: "Case") -> None:
    _, doc = case.order("web_sale")
    case.again(doc, "orders")
    assert counts(case) == {"duplicated": 1}


def test_two_living_revisions_are_a_doubled_order(case: "Case") -> None:
    _, doc = case.order("web_sale")
    case.again(doc, "orders")
    case.dump[-1]["doc"]["metadata"]["generation"] = "2"
    assert counts(case) == {"duplicated": 1}


def test_a_cancelled_revision_is_no_double(case: "Case") -> None:
    _, doc = case.order("web_sale")
    case.again(doc, "orders")
    case.dump[-1]["doc"] |= {"order_status": "cancelled", "metadata": {**doc["metadata"], "generation": "0"}}
    assert counts(case) == {}


def test_a_doubled_payment_is_caught(case: "Case") -> None:
    case.again(case.docs("payments")[0], "payments")
    assert counts(case) == {"duplicated": 1}


def test_cash_given_back_twice_is_caught(case: "Case") -> None:
    doc = next(doc for doc in case.docs("payments") if doc["refunds"])
    doc["refunds"] = doc["refunds"] * 2
    doc["amount_refunded"] *= 2
    found = counts(case)
    assert found["duplicated"] == 1
    assert Decimal(str(found["amount_difference"])) > 0


def test_a_doubled_return_is_caught(case: "Case") -> None:
    doc = next(doc for doc in case.docs("orders") if doc["document_type"] == "return")
    case.again(doc, "orders")
    assert counts(case) == {"duplicated": 1}


def test_a_doubled_account_is_caught(case: "Case") -> None:
    case.again(case.docs("accounts")[0], "accounts")
    assert counts(case) == {"duplicated": 1}


def test_a_cent_off_is_caught(case: "Case") -> None:
    _, doc = case.order("web_sale")
    doc["order_total"] = Decimal(str(doc["order_total"])) + Decimal("0.01")
    assert counts(case) == {"amount_difference": 0.01}


def test_a_cent_moved_from_goods_to_tax_is_caught(case: "Case") -> None:
    _, doc = case.order("web_sale")
    goods, tax = (next(line for line in doc["line_items"] if line["sku"].startswith(sku)) for sku in ("A", "SVC-TAX"))
    goods["line_subtotal"] = Decimal(str(goods["line_subtotal"])) - Decimal("0.01")
    tax["line_subtotal"] = Decimal(str(tax["line_subtotal"])) + Decimal("0.01")
    assert counts(case) == {"amount_difference": 0.02}


def test_a_payment_applied_short_is_caught(case: "Case") -> None:
    _, doc = case.order("web_sale")
    doc["amount_paid"] = Decimal(str(doc["amount_paid"])) - 1
    assert counts(case) == {"amount_difference": 1}


def test_a_stale_final_state_is_caught(case: "Case") -> None:
    history, doc = case.order("cancelled_and_given_back")
    assert history.order.cancelled is not None
    doc["order_status"] = "confirmed"
    assert counts(case)["reordered"] == 1


def test_amounts_of_an_older_version_are_a_stale_final_state() -> None:
    body = {
        "quantity": 3,
        "price": "5.00",
        "tax_lines": [],
        "discount_allocations": [],
        "duties": [],
        "gift_card": False,
    }
    line = {"id": 1, "current_quantity": 3, "product_id": 1, "sku": "A", **body}
    order = {
        "currency": "USD",
        "taxes_included": False,
        "line_items": [line],
        "shipping_lines": [],
        "original_total_additional_fees_set": None,
        "total_cash_rounding_payment_adjustment_set": None,
    }
    assert sale(order, [])["total"] == Decimal(15)
    line["current_quantity"] = 2
    assert sale(order, [])["total"] == Decimal(10)


def _swap(case: "Case", first: Callable[[str], bool], second: Callable[[str], bool], order_id: str) -> None:
    mine = [
        index
        for index, line in enumerate(case.log)
        if order_id in f"{line['path']} {line['resource_id']} {line['body']}"
    ]
    one = next(index for index in mine if first(case.log[index]["path"]))
    two = next(index for index in mine if second(case.log[index]["path"]))
    case.log[one], case.log[two] = case.log[two], case.log[one]


def test_a_payment_before_its_sale_is_confirmed_is_caught(case: "Case") -> None:
    _, doc = case.order("web_sale")
    _swap(case, lambda path: path.endswith("confirm"), lambda path: path.startswith("/payments"), doc["id"])
    assert counts(case) == {"reordered": 1}


def test_goods_back_before_their_sale_are_caught(case: "Case") -> None:
    _, sale_doc = case.order("refunded_in_part")
    back = next(doc for doc in case.docs("orders") if doc["document_type"] == "return")
    line = next(line for line in case.log if line["resource_id"] == back["id"] and line["path"] == "/orders")
    case.log.remove(line)
    place = next(index for index, one in enumerate(case.log) if one["resource_id"] == sale_doc["id"])
    case.log.insert(place, line)
    assert counts(case) == {"reordered": 1}


def test_cash_back_before_its_payment_is_caught(case: "Case") -> None:
    _, doc = case.order("refunded_in_part")
    _swap(case, lambda path: path.startswith("/payments"), lambda path: path.endswith("/refund"), doc["id"])
    assert counts(case)["reordered"] == 1


def test_a_falling_version_is_caught(case: "Case") -> None:
    _, doc = case.order("web_sale")
    line = next(line for line in case.log if line["resource_id"] == doc["id"] and line["path"] == "/orders")
    older = {**line["body"]["metadata"], "source_version": "2026-09-01"}
    case.log.append({**line, "resource_id": "x", "body": {**line["body"], "metadata": older}})
    assert counts(case)["reordered"] == 2  # the version falls, and the old revision was not cancelled


def test_a_write_after_the_cancellation_is_caught(case: "Case") -> None:
    _, doc = case.order("cancelled_and_given_back")
    line = next(line for line in case.log if line["path"] == f"/orders/{doc['id']}/cancel")
    case.log.append({**line, "path": f"/orders/{doc['id']}/confirm"})
    assert counts(case) == {"reordered": 1}


def test_a_wrong_park_reason_is_caught(case: "Case") -> None:
    case.claim("order", "parked")["reason"] = "tender_unmapped"
    assert counts(case) == {"parked": 2}


def test_an_unexpected_park_is_caught(case: "Case") -> None:
    case.claim("payment", "posted").update(outcome="parked", reason="in_doubt")
    assert counts(case) == {"parked": 1}


def test_a_missing_park_is_caught(case: "Case") -> None:
    case.claim("order", "parked").update(outcome="posted", reason=None)
    assert counts(case) == {"parked": 1}


@pytest.mark.parametrize(("outcome", "reason"), [("skipped", "test"), ("waiting", "gate"), ("superseded", None)])
def test_a_wrong_outcome_is_unexplained(case: "Case", outcome: str, reason: str | None) -> None:
    case.claim("payment", "posted").update(outcome=outcome, reason=reason)
    assert counts(case) == {"unexplained": 1}


def test_a_document_without_an_outcome_is_unexplained(case: "Case") -> None:
    for line in case.claims:
        line["documents"] = [one for one in line["documents"] if one["outcome"] != "waiting"]
    assert counts(case)["unexplained"] == 1


def test_two_outcomes_of_one_document_are_unexplained(case: "Case") -> None:
    case.claims.append(case.claims[0])
    assert "unexplained" in counts(case)


def test_a_claim_that_the_erp_does_not_bear_out_is_unexplained(case: "Case") -> None:
    case.claim("order", "posted")["erp_id"] = "nowhere"
    assert counts(case) == {"unexplained": 1}


def test_a_document_that_nothing_asked_for_is_unexplained(case: "Case") -> None:
    _, doc = case.order("web_sale")
    case.again(doc, "orders")
    case.dump[-1]["doc"]["metadata"]["external_id"] = "4711"
    assert counts(case) == {"unexplained": 1}


def test_a_document_without_an_identity_is_unexplained(case: "Case") -> None:
    _, doc = case.order("web_sale")
    case.again(doc, "orders")
    case.dump[-1]["doc"]["metadata"] = {}
    assert counts(case) == {"unexplained": 1}


def test_an_order_on_another_buyers_account_is_unexplained(case: "Case") -> None:
    _, doc = case.order("web_sale")
    other = next(one for one in case.docs("accounts") if one["id"] != doc["account_id"])
    doc["account_id"] = other["id"]
    assert counts(case) == {"unexplained": 1}


@pytest.mark.parametrize(("field", "value"), [("payment_method", "cash"), ("payment_date", "2020-01-01")])
def test_a_wrong_tender_or_day_is_unexplained(case: "Case", field: str, value: str) -> None:
    case.docs("payments")[0][field] = value
    assert counts(case) == {"unexplained": 1}


def test_an_open_call_is_in_doubt(case: "Case") -> None:
    call = {"effect": "order:1/create#1", "state": "open", "answer": "", "attempts": 1, "how": ""}
    case.claims[0]["calls"] = [call]
    assert counts(case) == {"in_doubt": 1}


def test_a_moved_charge_is_no_proof(case: "Case") -> None:
    judgement = case.judged()
    assert proof(judgement, money_moved=0, kills=0, faults=NO_FAULTS).holds(judgement)
    assert not proof(judgement, money_moved=1, kills=0, faults=NO_FAULTS).holds(judgement)


def test_a_lie_that_nobody_met_is_named() -> None:
    faults = Faults({"slow": 12, "truncated": 30}, {"slow": 9, "truncated": 30}, ("slow", "truncated"))
    assert faults.short() == ["slow"]
