from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas.base import Kind
from schemas.effect import (
    AddAddress,
    AddLines,
    Adjust,
    Component,
    CreateAccount,
    Credit,
    Effect,
    RecordPayment,
    RefundCash,
    ReturnGoods,
    SaleLine,
)
from schemas.party import Address, Party
from schemas.posted import Posted, PostedAdjustment
from service.ledger.doubts import adopted, touched
from tests.ledger.world import confirm, create, intent, posted, ref

BASE: dict[str, Any] = {"name": "n", "source_version": "v", "policy_version": "p1", "currency": "USD"}
DAY = date(2026, 5, 11)
PLACE: dict[str, Any] = {"order_erp_id": "E-1", "account_erp_id": "A-1"}
LINES = (
    SaleLine(line_id="11", component=Component.GOODS, sku="A", quantity=2, rate=Decimal("1.50")),
    SaleLine(line_id="tax", component=Component.TAX, product="sku:TAX", quantity=1, rate=Decimal("0.24")),
)
PAYMENT = ref("9", Kind.PAYMENT)
CASH_BACK = RefundCash(
    document=ref("95", Kind.PAYMENT),
    order_erp_id="E-1",
    payment_erp_id="P-1",
    payment=PAYMENT,
    amount=Decimal(7),
    refunded_before=Decimal(2),
    **BASE,
)


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (create(), {"document_type": "sales_order", "status": "draft", "total": Decimal("10.00")}),
        (CreateAccount(document=ref("c", Kind.ACCOUNT), party=Party(), **BASE), {"document_type": "account"}),
        (
            RecordPayment(
                document=PAYMENT,
                method="external",
                amount=Decimal(7),
                reference="r",
                business_date=DAY,
                **PLACE,
                **BASE,
            ),
            {"document_type": "payment", "order_erp_id": "E-1", "account_erp_id": "A-1", "total": Decimal(7)},
        ),
        (
            ReturnGoods(
                document=ref("5", Kind.REFUND),
                original=ref("1"),
                lines=LINES,
                total=Decimal("3.24"),
                business_date=DAY,
                **PLACE,
                **BASE,
            ),
            {"document_type": "return", "status": "draft", "order_erp_id": "E-1", "total": Decimal("3.24")},
        ),
        (
            Credit(document=ref("5", Kind.REFUND), amount=Decimal(3), **PLACE, **BASE),
            {"document_type": "credit", "account_erp_id": "A-1", "total": Decimal(3)},
        ),
    ],
)
def test_what_a_person_found_is_written_down_to_be_read_again(effect: Effect, expected: dict[str, object]) -> None:
    (made,) = adopted(intent(effect=effect), "E-9", None)
    assert (made.erp_id, made.document, made.read_at) == ("E-9", effect.document, 0.0)
    assert {name: getattr(made, name) for name in expected} == expected


def test_what_was_sent_stands_for_the_lines_until_the_total_is_read() -> None:
    effect = ReturnGoods(
        document=ref("5", Kind.REFUND),
        original=ref("1"),
        lines=LINES,
        total=Decimal("3.24"),
        business_date=DAY,
        **PLACE,
        **BASE,
    )
    (made,) = adopted(intent(effect=effect), "E-9", None)
    assert [(one.line_id, one.erp_id, one.total) for one in made.lines] == [
        ("11", "E-9#1", Decimal("3.00")),
        ("tax", "E-9#2", Decimal("0.24")),
    ]


def test_a_change_of_a_document_that_is_not_known_writes_nothing() -> None:
    assert adopted(intent(effect=confirm()), "E-1", None) == ()


def test_a_change_keeps_what_is_known_and_asks_for_it_again() -> None:
    assert adopted(intent(effect=confirm()), "E-1", posted()) == (posted().model_copy(update={"read_at": 0.0}),)


def test_an_adjustment_that_a_person_found_is_not_asked_for_again() -> None:
    effect = Adjust(
        document=ref("1"),
        order_erp_id="E-1",
        label="Rounding",
        component=Component.ROUNDING,
        amount=Decimal("0.02"),
        total_before=Decimal("10.00"),
        total_after=Decimal("10.02"),
        **BASE,
    )
    (after,) = adopted(intent(effect=effect), "E-1", posted())
    assert after.read_at == 0.0
    assert after.adjustments == (
        PostedAdjustment(label="Rounding", component=Component.ROUNDING, amount=Decimal("0.02")),
    )


def test_lines_that_a_person_found_are_not_added_again() -> None:
    before = posted()
    effect = AddLines(
        document=ref("1"),
        order_erp_id="E-1",
        lines=LINES,
        total_before=Decimal(10),
        total_after=Decimal("13.24"),
        **BASE,
    )
    (after,) = adopted(intent(effect=effect), "E-1", before)
    assert [one.line_id for one in after.lines] == [*(one.line_id for one in before.lines), "11", "tax"]
    assert len({one.erp_id for one in after.lines}) == len(after.lines)


def test_an_address_that_a_person_found_is_known_by_its_id() -> None:
    account = Posted(document=ref("c", Kind.ACCOUNT), erp_id="A-1", currency="USD", addresses=(("k1", "AD-1"),))
    effect = AddAddress(
        document=account.document,
        account_erp_id="A-1",
        address=Address(city="Fresno"),
        address_key="k2",
        purpose="shipping",
        **BASE,
    )
    (after,) = adopted(intent(effect=effect), "AD-2", account)
    assert dict(after.addresses) == {"k1": "AD-1", "k2": "AD-2"}


def test_cash_that_a_person_found_given_back_is_not_given_back_again() -> None:
    payment = Posted(document=PAYMENT, erp_id="P-1", currency="USD", total=Decimal(20), refunded=Decimal(2), read_at=5)
    assert touched(CASH_BACK) == PAYMENT
    cash, after = adopted(intent(effect=CASH_BACK), "P-1", payment)
    assert (cash.document, cash.document_type, cash.total) == (CASH_BACK.document, "refund", Decimal(7))
    assert (after.document, after.refunded, after.read_at) == (PAYMENT, Decimal(9), 0.0)


def test_cash_given_back_on_a_payment_that_is_not_known_is_known_all_the_same() -> None:
    (cash,) = adopted(intent(effect=CASH_BACK), "P-1", None)
    assert cash.erp_id == "P-1"


def test_a_change_touches_its_own_document() -> None:
    assert touched(confirm()) == ref("1")
