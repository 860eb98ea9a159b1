"""Cash: successful captures, sales and refunds by transaction id (books 10, 11, 15); a status makes no money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from schemas.base import Kind
from schemas.effect import RecordPayment, RefundCash
from schemas.money import minor_units, rounded
from schemas.order import ZERO, FinancialStatus, Order
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.payment import Payment, PaymentStatus
from schemas.posted import Posted
from service.plan.draft import Draft, Stage
from service.plan.sale import taken_off
from service.plan.state import parked, posted, skipped, waiting

_PAID = frozenset({FinancialStatus.PAID, FinancialStatus.PARTIALLY_REFUNDED, FinancialStatus.REFUNDED})


def plan_payments(draft: Draft, order: Order) -> None:
    """Record what the shop collected; the order stands posted."""
    collected = _booked(draft, order)
    for payment in draft.desired.collected():
        if payment.ref not in draft.verdicts:
            _record(draft, order, payment, collected[payment.external_id])
    for payment in draft.desired.given_back():
        if payment.ref not in draft.verdicts:
            _give_back(draft, order, payment)


def plain_verdict(draft: Draft, payment: Payment) -> Verdict | None:
    """Say what becomes of a transaction that moves no cash or must not be posted, whatever its order is."""
    if payment.test and not draft.policy.admit_test:
        return skipped(payment.ref, Reason.TEST, f"transaction {payment.external_id} is a test")
    if payment.ref in draft.desired.conflicts:
        detail = f"transaction {payment.external_id}: two contents under one time; read it from the shop"
        return parked(payment.ref, Reason.SAME_VERSION_DIFFERS, detail)
    if payment.status is PaymentStatus.PENDING:
        return waiting(
            payment.ref, Reason.PENDING, f"transaction {payment.external_id} is pending at {payment.gateway}"
        )
    if not payment.moves_cash or not payment.amount:
        what = "movement of nothing" if payment.moves_cash else f"{payment.payment_kind} with status {payment.status}"
        return skipped(payment.ref, Reason.MOVES_NO_CASH, f"transaction {payment.external_id} is a {what}")
    return None


def _booked(draft: Draft, order: Order) -> dict[str, Decimal | None]:
    """Return each collected amount in the order's currency; None where no rate is known (books 15)."""
    amounts: dict[str, Decimal | None] = {}
    foreign: list[Payment] = []
    for payment in draft.desired.collected():
        amounts[payment.external_id] = _stated(payment, order)
        if amounts[payment.external_id] is None and _is_presentment(payment, order):
            foreign.append(payment)
    if not foreign or order.presentment is None or not order.presentment.amount:
        return amounts
    rate = order.totals.total / order.presentment.amount
    booked = draft.applied.posted
    for payment in foreign:
        done = booked.get(payment.ref)
        amounts[payment.external_id] = done.total if done else rounded(payment.amount * rate, order.currency)
    last = next((payment for payment in reversed(foreign) if payment.ref not in booked), None)
    if last is not None and sum(payment.amount for payment in foreign) == order.presentment.amount:
        others = sum((amounts[p.external_id] or ZERO for p in foreign if p is not last), ZERO)
        amounts[last.external_id] = order.totals.total - others
    return amounts


def _stated(payment: Payment, order: Order) -> Decimal | None:
    if payment.currency == order.currency:
        return payment.amount
    if payment.shop_money is not None and payment.shop_money.currency == order.currency:
        return payment.shop_money.amount
    return None


def _is_presentment(payment: Payment, order: Order) -> bool:
    return order.presentment is not None and payment.currency == order.presentment.currency


def _record(draft: Draft, order: Order, payment: Payment, amount: Decimal | None) -> None:
    if draft.applied.posted.get(payment.ref) is not None:
        draft.say(posted(payment.ref))
        return
    if amount is None:
        detail = (
            f"transaction {payment.external_id} is in {payment.currency}, its order in {order.currency}, "
            "and the shop states no rate; enter it by hand"
        )
        draft.say(parked(payment.ref, Reason.CURRENCY_UNSUPPORTED, detail, amount=_amount(payment)))
        return
    have = draft.applied.posted[order.ref]
    recording = _recording(draft, order, payment, amount)
    if verdict := _cannot_record(draft, order, payment, amount, have):
        draft.say(verdict)
        if recording.method:
            draft.presume(recording)
    else:
        draft.want(Stage.PAY, recording)


