"""Orders that the shop cancelled, and whose cash the ERP has no record of (books 4, 13)."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.order import ZERO, FinancialStatus, Fulfilment, Order
from schemas.outcome import Reason, Verdict
from schemas.payment import Payment
from schemas.posted import Posted, PostedStatus
from service.plan.draft import Draft
from service.plan.payments import transactions_missing
from service.plan.state import parked, skipped


def before_posting(draft: Draft, order: Order, *, due: bool) -> Verdict | None:
    """Say what becomes of it where nothing was posted; None where its goods have left, so that the sale happened.

    `due` says whether it had reached the state from which on it is exported.
    """
    came_in = any(payment.amount for payment in _unrecorded(draft, draft.desired.collected()))
    if not came_in and not due:
        return skipped(order.ref, Reason.NEVER_POSTED, f"order {order.name} was cancelled before it was due")
    if order.fulfilment is Fulfilment.FULFILLED:
        return None
    if verdict := cash_kept(draft, order):
        return verdict
    return skipped(
        order.ref, Reason.NEVER_POSTED, f"order {order.name} was cancelled before it was posted; the shop keeps no cash"
    )


def cash_kept(draft: Draft, order: Order) -> Verdict | None:
    """Say what is open where cash of a cancelled order that the ERP has no record of did not go out as it came in."""
    if order.financial_status is not FinancialStatus.REFUNDED:
        transactions_missing(draft, order)  # a shop that says paid keeps cash, whether we heard of it or not
    if verdict := draft.order_verdict:
        return verdict
    kept = sum((payment.amount for payment in _unrecorded(draft, draft.desired.collected())), ZERO)
    kept -= sum((payment.amount for payment in _unrecorded(draft, draft.desired.given_back())), ZERO)
    if not kept:
        return None
    amount = f"{abs(kept)} {order.currency}"
    what = "were not given back" if kept > 0 else "more were given back than are known to have come in"
    detail = f"order {order.name} was cancelled unshipped, but {amount} {what}"
    return parked(order.ref, Reason.CANCELLED_WITH_CASH, detail, amount=amount)


def _unrecorded(draft: Draft, payments: list[Payment]) -> Iterator[Payment]:
    for payment in payments:
        if payment.ref not in draft.applied.posted and (draft.policy.admit_test or not payment.test):
            yield payment


def as_a_draft(order: Order, have: Posted) -> bool:
    """Whether it was cancelled while its draft stood, which has no cash on it: it goes as it came."""
    called_off = order.cancelled_at is not None and order.fulfilment is not Fulfilment.FULFILLED
    return called_off and have.status is PostedStatus.DRAFT
