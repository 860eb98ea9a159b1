"""Which account of the ERP a buyer is (books 16)."""

from __future__ import annotations

import hashlib

from schemas.base import Kind, Ref
from schemas.order import Order


def account_ref(order: Order) -> Ref:
    """Name the buyer's account: company, else customer, else a digest of the e-mail, else the guest account."""
    buyer = order.buyer
    if buyer.company_id:
        name = f"company:{buyer.company_id}"
    elif buyer.customer_id:
        name = f"customer:{buyer.customer_id}"
    elif email := buyer.email.strip().lower():
        name = f"email:{hashlib.sha256(email.encode()).hexdigest()[:32]}"
    else:
        name = "guest"
    return Ref(external_source=order.external_source, tenant=order.tenant, kind=Kind.ACCOUNT, external_id=name)
