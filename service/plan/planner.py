"""The planner: what the shop wants, what stands in the ERP, and therefore what is to be done. Read this first."""

from __future__ import annotations

from datetime import datetime

from schemas.base import Kind, Ref
from schemas.order import Order, OrderDeletion
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.posted import PostedStatus
from service.plan.draft import Draft, Plan
from service.plan.order import is_open, plan_order, presume_sale, want_cancel
from service.plan.payments import cash_is_even, plain_verdict, plan_payments, presume_cash, transactions_missing
from service.plan.policy import Policy
from service.plan.refunds import plan_refunds
from service.plan.state import Applied, Desired, parked, posted, skipped, superseded


def plan(desired: Desired, applied: Applied, policy: Policy, *, posted_under: Policy, now: float) -> Plan:
    """Return the smallest ordered list of effects that brings the ERP to the desired state, and every verdict.

    Pure: `now` (unix seconds) is the only time there is. `posted_under` is the policy that posted the order, or
    today's where nothing is posted. The same input gives the same plan, whatever order the events came in.
    """
    draft = Draft(desired=desired, applied=applied, policy=policy, posted_under=posted_under, now=now)
    if desired.deletion is not None:
        _deleted(draft, desired.deletion)
    elif desired.order is None:
        _without_order(draft)
    else:
        _edited(draft, desired.order)
        plan_order(draft, desired.order)
        _children(draft, desired.order)
    effects = tuple(effect for _, effect in sorted(draft.effects, key=lambda pair: pair[0]))
    return Plan(effects, tuple(draft.verdicts.values()), draft.wake_at, tuple(draft.unless_done))


def _deleted(draft: Draft, deletion: OrderDeletion) -> None:
    """A tombstone is terminal: what is unposted never goes, what is posted is for a person (books 13)."""
    desired = draft.desired
    order = draft.ref(Kind.ORDER, desired.root.external_id)
    have = draft.applied.posted.get(order)
    if have is not None and have.status is not PostedStatus.CANCELLED:
        detail = f"the shop deleted this order, but it stands in the ERP as {have.erp_number}; decide there"
        draft.say(parked(order, Reason.DELETED_AFTER_POSTING, detail, amount=f"{have.total} {have.currency}"))
    else:
        if have is None and desired.order is not None:
            presume_sale(draft, desired.order)
        draft.say(skipped(order, Reason.DELETED, "the shop deleted this order"))
    draft.say(posted(deletion.ref, "the order is deleted"))
    if desired.edit is not None:
        draft.say(superseded(desired.edit.ref, "the order is deleted"))
    for fact in (*desired.payments.values(), *desired.refunds.values()):
        done = draft.applied.posted.get(fact.ref)
        draft.say(posted(fact.ref) if done else skipped(fact.ref, Reason.DELETED, "its order is deleted"))


def _without_order(draft: Draft) -> None:
    """News about an order that has not come yet: kept, and let go by its arrival."""
    desired = draft.desired
    if desired.edit is not None:
        detail = "the shop says that the order changed, but not to what; it goes on with the next full order event"
        draft.say(parked(desired.edit.ref, Reason.NEEDS_READ, detail))
    for payment in desired.payments.values():
        plain = plain_verdict(draft, payment)
        detail = f"transaction {payment.external_id} belongs to order {payment.order_id}, which has not arrived"
        amount = f"{payment.amount} {payment.currency}"
        draft.say(plain or parked(payment.ref, Reason.WAITS_FOR_ORDER, detail, amount=amount))
    for refund in desired.refunds.values():
        detail = f"refund {refund.external_id} belongs to order {refund.order_id}, which has not arrived"
        draft.say(parked(refund.ref, Reason.WAITS_FOR_ORDER, detail))


