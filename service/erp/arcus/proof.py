"""What counts as proof of an effect, and where to look for it: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import TypeVar

from schemas.base import Ref
from schemas.effect import RecordPayment
from schemas.outcome import Reason
from service.erp.arcus import identity
from service.erp.arcus.payloads import ZERO, OrderDoc, PaymentDoc
from service.erp.arcus.settings import ArcusSettings
from service.ports import Intent

LOOK_AGAIN = 1.0
"""Seconds until a contradiction that may be a stale answer is looked at again."""
NEVER_PAID = frozenset({"voided", "failed", "pending"})
_DAYS = timedelta(days=2)  # zones on both sides, and a posting just before midnight

T = TypeVar("T")


class Differs(Exception):
    """What was read is neither before nor after, or contradicts itself; only a person can tell."""

    def __init__(self, detail: str, reason: Reason = Reason.IN_DOUBT) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason


def only(found: Sequence[T], document: Ref) -> T | None:
    """Return the one that was found, if any; two are an alarm, never a choice."""
    if len(found) > 1:
        raise Differs(f"the ERP has {len(found)} documents with the tag of {document}", Reason.TWO_FOUND)
    return found[0] if found else None


def reached(now: Decimal, before: Decimal, after: Decimal, later: Sequence[Decimal] = ()) -> bool:
    """Whether a value is the one after the effect; anything but before and after proves neither.

    `later` are changes that may have followed, in order: then the value after any of them is after the effect too.
    """
    behind = set(accumulate((after, *later)))
    if before in behind or now not in {before, *behind}:
        raise Differs(f"the value is {now}; it was to change from {before} to {after}")
    return now != before


def among(now: Decimal, before: Decimal, change: Decimal, others: Sequence[Decimal]) -> bool:
    """Whether a change is in a sum that any of the others, all of one sign with it, may be in too, in any order.

    Where either it or others of the same amount are, it counts as the one: the sum is the same, and the others are
    looked for next. Anything that no choice of them comes to proves nothing.
    """
    sums = {before}
    for other in others:
        sums |= {one + other for one in sums if one + other <= now}
    if now - change not in sums and now not in sums:
        raise Differs(f"the value is {now}; it was to change from {before} by {change}")
    return now - change in sums


@dataclass(frozen=True, slots=True)
class Payments:
    """What the known payments of an order prove."""

    ours: PaymentDoc | None
    known: Decimal
    """Sum of what lies on the order, given back or not."""
    agrees: bool
    """Whether the order's own paid amount says the same, before or after what was given back."""


def payments_of(effect: RecordPayment, order: OrderDoc, known: Iterable[PaymentDoc]) -> Payments:
    """Compare an order's paid amount with its payments, and find ours among them by reference or tag."""
    by_id: dict[str, PaymentDoc] = {}
    for payment in known:
        if payment.status not in NEVER_PAID:
            by_id.setdefault(payment.id, payment)
    paid = {payment.id: payment.on(order.id) for payment in by_id.values()}
    gross = sum(paid.values(), ZERO)
    net = gross - sum((min(one.amount_refunded, paid[one.id]) for one in by_id.values()), ZERO)
    ours = only([one for one in by_id.values() if _is_ours(one, effect.document)], effect.document)
    if ours is not None and paid[ours.id] != effect.amount:
        raise Differs(f"payment {ours.id} puts {paid[ours.id]} on {order.order_number}, not {effect.amount}")
    return Payments(ours, gross, agrees=order.amount_paid in {gross, net})


def _is_ours(payment: PaymentDoc, document: Ref) -> bool:
    reference = identity.reference(document)
    return reference in {payment.external_reference, payment.reference} or identity.noted(payment.notes, document)


def look_back(intent: Intent, settings: ArcusSettings) -> str:
    """Return the moment from which an intent's document can have been created, for `created_after`."""
    span = settings.look_back_s
    if intent.attempts > 1 or not intent.erp_time:  # the first attempt may lie a whole window back
        span += settings.idempotency_window_s
    return _iso((intent.erp_time or intent.attempted_at) - span)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def receipt_days(effect: RecordPayment, intent: Intent, erp_now: float) -> tuple[str, str]:
    """Return the first and last day under which a payment can be listed: booked, attempted, or today."""
    days = [effect.business_date]
    days += [_day(at) for at in (intent.erp_time, intent.attempted_at, erp_now) if at]
    return (min(days) - _DAYS).isoformat(), (max(days) + _DAYS).isoformat()


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()
