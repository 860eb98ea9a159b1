"""From what is known of a document and what the ERP says now to what is known next: pure; our own tags stay."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.posted import Posted, PostedLine
from service.erp.arcus.order_state import status_of
from service.erp.arcus.payloads import AccountDoc, CreditDoc, LineDoc, OrderDoc, PaymentDoc
from service.erp.arcus.receipts import address_ids


def order(before: Posted, doc: OrderDoc, *, at: float) -> Posted:
    """Return an order as it stands now; our line ids and versions stay."""
    theirs = {line.id: line for line in doc.line_items or ()}
    lines = tuple(_renewed(line, theirs.get(line.erp_id)) for line in before.lines)
    status, hold = status_of(doc)
    update = {
        "erp_number": doc.order_number or before.erp_number,
        "document_type": doc.document_type or before.document_type,
        "account_erp_id": doc.account_id or before.account_erp_id,
        "status": status,
        "hold": hold,
        "lines": lines,
        "discount": doc.discount_total,
        "fees": doc.fee_total,
        "tax": doc.tax_total,
        "shipping": doc.shipping_total,
        "total": doc.order_total,
        "paid": doc.amount_paid,
        "balance": doc.balance_due,
        "read_at": at,
    }
    return before.model_copy(update=update)


def _renewed(line: PostedLine, doc: LineDoc | None) -> PostedLine:
    if doc is None:
        return line
    return line.model_copy(update={"quantity": doc.quantity, "rate": doc.sell_rate, "total": doc.worth})


def payment(before: Posted, doc: PaymentDoc, *, at: float) -> Posted:
    """Return a payment as it stands now."""
    return before.model_copy(update={"total": doc.amount, "refunded": doc.amount_refunded, "read_at": at})


def account(before: Posted, doc: AccountDoc, *, at: float) -> Posted:
    """Return an account as it stands now; a merged one has become its winner, with the addresses that moved along."""
    update = {
        "erp_id": doc.id,
        "erp_number": doc.account_number or before.erp_number,
        "addresses": tuple({**dict(before.addresses), **dict(address_ids(doc.addresses))}.items()),
        "read_at": at,
    }
    return before.model_copy(update=update)


def credit(before: Posted, rows: Iterable[CreditDoc], *, at: float) -> Posted:
    """Return a credit as it stands now; one that is not listed any more stays as it was known."""
    for doc in rows:
        if doc.id == before.erp_id:
            return before.model_copy(update={"total": doc.amount, "read_at": at})
    return before
