"""What people changed in the ERP after us: never undone, and nothing is built on it that a person has not seen."""

from __future__ import annotations

from hashlib import sha256

from schemas.base import Ref
from schemas.order import Order
from schemas.outcome import Reason, Verdict
from schemas.posted import ByHand, Posted, PostedStatus
from service.plan.state import parked, posted


def sale_digest(order: Order | None) -> str:
    """Digest the goods and totals of a sale, so that a later change of the shop's can be told from none."""
    if order is None:
        return ""
    parts = [f"{line.external_id}|{line.sku}|{line.current_quantity}|{line.unit_price:f}" for line in order.lines]
    totals = order.totals
    sums = (totals.discounts, totals.shipping, totals.tax, totals.total, order.current_total)
    text = "\n".join([*parts, *(f"{amount.normalize():f}" for amount in sums)])
    return sha256(text.encode()).hexdigest()[:32]


def alerted(document: Ref, have: Posted, hand: ByHand) -> Verdict | None:
    """Say that nothing more is done with a document until a person has seen what was changed there."""
    if hand.accepted:
        return None
    detail = f"it was changed in the ERP by hand ({hand.what}), and nobody has said that this is right"
    return parked(document, Reason.DRIFT, detail, amount=f"{have.total} {have.currency}")


def order_by_hand(order: Order, have: Posted, hand: ByHand) -> Verdict | None:
    """Decide about an order that people changed; None where it stands open, and payments and refunds may follow."""
    if verdict := alerted(order.ref, have, hand):
        return verdict
    if hand.sale != sale_digest(order):
        detail = (
            f"order {order.name} was changed in the ERP by hand ({hand.what}) and in the shop after that; bring "
            f"{have.erp_number} to what the shop says now, by hand"
        )
        return parked(order.ref, Reason.DRIFT, detail, amount=f"{have.total} {have.currency}")
    if have.status is PostedStatus.CANCELLED:
        return posted(order.ref, f"cancelled in the ERP by hand ({hand.what})")
    if have.status in {PostedStatus.DRAFT, PostedStatus.HELD}:
        detail = f"order {order.name} is not open in the ERP any more ({hand.what}); open {have.erp_number} there"
        return parked(order.ref, Reason.ERP_HOLD, detail, amount=f"{have.total} {have.currency}")
    return None
