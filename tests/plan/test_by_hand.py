"""What people changed in the ERP is never undone, and nothing is built on it that nobody has seen."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.order import FinancialStatus
from schemas.outcome import OutcomeName, Reason
from schemas.posted import ByHand, PostedStatus
from service.plan.by_hand import sale_digest
from service.plan.policy import Gate
from tests.plan.world import ROOT, SHOP, T0, World, back, cash_back, line, money, order, payment, policy, refund

PAYMENT = Ref(**SHOP, kind=Kind.PAYMENT, external_id="91")
REFUND = Ref(**SHOP, kind=Kind.REFUND, external_id="81")
SALE = order()


def changed(world: World, document: Ref = ROOT, *, accepted: bool = False, **fields: Any) -> World:
    """Let people change a document in the ERP."""
    hand = ByHand(what="status: confirmed -> cancelled", accepted=accepted, sale=sale_digest(SALE))
    world.posted[document] = world.posted[document].model_copy(update={"by_hand": hand, **fields})
    world.done.clear()
    return world


def sold(*more: Any) -> World:
    world = World().see(SALE, payment(), *more)
    world.settle()
    return world


def test_what_nobody_has_seen_holds_the_order_and_all_that_follows() -> None:
    world = changed(sold(), total=money("15.00"))
    world.see(cash_back(), order(minutes=5))
    verdict = world.verdict()
    assert (verdict.outcome, verdict.reason, verdict.amount) == (OutcomeName.PARKED, Reason.DRIFT, "15.00 USD")
    assert "confirmed -> cancelled" in verdict.detail
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED
    assert world.verdict(Kind.PAYMENT, "95").reason is Reason.PARENT_PARKED
    assert world.names() == []


def test_what_was_accepted_lets_cash_go_on() -> None:
    world = World().see(SALE)
    world.now = T0.timestamp()
    world.settle()
    changed(world, accepted=True, total=money("15.00"), balance=money("15.00"))
    world.see(payment("91", "15.00"))
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED
    assert world.names() == ["payment:91/record"]


def test_a_void_that_was_accepted_stays_one() -> None:
    world = changed(sold(), accepted=True, status=PostedStatus.CANCELLED)
    verdict = world.verdict()
    assert (verdict.outcome, world.names()) == (OutcomeName.POSTED, [])
    assert "cancelled in the ERP by hand" in verdict.detail


def test_what_the_shop_changes_after_that_is_for_a_person() -> None:
    world = changed(sold(), accepted=True, status=PostedStatus.CANCELLED)
    world.see(order(line("11", quantity=3), minutes=9))
    assert world.verdict().reason is Reason.DRIFT
    assert "and in the shop after that" in world.verdict().detail
    assert world.names() == []


@pytest.mark.parametrize("status", [PostedStatus.DRAFT, PostedStatus.HELD])
def test_what_people_took_back_is_not_confirmed_again(status: PostedStatus) -> None:
    world = changed(sold(), accepted=True, status=status)
    assert (world.verdict().reason, world.names()) == (Reason.ERP_HOLD, [])


def test_an_accepted_order_that_the_shop_cancels_is_cancelled() -> None:
    pending: dict[str, Any] = {"financial_status": FinancialStatus.AUTHORIZED}
    world = World(policy(gate=Gate.CREATED)).see(order(**pending))
    world.settle()
    changed(world, accepted=True, total=money("15.00"))
    world.see(order(minutes=3, cancelled_at=T0, **pending))
    world.settle()
    assert world.names() == ["order:1/cancel#1"]


@pytest.mark.parametrize("accepted", [False, True])
def test_cash_of_a_payment_that_people_changed_is_not_given_back_by_us(*, accepted: bool) -> None:
    world = changed(sold(), PAYMENT, accepted=accepted, refunded=money("5.00"))
    world.see(cash_back("95", "5.00"))
    verdict = world.verdict(Kind.PAYMENT, "95")
    assert (verdict.reason, verdict.amount, world.names()) == (Reason.DRIFT, "5.00 USD", [])


def test_a_return_that_people_changed_is_left_alone() -> None:
    world = sold()
    world.ship()
    world.see(refund("81", back("11", 1, "10.00")))
    world.settle()
    changed(world, REFUND, total=money("8.00"))
    assert world.verdict(Kind.REFUND, "81").reason is Reason.DRIFT
    changed(world, REFUND, accepted=True, total=money("8.00"))
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.names() == []


def test_a_sale_is_the_same_sale_however_new_it_is() -> None:
    assert sale_digest(order(minutes=1)) == sale_digest(order(minutes=9))
    assert sale_digest(order(line("11", quantity=3))) != sale_digest(order())
    assert sale_digest(None) == ""
