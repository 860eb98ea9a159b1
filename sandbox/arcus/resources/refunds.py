"""Refunds: of a payment (integer cents) and of an RMA (dollars)."""

from decimal import Decimal

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, invalid, not_found
from sandbox.arcus.fields import choice
from sandbox.arcus.money import ZERO, positive
from sandbox.arcus.resources import credit_memos
from sandbox.arcus.resources.totals import with_balance

REASONS = ("duplicate", "fraudulent", "customer_complaint", "other")
RETURN_TENDERS = ("original", "store_credit", "check", "cash")
CENT = Decimal("0.01")


def refund(call: Call) -> Reply:
    """POST /orders/{id}/payments/{payment_id}/refund: `amount` is in cents, absent means the rest."""
    order_id, payment_id = call.path_ids
    order = call.order(order_id)
    paid = call.need("payments", payment_id, what="payment")
    part = next((part for part in paid["applications"] if part["order_id"] == order["id"]), None)
    if part is None:
        raise not_found("payment of this order", payment_id)
    processor = paid["stripe_payment_intent_id"] is not None
    if not processor and not call.profile.refund_external:
        raise Refusal(422, "not_refundable", "Only a payment held by the processor can be refunded here.")
    if call.smallest != CENT:
        raise Refusal(422, "unsupported_currency", f"Refunds in cents do not exist in {call.entity.currency}.")
    if paid["status"] in ("pending", "voided"):
        raise Refusal(422, "not_refundable", f"A {paid['status']} payment cannot be refunded.")
    left = part["amount_applied"] - part["amount_refunded"]
    back = _cents(call.body, left)
    reason = choice(call.body, "reason", REASONS, default="other")
    call.effects["processor_refunds" if processor else "recorded_refunds"] += 1
    call.tx.put("payments", _refunded(call, paid, order["id"], back, reason))
    call.tx.put("orders", with_balance(call, order, refunded=back))
    return Reply({}, wrap="never", order_id=order["id"])


def _cents(body: Doc, left: Decimal) -> Decimal:
    sent = body.get("amount")
    if sent is None:
        back = left
    elif type(sent) is int and sent > 0:
        back = sent * CENT
    else:
        raise invalid("amount", "must be a positive integer, in cents.")
    if not 0 < back <= left:
        raise Refusal(422, "refund_exceeds_payment", f"Only {left} can be refunded.", param="amount")
    return back


def _refunded(call: Call, paid: Doc, order_id: str, back: Decimal, reason: str) -> Doc:
    total = paid["amount_refunded"] + back
    row = {"id": call.ids.new("refund"), "order_id": order_id, "amount": back, "reason": reason, "created_at": call.now}
    applied = [
        {**part, "amount_refunded": part["amount_refunded"] + (back if part["order_id"] == order_id else ZERO)}
        for part in paid["applications"]
    ]
    return {
        **paid,
        "amount_refunded": total,
        "status": "refunded" if total >= paid["amount_applied"] else "partially_refunded",
        "applications": applied,
        "refunds": [*paid["refunds"], row],
        "updated_at": call.now,
    }


def refund_return(call: Call) -> Reply:
    """POST /returns/{id}/refund: `original` moves money, the others are recorded."""
    rma = call.need("returns", call.path_ids[0], what="return")
    if rma["status"] == "cancelled":
        raise Refusal(422, "return_not_refundable", "The return is cancelled.")
    shown = refunded_return(call, rma, call.body)
    return Reply(shown, 201, "always", subjects=(rma["original_order_id"],), order_id=rma["original_order_id"])


def refunded_return(call: Call, rma: Doc, body: Doc) -> Doc:
    """Stage an RMA's refund and return what the answer shows of it."""
    left = rma["refund_amount"] - rma["amount_refunded"]
    sent = body.get("amount")
    back = left if sent is None else positive(sent, param="amount", smallest=call.smallest)
    tender = choice(body, "payment_method", RETURN_TENDERS, default="original")
    if not 0 < back <= left:
        raise Refusal(422, "refund_exceeds_return", f"Only {left} can be refunded.", param="amount")
    memo = None
    if tender == "store_credit":
        memo = credit_memos.issue(
            call,
            rma["account_id"],
            back,
            reason="return",
            source_order_id=rma["original_order_id"],
            source_return_id=rma["id"],
        )
    call.effects["processor_refunds" if tender == "original" else "recorded_refunds"] += 1
    row = {"id": call.ids.new("refund"), "amount": back, "payment_method": tender, "created_at": call.now}
    total = rma["amount_refunded"] + back
    call.tx.put("returns", {**rma, "amount_refunded": total, "refunds": [*rma["refunds"], row], "updated_at": call.now})
    return {
        "return_id": rma["id"],
        "return_number": rma["return_number"],
        "amount": back,
        "payment_method_type": tender,
        "order_refund_id": row["id"],
        "credit_memo_id": memo["id"] if memo is not None else None,
        "status": "succeeded",
        "idempotent": False,
    }
