from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from schemas.base import Kind
from schemas.effect import CreateAccount, Effect, RecordPayment, ReturnGoods
from schemas.party import Party
from schemas.posted import Posted
from service.ledger.doubts import adopted
from tests.ledger.world import confirm, create, intent, posted, ref

BASE = {"name": "n", "source_version": "v", "policy_version": "p1", "currency": "USD"}
DAY = date(2026, 5, 11)
PLACE = {"order_erp_id": "E-1", "account_erp_id": "A-1", "business_date": DAY}


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (create(), {"document_type": "sales_order", "status": "draft", "total": Decimal("10.00")}),
        (CreateAccount(document=ref("c", Kind.ACCOUNT), party=Party(), **BASE), {"total": Decimal(0)}),
        (
            RecordPayment(
                document=ref("9", Kind.PAYMENT), method="external", amount=Decimal(7), reference="r", **PLACE, **BASE
            ),
            {"order_erp_id": "E-1", "account_erp_id": "A-1", "total": Decimal(7)},
        ),
        (
            ReturnGoods(document=ref("5", Kind.REFUND), original=ref("1"), lines=(), total=Decimal(3), **PLACE, **BASE),
            {"order_erp_id": "E-1", "total": Decimal(3)},
        ),
    ],
)
def test_what_a_person_found_is_written_down_to_be_read_again(effect: Effect, expected: dict[str, object]) -> None:
    made = adopted(intent(effect=effect), "E-9", None)
    assert isinstance(made, Posted)
    assert (made.erp_id, made.document, made.read_at) == ("E-9", effect.document, 0.0)
    assert {name: getattr(made, name) for name in expected} == expected


def test_a_change_of_a_document_that_is_not_known_writes_nothing() -> None:
    assert adopted(intent(effect=confirm()), "E-1", None) is None


def test_a_change_keeps_what_is_known_and_asks_for_it_again() -> None:
    assert adopted(intent(effect=confirm()), "E-1", posted()) == posted().model_copy(update={"read_at": 0.0})
