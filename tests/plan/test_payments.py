"""Cash by transaction: what is recorded, what moves nothing, what a person has to decide."""

from datetime import date, timedelta
from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.effect import RecordPayment, RefundCash
from schemas.money import Money
from schemas.order import FinancialStatus
from schemas.outcome import OutcomeName, Reason
from schemas.payment import PaymentKind, PaymentStatus
from service.plan.policy import ClosedPeriod
from tests.plan.world import SHOP, T0, World, cash_back, line, money, order, payment, policy


def test_a_split_tender_is_recorded_part_by_part() -> None:
    world = World().see(order(), payment("91", "15.00"), payment("92", "5.00", gateway="gift_card"))
    assert world.verdict().outcome is OutcomeName.POSTED
    recorded = [(e.method, e.amount) for e in world.done if isinstance(e, RecordPayment)]
    assert recorded == [("external", money(15)), ("credit", money(5))]


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({"payment_kind": PaymentKind.AUTHORIZATION}, OutcomeName.SKIPPED, Reason.MOVES_NO_CASH),
        ({"payment_kind": PaymentKind.VOID}, OutcomeName.SKIPPED, Reason.MOVES_NO_CASH),
        ({"status": PaymentStatus.FAILURE}, OutcomeName.SKIPPED, Reason.MOVES_NO_CASH),
        ({"status": PaymentStatus.PENDING}, OutcomeName.WAITING, Reason.PENDING),
        ({"test": True}, OutcomeName.SKIPPED, Reason.TEST),
        ({"gateway": "unheard of"}, OutcomeName.PARKED, Reason.TENDER_UNMAPPED),
        ({"amount": money("20.01")}, OutcomeName.PARKED, Reason.OVERPAID),
        ({"currency": "EUR"}, OutcomeName.PARKED, Reason.CURRENCY_UNSUPPORTED),
        ({"business_date": date(2026, 3, 31)}, OutcomeName.PARKED, Reason.WRONG_PERIOD),
    ],
)
def test_a_transaction_that_is_not_recorded_says_why(
    changes: dict[str, Any], outcome: OutcomeName, reason: Reason
) -> None:
    world = World(policy(closed_before=date(2026, 4, 1))).see(order(), payment(**changes))
    verdict = world.verdict(Kind.PAYMENT, "91")
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.detail
    assert not any(isinstance(effect, RecordPayment) for effect in world.done)


def test_cash_of_a_closed_period_goes_to_the_first_open_day_where_the_tenant_says_so() -> None:
    rules = policy(closed_before=date(2026, 6, 1), closed_period=ClosedPeriod.FIRST_OPEN_DAY)
    world = World(rules).see(order(), payment())
    world.settle()
    recorded = next(effect for effect in world.done if isinstance(effect, RecordPayment))
    assert recorded.business_date == date(2026, 6, 1)


def test_the_shops_own_rate_is_booked_where_it_is_stated() -> None:
    paid = payment(amount="18.00", currency="EUR", shop_money=Money(amount=money(20), currency="USD"))
    world = World().see(order(), paid)
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.paid == money(20)


def test_without_a_stated_rate_the_last_capture_takes_the_remainder() -> None:
    sold = order(line(quantity=1, price="10.00"), presentment=Money(amount=money("9.99"), currency="EUR"))
    parts = [payment(str(90 + n), "3.33", currency="EUR") for n in range(3)]
    world = World().see(sold, *parts)
    assert world.verdict().outcome is OutcomeName.POSTED
    amounts = [e.amount for e in world.done if isinstance(e, RecordPayment)]
    assert amounts == [money("3.33"), money("3.33"), money("3.34")]


def test_a_partial_capture_in_the_buyers_currency_is_booked_pro_rata() -> None:
    sold = order(presentment=Money(amount=money(10), currency="EUR"), financial_status=FinancialStatus.PAID)
    world = World().see(sold, payment(amount="5.00", currency="EUR"))
    assert world.verdict().reason is Reason.TRANSACTIONS_MISSING
    assert world.sale.paid == money(10)


