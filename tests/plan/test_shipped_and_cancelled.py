"""Shipped in the ERP, then cancelled in the shop: never a cancellation, only a return (books 13)."""

from __future__ import annotations

from schemas.base import Kind
from schemas.effect import Cancel, RefundCash, ReturnGoods
from schemas.order import FinancialStatus, Fulfilment
from schemas.outcome import OutcomeName, Reason
from service.plan.policy import Fulfilment as Ships
from tests.plan.world import T0, World, back, cash_back, line, money, order, payment, policy, refund

GONE = order(
    line(current_quantity=0),
    minutes=20,
    cancelled_at=T0,
    financial_status=FinancialStatus.REFUNDED,
    current_total=money(0),
    refund_ids=("81",),
)


def test_goods_that_were_shipped_come_back_as_a_return_although_the_order_is_cancelled() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.ship()
    world.see(GONE, refund("81", back(quantity=2, subtotal="20.00"), transaction_ids=("95",)), cash_back())
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.verdict().outcome is OutcomeName.POSTED
    kinds = [type(effect) for effect in world.done]
    assert kinds.count(ReturnGoods) == kinds.count(RefundCash) == 1
    assert Cancel not in kinds


def test_an_invoice_that_is_cancelled_with_its_cash_kept_is_for_a_person() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(fulfilment=Fulfilment.FULFILLED), payment())
    world.settle()
    world.see(order(minutes=5, fulfilment=Fulfilment.FULFILLED, cancelled_at=T0))
    verdict = world.verdict()
    assert verdict.reason is Reason.CANCELLED_WITH_CASH
    assert "20.00 USD were not given back" in verdict.detail
