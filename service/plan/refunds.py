"""The value side of refunds: goods, tax and shipping given back; their cash is planned by transaction (books 12)."""

from __future__ import annotations

from decimal import Decimal

from schemas.base import Ref
from schemas.effect import Credit, ReturnGoods
from schemas.order import ZERO, Order
from schemas.outcome import Reason, Verdict
from schemas.payment import PaymentStatus
from schemas.posted import Posted, PostedStatus
from schemas.refund import Refund
from service.plan.by_hand import alerted
from service.plan.compare import total_differs
from service.plan.draft import Draft, Stage
from service.plan.order import adjust, confirm
from service.plan.payments import plain_verdict, returned
from service.plan.sale import Sale, reduction_of, refund_fails
from service.plan.state import parked, posted, skipped, unchanged, waiting

_RETURN_MISSING = "no target was chosen for its {names}; set it with `orderferry map set`"


def plan_refunds(draft: Draft, order: Order) -> None:
    """Give back the value of each refund, in the order in which the shop made them."""
    have = draft.applied.posted[order.ref]
    for refund in sorted(draft.desired.refunds.values(), key=lambda r: (r.created_at, r.external_id)):
        verdict = _not_now(draft, order, refund)
        if verdict is not None:
            draft.say(verdict)
        else:
            _give_back(draft, order, refund, have)


def _not_now(draft: Draft, order: Order, refund: Refund) -> Verdict | None:
    if refund.ref in draft.desired.conflicts:
        detail = f"refund {refund.external_id}: two contents under one time; read it from the shop"
        return parked(refund.ref, Reason.SAME_VERSION_DIFFERS, detail)
    for transaction_id in refund.transaction_ids:
        payment = draft.desired.payments.get(transaction_id)
        if payment is not None and payment.status is PaymentStatus.PENDING:
            return waiting(refund.ref, Reason.PENDING, f"its transaction {transaction_id} is pending")
    if refund.return_id and refund.lines and not refund.transaction_ids:
        detail = f"refund {refund.external_id} belongs to an exchange; post it in the ERP by hand"
        return parked(refund.ref, Reason.EXCHANGE, detail)
    if order.cancelled_at is not None and not _returned_before(draft, order):
        return posted(refund.ref, "its goods go with the cancellation of the order")
    if _unshipped(refund, draft.applied.posted[order.ref]):
        detail = f"refund {refund.external_id} takes goods off a paid order that the ERP has yet to ship"
        return parked(refund.ref, Reason.FEWER_GOODS, detail)
    return None


def _returned_before(draft: Draft, order: Order) -> bool:
    """Whether goods cannot go with a cancellation any more: they were shipped or invoiced, or a return was posted."""
    have = draft.applied.posted[order.ref]
    if have.document_type != "sales_order" or have.status is PostedStatus.SHIPPED:
        return True
    return any(refund.ref in draft.applied.posted for refund in draft.desired.refunds.values())


def _unshipped(refund: Refund, have: Posted) -> bool:
    """Goods that never left: a return would let the warehouse ship them all the same (books 7)."""
    if have.document_type != "sales_order" or have.status is PostedStatus.SHIPPED:
        return False
    return any(line.restock == "cancel" and line.quantity for line in refund.lines)


def _give_back(draft: Draft, order: Order, refund: Refund, have: Posted) -> None:
    if wrong := refund_fails(refund, order.currency):
        draft.say(parked(refund.ref, Reason.DOES_NOT_ADD_UP, f"refund {refund.external_id}: {wrong}"))
        return
    sale = reduction_of(refund, order, draft.posted_under)
    if sale.missing:
        names = ", ".join(component.value for component in sale.missing)
        release = f"target:{sale.missing[0].value}"
        draft.say(parked(refund.ref, Reason.TARGET_MISSING, _RETURN_MISSING.format(names=names), release=release))
        return
    if sale.lines:
        _return(draft, order, refund, sale, have)
        return
    goodwill = sale.total + max(refund.discrepancy, ZERO) or _cash(draft, order, refund)
    if goodwill is None:
        detail = f"refund {refund.external_id} gave back money at a rate that the shop does not state"
        draft.say(parked(refund.ref, Reason.CURRENCY_UNSUPPORTED, detail))
    elif goodwill <= 0:
        draft.say(unchanged(refund.ref, "it gives back neither goods nor money"))
    elif _credited(draft, order, refund, refund.ref, goodwill):
        draft.say(posted(refund.ref))