def test_a_paid_order_without_transactions_waits_and_then_tells() -> None:
    world = World(now=T0.timestamp() + 60).see(order(), payment(amount="15.00"))
    verdict = world.verdict()
    assert (verdict.outcome, verdict.reason) == (OutcomeName.WAITING, Reason.TRANSACTIONS_AWAITED)
    assert world.plan().wake_at == T0.timestamp() + 900
    world.now = T0.timestamp() + 900
    verdict = world.verdict()
    assert (verdict.outcome, verdict.reason, verdict.amount) == (
        OutcomeName.PARKED,
        Reason.TRANSACTIONS_MISSING,
        "5.00 USD",
    )


def test_two_contents_of_one_transaction_are_not_recorded() -> None:
    ref = Ref(**SHOP, kind=Kind.PAYMENT, external_id="91")
    world = World(conflicts=frozenset({ref})).see(order(), payment())
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.SAME_VERSION_DIFFERS


def test_a_refund_of_cash_goes_onto_the_payment_that_it_gives_back() -> None:
    world = World().see(order(), payment(), cash_back("95", "5.00"), cash_back("96", "7.00"))
    assert world.verdict(Kind.PAYMENT, "96").outcome is OutcomeName.POSTED
    given = [(e.amount, e.refunded_before) for e in world.done if isinstance(e, RefundCash)]
    assert given == [(money(5), money(0)), (money(7), money(5))]


def test_a_refund_of_cash_knows_what_else_is_still_to_go_back_on_its_payment() -> None:
    world = World().see(order(), payment("91", "15.00"), payment("92", "5.00"))
    world.see(cash_back("95", "5.00"), cash_back("96", "7.00"), cash_back("97", "1.00", parent_id="92"))
    world.settle()
    others = {e.document.external_id: e.others for e in world.done if isinstance(e, RefundCash)}
    assert others == {"95": (money("7.00"),), "96": (), "97": ()}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parent_id": None}, Reason.PARENT_PARKED),
        ({"parent_id": "77"}, Reason.PARENT_PARKED),
        ({"currency": "EUR"}, Reason.CURRENCY_UNSUPPORTED),
    ],
)
def test_a_refund_of_cash_that_cannot_be_placed_is_parked(changes: dict[str, Any], reason: Reason) -> None:
    world = World().see(order(), payment(), cash_back(amount="5.00", **changes))
    assert world.verdict(Kind.PAYMENT, "95").reason is reason


def test_a_full_refund_in_the_buyers_currency_gives_back_what_was_booked() -> None:
    paid = payment(amount="18.00", currency="EUR", shop_money=Money(amount=money(20), currency="USD"))
    world = World().see(order(), paid, cash_back(amount="18.00", currency="EUR"))
    world.settle()
    given = next(effect for effect in world.done if isinstance(effect, RefundCash))
    assert given.amount == money(20)


@pytest.mark.parametrize(("allowed", "reason"), [(False, Reason.REFUND_UNITS), (True, None)])
def test_the_cents_call_is_not_used_for_a_currency_without_cents(allowed: bool, reason: Reason | None) -> None:
    sold = order(line(price="1000"), currency="JPY")
    cash = payment(amount="2000", currency="JPY"), cash_back(amount="2000", currency="JPY")
    world = World(policy(entity_currency="JPY", cents_for_other_units=allowed)).see(sold, *cash)
    assert world.verdict(Kind.PAYMENT, "95").reason is reason


def test_a_test_transaction_does_not_hold_up_a_cancellation() -> None:
    sold = order(financial_status=FinancialStatus.PENDING, net_terms=True)
    world = World().see(sold, payment(test=True))
    world.settle()
    world.see(sold.model_copy(update={"cancelled_at": T0 + timedelta(minutes=1)}))
    assert world.verdict().detail == "cancelled in the ERP"


def test_a_test_transaction_is_recorded_where_the_tenant_admits_tests() -> None:
    world = World(policy(admit_test=True)).see(order(test=True), payment(test=True))
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED
    assert world.sale.paid == money(20)


@pytest.mark.parametrize(
    ("presentment", "changes"),
    [
        (None, {}),
        (Money(amount=money(0), currency="EUR"), {}),
        (Money(amount=money(18), currency="GBP"), {}),
        (None, {"shop_money": Money(amount=money(20), currency="GBP")}),
    ],
)
def test_no_rate_is_made_up_for_cash_in_another_currency(presentment: Money | None, changes: dict[str, Any]) -> None:
    world = World().see(order(presentment=presentment), payment(amount="18.00", currency="EUR", **changes))
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.CURRENCY_UNSUPPORTED
    assert world.sale.paid == 0


