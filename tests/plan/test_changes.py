"""What a posted order does when the shop, the rules or a person change something."""

from datetime import date
from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.effect import AddLines, Adjust, Cancel, Component, CreateOrder
from schemas.order import FinancialStatus, Shipping
from schemas.outcome import OutcomeName, Reason
from schemas.party import Address
from schemas.posted import PostedAdjustment, PostedStatus
from service.plan.order import adjust
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Gate
from service.plan.sale import Sale
from tests.plan.world import (
    ROOT,
    SHIPPED,
    SHOP,
    T0,
    TARGETS,
    World,
    line,
    money,
    order,
    payment,
    policy,
    tax,
)

PENDING: dict[str, Any] = {"financial_status": FinancialStatus.PENDING}
HOME = Address(street1="1 Main St", city="Springfield", country="US")
OFFICE = Address(street1="2 Side St", city="Springfield", country="US")


def on_account(*facts: Any) -> World:
    """An unpaid order, posted."""
    world = World(policy(gate=Gate.CREATED)).see(*(facts or (order(**PENDING),)))
    world.settle()
    return world


def test_a_posted_order_stays_ours_whatever_the_filters_say_later() -> None:
    world = World().see(order())
    world.settle()
    world.policy = policy(excluded_tags={"wholesale"})
    world.see(order(minutes=5, tags=("wholesale",)), payment())
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED


def test_only_the_tags_that_are_excluded_exclude() -> None:
    world = World(policy(excluded_tags={"wholesale"}))
    assert world.see(order(tags=("vip",)), payment()).verdict().outcome is OutcomeName.POSTED
    verdict = World(world.policy).see(order(tags=("vip", "wholesale"))).verdict()
    assert (verdict.reason, verdict.detail) == (Reason.FILTERED, "order #1001 carries the tag 'wholesale'")


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        (FinancialStatus.PENDING, "order #1001 is pending, not yet paid"),
        (FinancialStatus.OTHER, "order #1001 is in a payment state that is not known here, not yet paid"),
    ],
)
def test_an_order_at_the_gate_says_in_which_state_it_is(status: FinancialStatus, detail: str) -> None:
    assert World().see(order(financial_status=status)).verdict().detail == detail


def test_a_closed_period_does_not_stop_a_sales_order_which_the_erp_invoices_later() -> None:
    world = World(policy(closed_before=date(2026, 6, 1))).see(order(**PENDING, net_terms=True))
    assert world.verdict().outcome is OutcomeName.POSTED


def test_a_cancelled_sale_on_terms_is_told_to_the_erp_and_cancelled_there() -> None:
    world = on_account()
    world.see(order(minutes=5, **PENDING, net_terms=True, cancelled_at=T0))
    assert world.verdict().detail == "cancelled in the ERP"
    assert world.names() == ["order:1/create#1", "order:1/confirm#1", "order:1/cancel#1"]


def test_a_voided_order_whose_cash_was_kept_is_for_a_person() -> None:
    sold = order(cancelled_at=T0, financial_status=FinancialStatus.VOIDED)
    verdict = World(policy(fulfilment=Ships.SHOP)).see(sold, payment()).verdict()
    assert (verdict.reason, verdict.amount) == (Reason.CANCELLED_WITH_CASH, "20.00 USD")


def test_goods_taken_off_an_order_that_was_paid_in_part_are_for_a_person() -> None:
    sold = order(
        line(current_quantity=1), current_total=money("10.00"), financial_status=FinancialStatus.PARTIALLY_PAID
    )
    verdict = World(policy(gate=Gate.AUTHORIZED)).see(sold, payment(amount="5.00")).verdict()
    assert verdict.reason is Reason.FEWER_GOODS
    assert "(1 of line 11)" in verdict.detail


@pytest.mark.parametrize("paid_in", ["the ERP", "the shop"])
def test_a_posted_order_with_money_on_it_is_not_made_anew(paid_in: str) -> None:
    world = on_account(order(line(), line("12"), **PENDING))
    world.see(order(minutes=5, **PENDING))
    if paid_in == "the ERP":
        world.posted[ROOT] = world.sale.model_copy(update={"paid": money(5)})
    else:
        world.see(payment(gateway="unheard of"))
    assert world.verdict().reason is Reason.FEWER_GOODS
    assert not any(isinstance(effect, Cancel) for effect in world.done)


def test_an_order_that_was_made_anew_before_it_was_paid_takes_its_payment() -> None:
    off = line("12", current_quantity=0)
    world = on_account(order(line(), line("12"), **PENDING))
    world.see(order(line(), off, minutes=5, current_total=money(20), **PENDING))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert (world.sale.revision, world.sale.total) == (2, money(20))
    world.see(order(line(), off, minutes=9, current_total=money(20)), payment())
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED
    world.posted[ROOT] = world.sale.model_copy(update={"status": PostedStatus.CANCELLED, "lines": (), "revision": 1})
    assert [one.name for one in world.plan().unless_done] == ["order:1/create#2"]


def test_an_order_cancelled_on_both_sides_is_not_made_anew_for_its_last_edit() -> None:
    world = on_account()
    world.posted[ROOT] = world.sale.model_copy(update={"status": PostedStatus.CANCELLED})
    edited = order(line(current_quantity=1), minutes=5, cancelled_at=T0, current_total=money("10.00"), **PENDING)
    assert world.see(edited).verdict().detail == "cancelled in the ERP"
    assert not [name for name in world.names() if name.endswith("create#2")]