def _recording(draft: Draft, order: Order, payment: Payment, amount: Decimal) -> RecordPayment:
    have = draft.applied.posted[order.ref]
    return RecordPayment(
        document=payment.ref,
        name=f"payment:{payment.external_id}/record",
        source_version=str(payment.version),
        policy_version=draft.policy.version,
        currency=order.currency,
        order_erp_id=have.erp_id,
        account_erp_id=have.account_erp_id,
        method=draft.policy.tenders.get(payment.gateway, ""),
        amount=amount,
        business_date=draft.policy.open_day(payment.business_date) or payment.business_date,
        reference=f"{payment.tenant}:{payment.external_id}",
    )


def presume_cash(draft: Draft, order: Order) -> None:
    """Take what is not recorded of a sale that is cancelled in the ERP for never recorded there."""
    amounts = _booked(draft, order)
    for payment in _undecided(draft, draft.desired.collected()):
        amount = amounts[payment.external_id]
        if amount and payment.gateway in draft.policy.tenders:
            draft.presume(_recording(draft, order, payment, amount))
    for payment in _undecided(draft, draft.desired.given_back()):
        original, amount = _original(draft, payment), returned(draft, order, payment)
        if original is not None and amount:
            draft.presume(_refunding(draft, order, payment, original, amount))


def _undecided(draft: Draft, payments: list[Payment]) -> list[Payment]:
    return [one for one in payments if one.ref not in draft.applied.posted and one.ref not in draft.verdicts]


def _cannot_record(draft: Draft, order: Order, payment: Payment, amount: Decimal, have: Posted) -> Verdict | None:
    if payment.gateway not in draft.policy.tenders:
        return parked(
            payment.ref,
            Reason.TENDER_UNMAPPED,
            f"nobody chose where money from {payment.gateway!r} goes; set it with `orderferry map set ... tender`",
            release=f"tender:{payment.gateway}",
            amount=_amount(payment),
        )
    if amount > have.balance:
        return parked(
            payment.ref,
            Reason.OVERPAID,
            f"transaction {payment.external_id} of {amount} is more than the {have.balance} {order.currency} "
            f"that {have.erp_number} still owes",
            amount=_amount(payment),
        )
    if draft.policy.open_day(payment.business_date) is None:
        detail = f"transaction {payment.external_id} of {payment.business_date} falls into a closed period"
        return parked(payment.ref, Reason.WRONG_PERIOD, detail, amount=_amount(payment))
    return None


def _give_back(draft: Draft, order: Order, payment: Payment) -> None:
    if (done := draft.applied.posted.get(payment.ref)) is not None:
        draft.say(posted(payment.ref, f"given back on {done.erp_id}"))
        return
    original = _original(draft, payment)
    if original is None:
        detail = f"the payment {payment.parent_id or 'that it gives back'} is not in the ERP"
        draft.say(parked(payment.ref, Reason.PARENT_PARKED, detail, amount=_amount(payment)))
        return
    if original.by_hand is not None:
        detail = f"the payment that it gives back was changed in the ERP by hand ({original.by_hand.what}); compare"
        draft.say(parked(payment.ref, Reason.DRIFT, detail, amount=_amount(payment)))
        return
    amount = returned(draft, order, payment)
    if amount is None:
        detail = f"refund {payment.external_id} is in {payment.currency} at a rate that the shop does not state"
        draft.say(parked(payment.ref, Reason.CURRENCY_UNSUPPORTED, detail, amount=_amount(payment)))
        return
    if minor_units(order.currency) != _CENTS and not draft.policy.cents_for_other_units:
        detail = f"the ERP's refund call counts in cents, which {order.currency} has not; enter {amount} by hand"
        draft.say(parked(payment.ref, Reason.REFUND_UNITS, detail, amount=_amount(payment)))
        return
    draft.want(Stage.REFUND, _refunding(draft, order, payment, original, amount))


