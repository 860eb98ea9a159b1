"""What the shop reports fulfilled or cancelled is never confirmed as a sales order, whatever came first (books 4)."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from schemas.base import Kind
from schemas.effect import Confirm, CreateOrder
from schemas.event import Fact
from schemas.order import FinancialStatus, Fulfilment, Order
from schemas.outcome import OutcomeName, Reason
from schemas.posted import PostedStatus
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Gate, Targets
from tests.plan.world import (
    ROOT,
    SHIPPED,
    T0,
    World,
    at,
    back,
    cash_back,
    deletion,
    line,
    money,
    order,
    payment,
    policy,
    refund,
    tax,
)

PART: dict[str, Any] = {"fulfilment": Fulfilment.PARTIAL}
TERMS: dict[str, Any] = {"financial_status": FinancialStatus.PENDING, "net_terms": True}
GONE: dict[str, Any] = {"cancelled_at": T0, "financial_status": FinancialStatus.REFUNDED}
CONFIRMED = ["order:1/create#1", "order:1/confirm#1"]


def drafted(*facts: Fact) -> World:
    """A sale of which only the draft stands."""
    world = World().see(*(facts or (order(),)))
    world.carry_out(world.plan().effects[0])
    assert world.sale.status is PostedStatus.DRAFT
    return world


def created(world: World) -> list[str]:
    return [effect.document_type.value for effect in world.done if isinstance(effect, CreateOrder)]


# --- shipped by the shop


def test_what_has_left_before_it_was_posted_is_invoiced() -> None:
    world = World().see(order(**SHIPPED), payment())
    assert world.verdict().outcome is OutcomeName.POSTED
    assert (created(world), world.sale.balance) == (["invoice"], money(0))


def test_a_sales_order_stays_one_when_it_is_shipped_later() -> None:
    world = World().see(order(), payment())
    world.settle()
    assert world.see(order(minutes=5, **SHIPPED)).verdict().outcome is OutcomeName.POSTED
    assert created(world) == ["sales_order"]


def test_goods_of_an_invoice_come_back_although_the_erp_ships_for_others() -> None:
    sold = order(current_total=money(10), refund_ids=("81",), **SHIPPED)
    world = World().see(sold, payment(), refund("81", back(restock="cancel")))
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED


def test_an_invoice_of_a_closed_period_is_parked_also_where_the_erp_ships() -> None:
    world = World(policy(closed_before=date(2026, 6, 1))).see(order(**SHIPPED), payment())
    verdict = world.verdict()
    assert (verdict.reason, world.done) == (Reason.WRONG_PERIOD, [])
    assert "of 2026-05-01 falls into a closed period" in verdict.detail


def test_what_has_left_in_part_waits_under_its_name_for_the_rest() -> None:
    world = World().see(order(**PART), payment())
    verdict = world.verdict()
    assert (verdict.reason, verdict.amount, world.done) == (Reason.SHIPPED_BY_SHOP, "20.00 USD", [])
    assert "the shop shipped a part of it before it was posted; it goes as an invoice once" in verdict.detail
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED
    world.see(order(minutes=5, **SHIPPED))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert created(world) == ["invoice"]


def test_a_sales_order_that_is_shipped_in_part_goes_on() -> None:
    world = World().see(order())
    world.settle()
    assert world.see(order(minutes=5, **PART), payment()).verdict().outcome is OutcomeName.POSTED


@pytest.mark.parametrize(("how_far", "word"), [(PART, "a part"), (SHIPPED, "all")])
def test_a_draft_that_the_shop_overtook_is_not_confirmed(how_far: dict[str, Any], word: str) -> None:
    world = drafted().see(order(minutes=5, **how_far), payment())
    verdict = world.verdict()
    assert (verdict.reason, verdict.amount) == (Reason.SHIPPED_BY_SHOP, "20.00 USD")
    assert f"the shop shipped {word} of it while the draft SO-1 stood; cancel SO-1 in the ERP" in verdict.detail
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED
    assert not any(isinstance(effect, Confirm) for effect in world.done)


def test_the_draft_of_an_invoice_is_confirmed() -> None:
    world = drafted(order(**SHIPPED))
    assert world.verdict().reason is Reason.TRANSACTIONS_MISSING
    assert world.names() == CONFIRMED


def test_the_next_revision_of_what_has_left_by_now_is_an_invoice() -> None:
    world = World().see(order(**TERMS))
    world.settle()
    fewer = line(current_quantity=1)
    world.see(order(fewer, minutes=5, current_total=money(10), **TERMS, **SHIPPED))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert created(world) == ["sales_order", "invoice"]


# --- cancelled in the shop


@pytest.mark.parametrize("ships", Ships)
@pytest.mark.parametrize("status", [FinancialStatus.REFUNDED, FinancialStatus.VOIDED])
def test_what_was_cancelled_and_given_back_is_never_posted(ships: Ships, status: FinancialStatus) -> None:
    gone = order(cancelled_at=T0, financial_status=status)
    world = World(policy(fulfilment=ships)).see(gone, payment(), cash_back(), refund("81", transaction_ids=("95",)))
    plan = world.settle()
    assert {(verdict.outcome, verdict.reason) for verdict in plan.verdicts} == {
        (OutcomeName.SKIPPED, Reason.NEVER_POSTED)
    }
    assert not world.done


@pytest.mark.parametrize("ships", Ships)
def test_what_was_cancelled_with_its_cash_kept_is_for_a_person_and_never_posted(ships: Ships) -> None:
    world = World(policy(fulfilment=ships)).see(order(cancelled_at=T0), payment())
    verdict = world.verdict()
    assert (verdict.reason, verdict.amount) == (Reason.CANCELLED_WITH_CASH, "20.00 USD")
    assert "20.00 USD were not given back" in verdict.detail
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED
    assert not world.done


def test_more_cash_out_than_in_is_for_a_person() -> None:
    verdict = World().see(order(**GONE), cash_back()).verdict()
    assert (verdict.reason, verdict.amount) == (Reason.CANCELLED_WITH_CASH, "20.00 USD")
    assert "20.00 USD more were given back than are known to have come in" in verdict.detail


def test_a_test_payment_is_no_cash_that_was_kept() -> None:
    world = World().see(order(**GONE), payment(test=True))
    assert world.verdict().reason is Reason.NEVER_POSTED
    admitted = World(policy(admit_test=True)).see(order(**GONE), payment(test=True))
    assert admitted.verdict().reason is Reason.CANCELLED_WITH_CASH


def test_a_cancelled_order_on_terms_is_never_posted() -> None:
    world = World().see(order(cancelled_at=T0, **TERMS))
    verdict = world.verdict()
    assert (verdict.reason, world.done) == (Reason.NEVER_POSTED, [])
    assert "was cancelled before it was posted; the shop keeps no cash" in verdict.detail


@pytest.mark.parametrize("status", [FinancialStatus.PAID, FinancialStatus.PARTIALLY_REFUNDED])
def test_cash_that_only_the_status_tells_of_is_waited_for_and_then_missed(status: FinancialStatus) -> None:
    gone = order(cancelled_at=T0, financial_status=status)
    world = World(now=T0.timestamp() + 60).see(gone)
    assert (world.verdict().reason, world.plan().wake_at) == (Reason.TRANSACTIONS_AWAITED, T0.timestamp() + 900)
    world.now += 3600
    verdict = world.verdict()
    assert (verdict.reason, verdict.amount, world.done) == (Reason.TRANSACTIONS_MISSING, "20.00 USD", [])


def test_goods_that_left_before_the_cancellation_are_invoiced() -> None:
    world = World().see(order(cancelled_at=T0, **SHIPPED), payment())
    assert world.verdict().reason is Reason.CANCELLED_WITH_CASH
    assert (created(world), world.sale.status) == (["invoice"], PostedStatus.CONFIRMED)


def test_goods_that_left_in_part_before_the_cancellation_are_not() -> None:
    world = World().see(order(**GONE, **PART), payment(), cash_back())
    assert (world.verdict().reason, world.done) == (Reason.NEVER_POSTED, [])


def test_the_draft_of_what_was_cancelled_goes_without_a_confirmation() -> None:
    world = drafted().see(order(minutes=5, **GONE), payment(), cash_back(), refund("81", back()))
    assert world.verdict().detail == "cancelled in the ERP"
    assert world.names() == ["order:1/create#1", "order:1/cancel#1"]
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.NEVER_POSTED
    assert world.verdict(Kind.PAYMENT, "95").reason is Reason.NEVER_POSTED
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED


def test_the_draft_of_what_was_cancelled_goes_although_its_cash_was_kept() -> None:
    world = drafted().see(order(minutes=5, cancelled_at=T0), payment())
    assert world.verdict().reason is Reason.CANCELLED_WITH_CASH
    assert world.sale.status is PostedStatus.CANCELLED
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED


def test_the_draft_of_what_left_and_was_cancelled_is_no_sale_to_undo() -> None:
    world = drafted(order(**SHIPPED)).see(order(minutes=5, **GONE, **SHIPPED), payment(), cash_back())
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.status is PostedStatus.CONFIRMED


def test_a_sale_that_a_person_cancelled_in_the_erp_stays_for_a_person() -> None:
    world = World().see(order())
    world.settle()
    world.posted[ROOT] = world.sale.model_copy(update={"status": PostedStatus.CANCELLED})
    assert world.see(payment()).verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED


def test_the_next_revision_of_what_has_left_in_part_is_for_a_person() -> None:
    world = World().see(order(**TERMS))
    world.settle()
    fewer = line(current_quantity=1)
    verdict = world.see(order(fewer, minutes=5, current_total=money(10), **TERMS, **PART)).verdict()
    assert verdict.reason is Reason.SHIPPED_BY_SHOP
    assert created(world) == ["sales_order"]
    assert world.plan().unless_done == ()


# --- what a ledger that was restored may have forgotten


@pytest.mark.parametrize(
    "last", [order(minutes=5, **GONE), order(minutes=5, cancelled_at=T0), order(minutes=5, **PART)]
)
def test_what_is_not_posted_names_the_sale_that_may_have_been_forgotten(last: Order) -> None:
    (presumed,) = World().see(last, payment()).plan().unless_done
    assert isinstance(presumed, CreateOrder)
    assert (presumed.name, presumed.total) == ("order:1/create#1", money(20))
    assert presumed.source_version == str(at(0))  # of an earlier word than the last


@pytest.mark.parametrize(
    "world",
    [
        World().see(order(**GONE, cash_rounding=money("0.001"))),
        World(policy(targets=Targets())).see(order(line(taxes=(tax("1.00"),)), **GONE)),
        World().see(order(financial_status=FinancialStatus.PENDING)),
    ],
    ids=["does not add up", "no target", "not due"],
)
def test_what_could_not_be_posted_names_no_sale(world: World) -> None:
    assert world.plan().unless_done == ()


def test_what_would_be_too_much_names_the_payment_that_may_have_been_forgotten() -> None:
    world = World().see(order(), payment("91"), payment("92", "5.00"), payment("93", "1.00", gateway="unheard of"))
    world.settle()
    (presumed,) = world.plan().unless_done  # without a tender there was no way to record it
    assert (presumed.name, presumed.document.external_id) == ("payment:92/record", "92")
    world.discarded = frozenset({presumed.document})
    assert world.plan().unless_done == ()


def test_a_cancelled_sale_names_the_cash_that_may_have_been_recorded_on_it() -> None:
    world = World().see(order(), payment("91"))
    world.settle()
    world.posted = {ref: one for ref, one in world.posted.items() if ref.kind is not Kind.PAYMENT}
    world.posted[ROOT] = world.posted[ROOT].model_copy(update={"status": PostedStatus.CANCELLED})
    gone = order(minutes=20, cancelled_at=T0, financial_status=FinancialStatus.REFUNDED, current_total=money(0))
    world.see(gone, payment("92", gateway="unheard of"), payment("93", test=True))
    world.see(cash_back("95"), cash_back("96", parent_id="92"), cash_back("97", "5.00", currency="EUR"))
    (presumed,) = world.plan().unless_done
    assert presumed.name == "payment:91/record"
    world.carry_out(presumed)
    assert [one.name for one in world.plan().unless_done] == ["payment:95/refund"]


def test_goods_that_were_taken_off_may_have_been_posted_before() -> None:
    less = order(line("11"), line("12", current_quantity=0), minutes=5, current_total=money(20))
    plan = World().see(less).plan()
    (presumed,) = plan.unless_done
    assert isinstance(presumed, CreateOrder)
    assert [one.line_id for one in presumed.lines] == ["11", "12"]


@pytest.mark.parametrize("known", [True, False])
def test_an_order_that_the_shop_deleted_may_have_been_posted_before(known: bool) -> None:
    world = World().see(deletion(), *([order()] if known else []))
    assert [one.name for one in world.plan().unless_done] == (["order:1/create#1"] if known else [])


@pytest.mark.parametrize(
    ("status", "named"),
    [(FinancialStatus.VOIDED, 1), (FinancialStatus.PARTIALLY_PAID, 1), (FinancialStatus.AUTHORIZED, 0)],
)
def test_what_is_not_due_any_more_may_have_been_due_before(status: FinancialStatus, named: int) -> None:
    assert len(World().see(order(financial_status=status)).plan().unless_done) == named


# --- whatever order it comes in

SOLD, LEFT = order(), order(minutes=9, **SHIPPED)
CALLED_OFF = order(
    line(current_quantity=0), minutes=9, current_total=money(0), refund_ids=("81",), **GONE
)  # fmt: skip
RETURNED = refund("81", back(quantity=2, subtotal="20.00", restock="cancel"), transaction_ids=("95",))


@pytest.mark.parametrize("arrivals", list(permutations([SOLD, LEFT, payment()])))
def test_who_came_first_decides_the_document_and_nothing_else(arrivals: tuple[Fact, ...]) -> None:
    world = World()
    for fact in arrivals:
        world.see(fact).settle()
    sold_first = arrivals.index(SOLD) < arrivals.index(LEFT)
    assert world.sale.document_type == ("sales_order" if sold_first else "invoice")
    assert world.verdict().outcome is world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED
    assert (world.sale.paid, world.sale.balance) == (money(20), money(0))


@pytest.mark.parametrize("arrivals", list(permutations([SOLD, CALLED_OFF, payment(), cash_back()])))
def test_a_sale_is_cancelled_where_it_stood_and_absent_where_it_did_not(arrivals: tuple[Fact, ...]) -> None:
    world = World(policy(gate=Gate.CREATED))
    for fact in arrivals:
        world.see(fact).settle()
    world.see(RETURNED)
    stood = arrivals.index(SOLD) < arrivals.index(CALLED_OFF)
    outcomes = {verdict.outcome for verdict in world.settle().verdicts}
    if stood:
        assert world.sale.status is PostedStatus.CANCELLED
        assert (world.sale.paid, outcomes) == (money(20), {OutcomeName.POSTED})
    else:
        assert (world.posted, outcomes) == ({}, {OutcomeName.SKIPPED})