def _edited(draft: Draft, order: Order) -> None:
    edit = draft.desired.edit
    if edit is None:
        return
    if edit.version.at > order.version.at:
        detail = (
            f"order {order.name} was edited at {edit.version.at:%Y-%m-%d %H:%M:%S}Z; its new content has not arrived"
        )
        draft.say(parked(edit.ref, Reason.NEEDS_READ, detail))
    else:
        draft.say(superseded(edit.ref, f"order {order.name} is known as of {order.version.at:%Y-%m-%d %H:%M:%S}Z"))


def _children(draft: Draft, order: Order) -> None:
    """Payments, refunds and the cancellation, which follow the order."""
    for payment in draft.desired.payments.values():
        if plain := plain_verdict(draft, payment):
            draft.say(plain)
    if not is_open(draft) or _unbalanced(draft):
        _follow(draft, order)
        return
    plan_payments(draft, order)
    plan_refunds(draft, order)
    transactions_missing(draft, order)
    _cancel(draft, order)
    if not any(effect.document == order.ref for _, effect in draft.effects):
        draft.say(posted(order.ref))


def _unbalanced(draft: Draft) -> bool:
    """What the ERP repriced is never paid, even where its document posted at create (I7); nor what drifted unseen."""
    verdict = draft.order_verdict
    return verdict is not None and verdict.reason in {Reason.ERP_TOTAL_DIFFERS, Reason.DRIFT}


def _follow(draft: Draft, order: Order) -> None:
    """The order does not stand open in the ERP: its payments and refunds share its fate."""
    verdict = draft.order_verdict
    if verdict is None:
        return  # an effect of the order comes first
    if (have := draft.applied.posted.get(order.ref)) is not None and have.status is PostedStatus.CANCELLED:
        presume_cash(draft, order)
    for payment in draft.desired.payments.values():
        draft.say(_fate(draft, payment.ref, payment.processed_at, order, verdict))
    for refund in draft.desired.refunds.values():
        draft.say(_fate(draft, refund.ref, refund.created_at, order, verdict))


def _fate(draft: Draft, document: Ref, moment: datetime, order: Order, verdict: Verdict) -> Verdict:
    if document in draft.applied.posted:
        return posted(document)
    if verdict.reason is Reason.BEFORE_GO_LIVE and draft.policy.is_live(moment):
        detail = f"its order {order.name} is older than go-live and not in the ERP through us; enter it by hand"
        return parked(document, Reason.ORIGINAL_NOT_OURS, detail)
    if verdict.outcome is not OutcomeName.POSTED:
        return draft.follow(document, verdict)
    if document.kind is Kind.REFUND:
        return posted(document, "its goods went with the cancellation of the order")
    if order.cancelled_at is not None:  # what did not go out as it came in has parked the order
        return skipped(
            document, Reason.NEVER_POSTED, f"order {order.name} was cancelled; it came in and went out again"
        )
    return parked(document, Reason.PARENT_PARKED, f"order {order.name} is cancelled in the ERP; enter it by hand")


def _cancel(draft: Draft, order: Order) -> None:
    """Unpaid or wholly refunded: cancel, after everything else, what was not shipped or invoiced.

    Cash left: a person decides (books 13).
    """
    have = draft.applied.posted[order.ref]
    if order.cancelled_at is None or draft.effects or order.ref in draft.verdicts:
        return
    gone = have.status is PostedStatus.SHIPPED or have.document_type != "sales_order"
    if not gone and any(refund.ref in draft.applied.posted for refund in draft.desired.refunds.values()):
        detail = f"order {order.name} was cancelled after part of it was returned in the ERP; close it there"
        draft.say(parked(order.ref, Reason.FEWER_GOODS, detail))
    elif not (uneven := cash_is_even(draft)):
        if not gone:
            want_cancel(draft, order, have)
    elif any(verdict.outcome is OutcomeName.PARKED for verdict in draft.verdicts.values()):
        draft.say(parked(order.ref, Reason.PARENT_PARKED, f"its cancellation waits: {uneven}"))
    else:
        detail = f"order {order.name} was cancelled, but {uneven}; refund it in the shop or close it in the ERP"
        draft.say(parked(order.ref, Reason.CANCELLED_WITH_CASH, detail))