@pytest.mark.parametrize(
    ("where", "ship_to", "bill_to", "fetched"),
    [
        ({"ship_to": HOME, "bill_to": OFFICE}, HOME, OFFICE, False),
        ({"ship_to": HOME}, HOME, HOME, False),
        ({"ship_to": HOME, "pick_up": True}, HOME, HOME, True),
        ({"bill_to": OFFICE}, None, OFFICE, True),
        ({}, None, None, True),
    ],
)
def test_goods_go_where_the_buyer_says_and_the_bill_follows_them(
    where: dict[str, Any], ship_to: Address | None, bill_to: Address | None, fetched: bool
) -> None:
    create = World().see(order(**where)).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert (create.ship_to, create.bill_to, create.pick_up) == (ship_to, bill_to, fetched)


def test_the_tenants_counter_is_only_for_goods_without_an_address() -> None:
    create = World(policy(pick_up=OFFICE)).see(order(ship_to=HOME)).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert (create.ship_to, create.bill_to) == (HOME, HOME)


def test_the_warehouse_reads_only_of_charges_that_stand_and_have_a_name() -> None:
    kept, bare = Shipping(title="Express", price=money(5)), Shipping(price=money(1))
    sold = order(shipping=(kept, bare))
    gone = Shipping(title="Old", price=money(9), removed=True)
    create = World().see(sold.model_copy(update={"shipping": (gone, kept, bare)})).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert create.notes == "Shop order #1001\nShip by Express"
    assert create.extra == (("order_name", "#1001"),)


def test_goods_added_to_an_order_that_has_left_are_for_a_person() -> None:
    world = on_account()
    world.ship()
    world.see(order(line(), line("12"), minutes=5, **PENDING))
    assert world.verdict().reason is Reason.MORE_GOODS


def test_an_addition_says_what_the_total_must_be_before_and_after() -> None:
    world = on_account()
    world.see(order(line(), line("12", quantity=3, price="5.00", taxes=(tax("1.20"),)), minutes=5, **PENDING))
    added = world.plan().effects[0]
    assert isinstance(added, AddLines)
    assert (added.total_before, added.total_after) == (money("20.00"), money("36.20"))
    assert added.name == "order:1/add#1:20.00+16.20"


def test_a_fee_says_what_the_total_must_be_before_and_after() -> None:
    rules = policy(targets=TARGETS.model_copy(update={"shipping": "fee:Shipping"}))
    world = World(rules).see(order(shipping=(Shipping(price=money("5.00")),)))
    world.carry_out(world.plan().effects[0])
    added = world.plan().effects[0]
    assert isinstance(added, Adjust)
    assert (added.total_before, added.total_after) == (money("20.00"), money("25.00"))


@pytest.mark.parametrize(("amount", "before"), [("0.01", "3.00"), ("-0.01", "4.00")])
def test_an_adjustment_says_what_of_its_kind_was_there_before(amount: str, before: str) -> None:
    have = on_account().sale.model_copy(update={"fees": money("3.00"), "discount": money("4.00")})
    part = PostedAdjustment(label="Something", component=Component.ROUNDING, amount=money(amount))
    sale = Sale(lines=(), discount=money(0), adjustments=(part,), missing=())
    asked = adjust(order(), sale, have)
    assert asked is not None
    assert asked.alike_before == money(before)


def test_an_order_is_posted_as_soon_as_it_stands_whatever_its_payment_still_needs() -> None:
    world = World().see(order(), payment())
    while Ref(**SHOP, kind=Kind.PAYMENT, external_id="91") not in {e.document for e in world.plan().effects}:
        world.carry_out(world.plan().effects[0])
    assert {v.document: v.outcome for v in world.plan().verdicts} == {ROOT: OutcomeName.POSTED}


def test_cash_for_a_posted_order_is_recorded_although_the_order_asks_for_a_person() -> None:
    world = on_account()
    world.ship()
    world.see(order(line(quantity=1), minutes=5), payment(amount="10.00"))
    assert world.verdict().reason is Reason.FEWER_GOODS
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED


def test_a_cancellation_comes_after_everything_else_and_says_nothing_before() -> None:
    world = World().see(order())
    while not world.names() or world.names()[-1] != "order:1/confirm#1":
        world.carry_out(world.plan().effects[0])
    world.see(order(minutes=5, cancelled_at=T0), payment())
    answer = world.plan()
    assert [effect.name for effect in answer.effects] == ["payment:91/record"]
    assert not [v for v in answer.verdicts if v.outcome is OutcomeName.PARKED]


def test_a_paid_order_is_not_cancelled_before_its_payments_are_known() -> None:
    world = World(now=T0.timestamp() + 60).see(order())
    world.settle()
    world.see(order(minutes=5, cancelled_at=T0))
    assert world.verdict().reason is Reason.TRANSACTIONS_AWAITED
    assert not any(isinstance(effect, Cancel) for effect in world.done)


def test_a_cancellation_waits_for_one_parked_payment_among_others() -> None:
    parts = payment("91", "15.00"), payment("92", "5.00", gateway="unheard of")
    world = World().see(order(), *parts)
    world.settle()
    verdict = world.see(order(minutes=5, cancelled_at=T0)).verdict()
    assert verdict.reason is Reason.PARENT_PARKED
    assert "92 is not recorded" in verdict.detail


def test_an_invoice_is_never_cancelled() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(**PENDING, net_terms=True, **SHIPPED))
    world.settle()
    world.see(order(minutes=5, cancelled_at=T0, net_terms=True, **PENDING, **SHIPPED))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert not any(isinstance(effect, Cancel) for effect in world.done)
