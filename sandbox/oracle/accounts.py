"""Which account of the ERP a buyer must be (books 16)."""

import hashlib

from sandbox.oracle.reading import Doc


def account_of(order: Doc) -> str:
    """Company, else customer, else e-mail in any spelling, else the guest account."""
    if order.get("company"):
        return f"company:{order['company']['id']}"
    if order["customer"]:
        return f"customer:{order['customer']['id']}"
    email = (order["email"] or order["contact_email"] or "").strip().lower()
    return f"email:{hashlib.sha256(email.encode()).hexdigest()[:32]}" if email else "guest"
