"""Which end an order came to is read off the ERP; what the arrival cannot bring about is never excused by it."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.oracle.ends import ends_in
from sandbox.oracle.erp import Erp
from sandbox.oracle.want import End, Name, Want
from tests.oracle.test_judgement import counts

if TYPE_CHECKING:
    from tests.oracle.conftest import Case

NAME = Name("a.myshopify.com", "order", "1")
ALL: tuple[End, ...] = ("sales_order", "invoice", "overtaken", "absent")


def came_to(*possible: End, confirmed: bool = True, **doc: Any) -> End:
    erp = Erp()
    if doc:
        given = {"id": "o1", "order_status": "confirmed", "is_on_hold": False, "metadata": {}, **doc}
        erp.orders[NAME] = [given]
        erp.confirmed = {"o1"} if confirmed else set()
    wants = [Want(NAME, "1", "posted", end=end) for end in possible]
    return ends_in(wants, erp)["a.myshopify.com", "1"]


def test_what_does_not_stand_came_to_nothing() -> None:
    assert came_to(*ALL) == "absent"


@pytest.mark.parametrize("carrier", ["sales_order", "invoice"])
def test_what_stands_came_to_its_type(carrier: str) -> None:
    assert came_to(*ALL, document_type=carrier) == carrier


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_a_sales_order_that_was_never_confirmed_was_overtaken(status: str) -> None:
    assert came_to(*ALL, document_type="sales_order", order_status=status, confirmed=False) == "overtaken"
    assert came_to(*ALL, document_type="sales_order", order_status=status) == "sales_order"


def test_a_draft_that_the_erp_holds_was_not_overtaken() -> None:
    held = {"order_status": "on_hold", "is_on_hold": True}
    assert came_to(*ALL, document_type="sales_order", confirmed=False, **held) == "sales_order"


def test_an_end_that_the_arrival_cannot_bring_about_is_not_chosen() -> None:
    assert came_to("invoice", document_type="sales_order") == "invoice"
    assert came_to("sales_order", "absent", document_type="invoice") == "sales_order"
    assert came_to("sales_order", "invoice") == "sales_order"
    assert came_to("sales_order", document_type="sales_order", confirmed=False) == "sales_order"


def test_a_sales_order_of_what_had_left_is_caught(case: "Case") -> None:
    _, doc = case.order("taken_home")
    assert doc["document_type"] == "invoice"
    doc["document_type"] = "sales_order"
    assert counts(case) == {"unexplained": 1}


def test_an_invoice_of_what_never_left_is_caught(case: "Case") -> None:
    _, doc = case.order("goodwill")
    doc["document_type"] = "invoice"
    assert counts(case)["unexplained"] == 1


def test_a_sale_that_went_because_it_was_cancelled_is_no_loss(case: "Case") -> None:
    """The other end: heard of after its cancellation, it never came to be, and neither did its cash."""
    history, doc = case.order("cancelled_and_given_back")
    transactions = {f"{history.shop.domain}:{one.id}" for one in history.order.transactions}
    case.dump = [
        line
        for line in case.dump
        if line["doc"] is not doc and line["doc"].get("external_reference") not in transactions
    ]
    case.log = [line for line in case.log if doc["id"] not in str(line)]
    assert counts(case)["unexplained"] == 5  # four documents are claimed as posted, one of them with an id
    names = {str(one.id) for one in history.order.transactions} | {str(one.id) for one in history.order.refunds}
    names.add(str(history.order.id))
    for claim in (one for line in case.claims for one in line["documents"]):
        if claim["external_id"] in names:
            claim |= {"outcome": "skipped", "reason": "never_posted", "erp_id": None}
    assert counts(case) == {}


def test_half_an_end_is_caught(case: "Case") -> None:
    _, doc = case.order("cancelled_and_given_back")
    case.dump = [line for line in case.dump if line["doc"] is not doc]
    assert counts(case)["unexplained"] == 6  # as above, and its payment stands, which nothing asks for
