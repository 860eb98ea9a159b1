"""Which account of the ERP a buyer is (books 16)."""

from __future__ import annotations

from schemas.base import Kind, Ref
from schemas.order import Order
from schemas.party import email_key


def account_ref(order: Order) -> Ref:
    """Name the buyer's account: company, else customer, else a digest of the e-mail, else the guest account."""
    buyer = order.buyer
    if buyer.company_id:
        name = f"company:{buyer.company_id}"
    elif buyer.customer_id:
        name = f"customer:{buyer.customer_id}"
    elif digest := buyer.email_key or email_key(buyer.email):
        name = f"email:{digest}"
    else:
        name = "guest"
    return Ref(external_source=order.external_source, tenant=order.tenant, kind=Kind.ACCOUNT, external_id=name)