def _original(draft: Draft, payment: Payment) -> Posted | None:
    """Return what stands in the ERP of the payment that this one gives back."""
    parent = draft.desired.payments.get(payment.parent_id or "")
    return None if parent is None else draft.applied.posted.get(parent.ref)


def _refunding(draft: Draft, order: Order, payment: Payment, original: Posted, amount: Decimal) -> RefundCash:
    return RefundCash(
        document=payment.ref,
        name=f"payment:{payment.external_id}/refund",
        source_version=str(payment.version),
        policy_version=draft.policy.version,
        currency=order.currency,
        order_erp_id=original.order_erp_id,
        payment_erp_id=original.erp_id,
        payment=original.document,
        amount=amount,
        refunded_before=original.refunded,
        others=tuple(_others(draft, order, payment)),
    )


def _others(draft: Draft, order: Order, payment: Payment) -> Iterator[Decimal]:
    """What else is still to be given back on the same payment: others may have been heard of first."""
    for one in draft.desired.given_back():
        if one.parent_id == payment.parent_id and one != payment and one.ref not in draft.applied.posted:
            amount = returned(draft, order, one)
            if amount is not None:
                yield amount


_CENTS = 2


def returned(draft: Draft, order: Order, payment: Payment) -> Decimal | None:
    """Cash given back in the order's currency; a payment given back whole is worth what was booked for it."""
    stated = _stated(payment, order)
    parent, original = draft.desired.payments.get(payment.parent_id or ""), _original(draft, payment)
    if stated is not None or parent is None or original is None:
        return stated
    return original.total if (payment.currency, payment.amount) == (parent.currency, parent.amount) else None


def transactions_missing(draft: Draft, order: Order) -> None:
    """Paid in the shop without the transactions that say so: wait a while, then tell (books 10)."""
    if order.financial_status not in _PAID or order.totals.total == 0 or order.net_terms:
        return
    amounts = _booked(draft, order)
    known = sum((amount or ZERO for amount in amounts.values()), ZERO)
    due = _to_collect(draft, order)
    if known >= due:
        return
    until = draft.desired.first_seen + draft.policy.transactions_grace_s
    detail = f"order {order.name} is {order.financial_status}, but only {known} of {due} {order.currency} were reported"
    if draft.now < until:
        draft.wake(until)
        draft.say(waiting(order.ref, Reason.TRANSACTIONS_AWAITED, detail))
    else:
        missing = f"{due - known} {order.currency}"
        draft.say(parked(order.ref, Reason.TRANSACTIONS_MISSING, detail, amount=missing))


def _to_collect(draft: Draft, order: Order) -> Decimal:
    """Return what the shop sold; what was taken off before it was paid is not on the document that was made anew."""
    have = draft.applied.posted.get(order.ref)
    if have is not None and taken_off(draft.desired, order):
        return have.total
    return order.totals.total + order.cash_rounding


def cash_is_even(draft: Draft) -> str:
    """Whether every cent that came in for the order went out again and is recorded; returns what is not, or nothing."""
    for payment in (*draft.desired.collected(), *draft.desired.given_back()):
        verdict = draft.verdicts.get(payment.ref)
        if verdict is not None and verdict.reason in {Reason.TEST, Reason.MOVES_NO_CASH}:
            continue
        if verdict is None or verdict.outcome is not OutcomeName.POSTED:
            return f"transaction {payment.external_id} is not recorded"
    balance = ZERO
    for payment in draft.desired.collected():
        done = draft.applied.document(draft.desired.root, Kind.PAYMENT, payment.external_id)
        balance += ZERO if done is None else done.total - done.refunded
    currency = draft.policy.entity_currency
    return f"{rounded(balance, currency)} {currency} were not given back" if balance else ""


def _amount(payment: Payment) -> str:
    return f"{payment.amount} {payment.currency}"