def test_a_stated_rate_goes_before_the_rate_of_the_order() -> None:
    sold = order(presentment=Money(amount=money(18), currency="EUR"))
    stated = payment("91", "9.00", currency="EUR", shop_money=Money(amount=money("9.50"), currency="USD"))
    world = World().see(sold, stated, payment("92", "9.00", currency="EUR"))
    world.settle()
    assert [e.amount for e in world.done if isinstance(e, RecordPayment)] == [money("9.50"), money("10.00")]


def test_only_cash_in_the_buyers_currency_is_booked_at_the_rate_of_the_order() -> None:
    sold = order(presentment=Money(amount=money(18), currency="EUR"))
    parts = payment("91", "9.00", currency="EUR"), payment("92", "9.00", currency="GBP"), payment("93", "10.00")
    world = World().see(sold, *parts)
    world.settle()
    assert [e.amount for e in world.done if isinstance(e, RecordPayment)] == [money("10.00"), money("10.00")]
    assert world.verdict(Kind.PAYMENT, "92").reason is Reason.CURRENCY_UNSUPPORTED


def test_the_last_capture_takes_the_remainder_of_what_the_others_left() -> None:
    sold = order(line(quantity=1, price="100.00"), presentment=Money(amount=money("90.00"), currency="EUR"))
    world = World().see(sold, payment("91", "29.99", currency="EUR"), payment("92", "60.01", currency="EUR"))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert [e.amount for e in world.done if isinstance(e, RecordPayment)] == [money("33.32"), money("66.68")]


@pytest.mark.parametrize(
    ("back", "amount", "reason"),
    [
        ({"amount": "18.00", "currency": "EUR"}, money(20), None),
        ({"amount": "9.00", "currency": "EUR"}, None, Reason.CURRENCY_UNSUPPORTED),
        ({"amount": "18.00", "currency": "GBP"}, None, Reason.CURRENCY_UNSUPPORTED),
        (
            {"amount": "18.00", "currency": "EUR", "shop_money": Money(amount=money(19), currency="USD")},
            money(19),
            None,
        ),
        ({"amount": "18.00"}, money(18), None),
    ],
)
def test_cash_goes_back_as_the_shop_states_it_or_whole_as_it_was_booked(
    back: dict[str, Any], amount: Any, reason: Reason | None
) -> None:
    paid = payment(amount="18.00", currency="EUR", shop_money=Money(amount=money(20), currency="USD"))
    world = World().see(order(), paid, cash_back(**back))
    assert world.verdict(Kind.PAYMENT, "95").reason is reason
    given = [e.amount for e in world.done if isinstance(e, RefundCash)]
    assert given == ([] if amount is None else [amount])


@pytest.mark.parametrize(
    ("sold", "reason"),
    [
        (order(line(quantity=1, price="1.00")), Reason.TRANSACTIONS_MISSING),
        (order(net_terms=True), None),
        (order(line(discount=money("20.00"))), None),
        (order(financial_status=FinancialStatus.PENDING, net_terms=True), None),
    ],
)
def test_transactions_are_missed_only_where_something_was_paid(sold: Any, reason: Reason | None) -> None:
    assert World().see(sold).verdict().reason is reason


def test_a_test_transaction_does_not_hide_one_that_is_not_recorded() -> None:
    on_terms: dict[str, Any] = {"financial_status": FinancialStatus.PENDING, "net_terms": True}
    world = World().see(order(**on_terms), payment("91", test=True), payment("92", gateway="unheard of"))
    world.settle()
    world.see(order(minutes=5, cancelled_at=T0, **on_terms))
    verdict = world.verdict()
    assert verdict.reason is Reason.PARENT_PARKED
    assert "92 is not recorded" in verdict.detail


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"amount": money(0)}, "movement of nothing"),
        ({"payment_kind": PaymentKind.AUTHORIZATION}, "authorization with status success"),
    ],
)
def test_a_transaction_that_moves_no_cash_says_what_it_is(changes: dict[str, Any], what: str) -> None:
    verdict = World().see(order(), payment(**changes)).verdict(Kind.PAYMENT, "91")
    assert (verdict.reason, verdict.detail) == (Reason.MOVES_NO_CASH, f"transaction 91 is a {what}")
