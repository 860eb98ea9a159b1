"""Money in the buyer's currency: booked in the shop's, whatever order it comes in (books 15)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.base import Kind
from schemas.effect import Credit, RecordPayment, RefundCash
from schemas.money import Money
from schemas.order import Order
from schemas.outcome import OutcomeName, Reason
from schemas.payment import Payment
from tests.plan.world import World, cash_back, line, money, order, payment, refund


def sold(price: str, shown: str) -> Order:
    return order(line(quantity=1, price=price), presentment=Money(amount=Decimal(shown), currency="GBP"))


FIRST = payment("91", "10.01", currency="GBP")
SECOND = payment("92", "10.01", currency="GBP")


@pytest.mark.parametrize("arrivals", [(FIRST, SECOND), (SECOND, FIRST)])
def test_two_captures_come_to_the_total_whichever_is_recorded_first(arrivals: tuple[Payment, ...]) -> None:
    world = World().see(sold("10.01", "20.02"))
    for one in arrivals:
        world.see(one)
        world.settle()
    amounts = [effect.amount for effect in world.done if isinstance(effect, RecordPayment)]
    assert amounts == [money("5.01"), money("5.00")]
    assert world.sale.balance == 0


def test_goodwill_in_the_buyers_currency_is_credited_in_the_shops() -> None:
    world = World().see(
        sold("20.00", "10.00"),
        payment("91", "10.00", currency="GBP"),
        refund("81", transaction_ids=("95",)),
        cash_back("95", "10.00", currency="GBP"),
    )
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    booked = [effect.amount for effect in world.done if isinstance(effect, Credit | RefundCash)]
    assert booked == [money("20.00")] * 2


def test_goodwill_at_an_unknown_rate_is_for_a_person() -> None:
    world = World().see(
        sold("20.00", "10.00"),
        payment("91", "10.00", currency="GBP"),
        refund("81", transaction_ids=("95",)),
        cash_back("95", "4.00", currency="GBP"),
    )
    assert world.verdict(Kind.REFUND, "81").reason is Reason.CURRENCY_UNSUPPORTED
    assert not any(isinstance(effect, Credit) for effect in world.done)


def test_a_test_refund_is_no_credit() -> None:
    world = World().see(order(), payment(), refund("81", transaction_ids=("95",)), cash_back("95", "5.00", test=True))
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.UNCHANGED


def test_a_transaction_of_nothing_moves_no_cash() -> None:
    world = World().see(order(), payment(), payment("92", "0.00"))
    assert world.verdict(Kind.PAYMENT, "92").reason is Reason.MOVES_NO_CASH
    assert world.verdict().outcome is OutcomeName.POSTED
