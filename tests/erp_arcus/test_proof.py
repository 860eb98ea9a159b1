from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.outcome import Reason
from service.erp.arcus.payloads import OrderDoc, PaymentDoc
from service.erp.arcus.proof import Differs, among, look_back, only, payments_of, reached, receipt_days
from service.erp.arcus.steps import step
from service.ports import Intent, Resolution
from tests.erp_arcus.effects import ORDER, PAYMENT, intent_of, order_posted, pay, settings

EFFECT = pay(order_posted(), "10.00")
REFERENCE = "a.myshopify.com:9001"


def test_two_documents_with_one_tag_are_an_alarm() -> None:
    assert only([], ORDER) is None
    assert only([1], ORDER) == 1
    with pytest.raises(Differs) as caught:
        only([1, 2], ORDER)
    assert caught.value.reason is Reason.TWO_FOUND


def test_a_value_is_the_one_before_or_the_one_after() -> None:
    assert reached(Decimal("1.10"), Decimal(1), Decimal("1.1"))
    assert not reached(Decimal(1), Decimal("1.00"), Decimal(2))
    for now, before, after in ((3, 1, 2), (1, 1, 1)):
        with pytest.raises(Differs) as caught:
            reached(Decimal(now), Decimal(before), Decimal(after))
        assert caught.value.reason is Reason.IN_DOUBT


CENTS = st.integers(min_value=1, max_value=30).map(lambda cents: Decimal(cents) / 100)


@given(parts=st.lists(st.tuples(CENTS, st.booleans()), min_size=1, max_size=7), before=CENTS)
def test_whichever_refunds_a_lost_time_has_seen_the_rest_brings_the_sum_to_what_all_come_to(
    parts: list[tuple[Decimal, bool]], before: Decimal
) -> None:
    amounts = [amount for amount, _ in parts]
    known, value = before, before + sum(amount for amount, done in parts if done)
    for number, amount in enumerate(amounts):
        if not among(value, known, amount, amounts[number + 1 :]):
            value += amount
        known += amount
    assert value == known == before + sum(amounts)


def test_a_sum_that_no_choice_of_refunds_comes_to_proves_nothing() -> None:
    with pytest.raises(Differs):
        among(Decimal(4), Decimal(1), Decimal(2), [Decimal(2)])


def order(paid: str) -> OrderDoc:
    return OrderDoc.model_validate({"id": "o1", "order_total": Decimal(25), "amount_paid": Decimal(paid)})


def payment(ident: str = "y1", amount: str = "10.00", **more: Any) -> PaymentDoc:
    parts = [{"order_id": "o1", "amount_applied": Decimal(amount)}]
    return PaymentDoc.model_validate({"id": ident, "amount": Decimal(amount), "applications": parts, **more})


def test_our_payment_is_found_by_reference_or_tag() -> None:
    tag = "external_source=shopify tenant=a.myshopify.com kind=payment external_id=9001 source_version=1"
    for name, value in (("external_reference", REFERENCE), ("reference", REFERENCE), ("notes", tag)):
        proof = payments_of(EFFECT, order("10"), [payment(**{name: value})])
        assert proof.ours is not None
        assert proof.agrees


def test_no_payment_and_nothing_paid_agree() -> None:
    proof = payments_of(EFFECT, order("0"), [])
    assert (proof.ours, proof.agrees) == (None, True)


def test_money_that_no_payment_explains_contradicts_absence() -> None:
    assert not payments_of(EFFECT, order("10"), []).agrees
    assert not payments_of(EFFECT, order("15"), [payment()]).agrees


def test_a_payment_that_the_balance_does_not_show_contradicts_itself() -> None:
    assert not payments_of(EFFECT, order("0"), [payment(external_reference=REFERENCE)]).agrees


@pytest.mark.parametrize("paid", ["10", "6"])
def test_what_was_given_back_may_or_may_not_lower_the_paid_amount(paid: str) -> None:
    assert payments_of(EFFECT, order(paid), [payment(amount_refunded=Decimal(4))]).agrees


def test_one_payment_in_two_lists_is_one() -> None:
    proof = payments_of(
        EFFECT, order("10"), [payment(external_reference=REFERENCE), payment(external_reference=REFERENCE)]
    )
    assert proof.known == 10


def test_a_voided_payment_never_happened() -> None:
    assert payments_of(EFFECT, order("0"), [payment(external_reference=REFERENCE, status="voided")]).ours is None


def test_our_payment_with_another_amount_is_for_a_person() -> None:
    with pytest.raises(Differs, match="11"):
        payments_of(EFFECT, order("11"), [payment(amount="11.00", external_reference=REFERENCE)])


def test_our_payment_on_another_order_is_for_a_person() -> None:
    elsewhere = PaymentDoc.model_validate(
        {"id": "y1", "order_id": "o2", "amount": Decimal(10), "external_reference": REFERENCE}
    )
    with pytest.raises(Differs, match="puts 0"):
        payments_of(EFFECT, order("0"), [elsewhere])


def test_two_payments_with_our_reference_are_an_alarm() -> None:
    both = [payment("y1", external_reference=REFERENCE), payment("y2", external_reference=REFERENCE)]
    with pytest.raises(Differs) as caught:
        payments_of(EFFECT, order("20"), both)
    assert caught.value.reason is Reason.TWO_FOUND


NOON = 1_777_636_800.0  # 2026-05-01T12:00:00Z


def intent(**changes: Any) -> Intent:
    return intent_of(
        EFFECT, step(EFFECT, Resolution(), settings()), **{"erp_time": NOON, "attempted_at": NOON, **changes}
    )


def test_a_look_up_begins_a_little_before_the_attempt() -> None:
    assert look_back(intent(), settings()) == "2026-05-01T11:55:00Z"


def test_after_a_second_attempt_it_looks_back_over_the_whole_window() -> None:
    assert look_back(intent(attempts=2), settings()) == "2026-04-30T11:55:00Z"
    assert look_back(intent(erp_time=0.0), settings()) == "2026-04-30T11:55:00Z"


def test_receipts_are_looked_for_around_the_booked_day_the_attempt_and_today() -> None:
    assert receipt_days(EFFECT, intent(), NOON) == ("2026-04-29", "2026-05-03")
    late = EFFECT.model_copy(update={"business_date": date(2026, 4, 1)})
    assert receipt_days(late, intent(erp_time=0.0), NOON + 86400) == ("2026-03-30", "2026-05-04")


def test_a_payment_says_how_much_of_it_lies_on_an_order() -> None:
    assert payment().on("o1") == 10
    assert payment().on("o2") == 0
    single = PaymentDoc.model_validate({"id": "y1", "order_id": "o1", "amount": Decimal(3), "applications": None})
    assert single.on("o1") == 3
    assert single.on("o2") == 0
    assert PAYMENT.external_id == "9001"
