"""Which document of the ERP carries a sale: what the shop shipped is never allocated once more (books 4)."""

from __future__ import annotations

from schemas.effect import DocumentType
from schemas.order import Fulfilment, Order
from schemas.outcome import Reason, Verdict
from schemas.posted import Posted
from service.plan.draft import Draft
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Policy
from service.plan.state import parked


def carrier_of(order: Order, policy: Policy) -> DocumentType:
    """Which document carries a sale that is posted now: what has left already must not be allocated (books 4)."""
    gone = policy.fulfilment is Ships.SHOP or order.fulfilment is Fulfilment.FULFILLED
    return DocumentType.INVOICE if gone else DocumentType.SALES_ORDER


def out_of_place(draft: Draft, order: Order, kind: DocumentType) -> Verdict | None:
    """Say why the document must not be created now: its day is closed, or a part of the goods has left."""
    if kind is DocumentType.INVOICE and draft.policy.open_day(order.business_date) is None:
        detail = f"order {order.name} of {order.business_date} falls into a closed period and would post today"
        return parked(order.ref, Reason.WRONG_PERIOD, detail)
    if kind is DocumentType.SALES_ORDER and order.fulfilment is Fulfilment.PARTIAL:
        fix = "it goes as an invoice once the shop has shipped the rest; or enter it by hand and discard it"
        return _shipped_by_shop(order, "before it was posted", fix)
    return None


def _shipped_by_shop(order: Order, standing: str, fix: str) -> Verdict:
    """A sales order would let the warehouse ship once more what the shop has shipped (books 4, 7)."""
    how_much = "all" if order.fulfilment is Fulfilment.FULFILLED else "a part"
    detail = f"order {order.name}: the shop shipped {how_much} of it {standing}; {fix}"
    return parked(order.ref, Reason.SHIPPED_BY_SHOP, detail, amount=f"{order.totals.total} {order.currency}")


def overtaken(order: Order, have: Posted) -> Verdict | None:
    """Say why a draft must not be confirmed: the shop shipped while it stood."""
    gone = order.fulfilment in {Fulfilment.PARTIAL, Fulfilment.FULFILLED}
    if not gone or have.document_type != DocumentType.SALES_ORDER:
        return None
    fix = f"cancel {have.erp_number} in the ERP, enter the sale there by hand and discard it"
    return _shipped_by_shop(order, f"while the draft {have.erp_number} stood", fix)
