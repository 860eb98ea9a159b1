"""What the ERP has otherwise than we left it, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.effect import Component
from schemas.posted import Posted, PostedLine, PostedStatus
from schemas.standing import Standing
from service.plan.drift import differences
from service.ports import Sight
from tests.plan.world import ROOT, SHOP, money

PAYMENT = Ref(**SHOP, kind=Kind.PAYMENT, external_id="91")
ACCOUNT = Ref(**SHOP, kind=Kind.ACCOUNT, external_id="customer:7")
CREDIT = Ref(**SHOP, kind=Kind.REFUND, external_id="81")
LINE = PostedLine(
    line_id="11", component=Component.GOODS, erp_id="l1", quantity=2, rate=money("10.00"), total=money("20.00")
)
SALE = Posted(
    document=ROOT,
    erp_id="so",
    erp_number="SO-1",
    document_type="sales_order",
    currency="USD",
    account_erp_id="acc",
    lines=(LINE,),
    total=money("20.00"),
    paid=money("20.00"),
)
PAID = Posted(
    document=PAYMENT,
    erp_id="pay",
    document_type="payment",
    order_erp_id="so",
    currency="USD",
    total=money("20.00"),
)
OWNER = Posted(document=ACCOUNT, erp_id="acc", document_type="account", currency="USD")
GIVEN = Posted(document=CREDIT, erp_id="cr", document_type="credit", currency="USD", total=money("5"))


def found(before: tuple[Posted, ...], *after: Posted, **sight: Any) -> list[str]:
    """What differs, in short."""
    seen = Sight(0.0, after={one.document: one for one in after}, **sight)
    known = {one.document: one for one in before}
    return [f"{one.document.kind} {one}" for one in differences(known, seen)]


def but(posted: Posted, **changes: Any) -> Posted:
    return posted.model_copy(update=changes)


def test_what_is_as_it_was_differs_in_nothing() -> None:
    everything = (SALE, PAID, OWNER, GIVEN)
    assert found(everything, *everything) == []
    assert found(everything) == [], "what was not read says nothing"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": PostedStatus.CANCELLED}, "status: confirmed -> cancelled"),
        ({"status": PostedStatus.DRAFT}, "status: confirmed -> draft"),
        ({"total": money("19")}, "total: 20 -> 19"),
        ({"discount": money("1.50")}, "discount: 0 -> 1.5"),
        ({"fees": money("2")}, "fees: 0 -> 2"),
        ({"tax": money("2")}, "tax: 0 -> 2"),
        ({"shipping": money("2")}, "shipping: 0 -> 2"),
        ({"account_erp_id": "other"}, "account: acc -> other"),
        ({"lines": ()}, "lines: 2 x 11 at 10 -> nothing"),
        ({"lines": (LINE.model_copy(update={"quantity": 1}),)}, "lines: 2 x 11 at 10 -> 1 x 11 at 10"),
        ({"paid": money("12")}, "paid: 20 -> 12"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_order_that_people_changed(changes: dict[str, Any], words: str) -> None:
    assert found((SALE, PAID), but(SALE, **changes), PAID) == [f"order {words}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("draft", "confirmed"),
        ("confirmed", "shipped"),
        ("draft", "held"),
        ("held", "confirmed"),
        ("confirmed", "held"),
    ],
)
def test_the_ordinary_way_is_no_drift(before: str, after: str) -> None:
    known = but(SALE, status=PostedStatus(before))
    assert found((known,), but(known, status=PostedStatus(after))) == []


def test_a_refund_opens_the_balance_again_or_does_not() -> None:
    back = but(PAID, refunded=money("5.00"))
    for paid in ("15.00", "20.00"):
        assert found((but(SALE, paid=money("1")), back), but(SALE, paid=money(paid)), back) == []


def test_cash_recorded_since_counts_with_what_went_back() -> None:
    second = but(PAID, document=PAYMENT.model_copy(update={"external_id": "92"}), erp_id="pay-2", total=money("5.00"))
    assert found((SALE, PAID, second), but(SALE, paid=money("25.00"))) == []


def test_cash_on_another_order_does_not_explain_this_one() -> None:
    elsewhere = but(PAID, document=PAYMENT.model_copy(update={"external_id": "92"}), order_erp_id="so-2")
    assert found((SALE, PAID, elsewhere), but(SALE, paid=money("40.00"))) == ["order paid: 20 -> 40"]
    assert found((SALE, PAID, but(GIVEN, order_erp_id="so")), but(SALE, paid=money("25.00"))) == [
        "order paid: 20 -> 25"
    ]


def test_only_the_standing_of_a_payment_itself_voids_it() -> None:
    other = Standing(document=PAYMENT, erp_id="pay-2", document_type="payment", status="voided")
    assert found((PAID,), PAID, standings=(other,)) == []
    failed = Standing(document=PAYMENT, erp_id="pay", document_type="payment", status="failed")
    assert found((PAID,), PAID, standings=(other, failed)) == ["payment status: recorded -> failed"]


def test_money_of_others_is_named_once() -> None:
    after = but(SALE, paid=money("24.00"))
    foreign = {ROOT: ("pay-2 over 4",)}
    assert found((SALE, PAID), after, PAID, foreign=foreign) == ["order payments: ours -> ours, pay-2 over 4"]


def test_cash_that_a_restored_ledger_forgot_is_not_judged() -> None:
    assert found((SALE, PAID), but(SALE, paid=money("7.00")), PAID, forgotten=frozenset({ROOT})) == []


def test_a_payment_that_people_changed() -> None:
    assert found((PAID,), but(PAID, refunded=money("3.00"))) == ["payment refunded: 0 -> 3"]
    assert found((PAID,), but(PAID, total=money("3.00"))) == ["payment total: 20 -> 3"]
    voided = Standing(document=PAYMENT, erp_id="pay", document_type="payment", status="voided")
    assert found((PAID,), PAID, standings=(voided,)) == ["payment status: recorded -> voided"]
    assert found((PAID,), PAID, standings=(but_standing(voided, "succeeded"),)) == []


def but_standing(standing: Standing, status: str) -> Standing:
    return standing.model_copy(update={"status": status})


def test_accounts_credits_and_what_is_gone() -> None:
    assert found((OWNER,), but(OWNER, erp_id="winner")) == ["account account: acc -> winner"]
    assert found((GIVEN,), but(GIVEN, total=money("4"))) == ["refund total: 5 -> 4"]
    assert found((SALE, GIVEN), missing=frozenset({ROOT, CREDIT})) == [
        "order missing: SO-1 -> nothing",
        "refund missing: cr -> nothing",
    ]