def _credited(draft: Draft, order: Order, refund: Refund, document: Ref, amount: Decimal) -> bool:
    """Whether the credit stands in the ERP; asks for it where it does not. What holds it up holds its refund up."""
    if document in draft.applied.posted:
        draft.say(posted(document))
        return True
    if refund.ref in draft.applied.discarded:
        draft.say(skipped(refund.ref, Reason.DISCARDED, "a person ended it"))
        return False
    have = draft.applied.posted[order.ref]
    wanted = draft.want(
        Stage.LOWER,
        Credit(
            document=document,
            name=f"refund:{refund.external_id}/credit",
            source_version=str(refund.version),
            policy_version=draft.policy.version,
            currency=order.currency,
            order_erp_id=have.erp_id,
            account_erp_id=have.account_erp_id,
            amount=amount,
            notes=f"Refund {refund.external_id} of {order.name}",
        ),
    )
    if not wanted:
        draft.say(draft.verdicts[document].model_copy(update={"document": refund.ref}))
    return False


def _cash(draft: Draft, order: Order, refund: Refund) -> Decimal | None:
    """Cash that a refund without goods gave back, in the order's currency; None where no rate is known."""
    found = [draft.desired.payments.get(transaction_id) for transaction_id in refund.transaction_ids]
    amounts = [returned(draft, order, one) for one in found if one is not None and plain_verdict(draft, one) is None]
    return None if None in amounts else sum((amount or ZERO for amount in amounts), ZERO)


def _return(draft: Draft, order: Order, refund: Refund, sale: Sale, have: Posted) -> None:
    done = draft.applied.posted.get(refund.ref)
    if done is None:
        draft.want(
            Stage.LOWER,
            ReturnGoods(
                document=refund.ref,
                name=f"refund:{refund.external_id}/return#1",
                source_version=str(refund.version),
                policy_version=have.policy_version,
                currency=order.currency,
                original=order.ref,
                order_erp_id=have.erp_id,
                account_erp_id=have.account_erp_id,
                ship_to_erp_id=have.ship_to_erp_id,
                bill_to_erp_id=have.bill_to_erp_id,
                location=draft.policy.locations.get(order.location_id, ""),
                business_date=refund.business_date,
                lines=sale.lines,
                total=sale.at_create,
                notes=f"Refund {refund.external_id} of {order.name}",
            ),
        )
    elif done.by_hand is not None:
        detail = f"changed in the ERP by hand ({done.by_hand.what})"
        draft.say(alerted(refund.ref, done, done.by_hand) or posted(refund.ref, detail))
    elif missing := adjust(refund, sale, done):
        draft.want(Stage.LOWER, missing)
    elif wrong := total_differs(done, sale):
        draft.say(parked(refund.ref, Reason.ERP_TOTAL_DIFFERS, f"refund {refund.external_id}: {wrong}"))
    elif done.status is PostedStatus.HELD:
        draft.say(parked(refund.ref, Reason.ERP_HOLD, f"{done.erp_number} is held in the ERP ({done.hold})"))
    elif done.status is PostedStatus.DRAFT:
        draft.want(Stage.LOWER, confirm(refund, done))
    elif refund.discrepancy <= 0 or _credited(draft, order, refund, beside(refund), refund.discrepancy):
        draft.say(posted(refund.ref))


def beside(refund: Refund) -> Ref:
    """Name the credit that a refund needs beside its return: more was given back than the goods were worth."""
    return refund.ref.model_copy(update={"external_id": f"{refund.external_id}:credit"})
