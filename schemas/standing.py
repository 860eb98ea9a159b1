"""What the ERP itself says of a document of ours, in its own words, as last read: nothing is derived from it."""

from __future__ import annotations

from schemas.base import Amount, Frozen, Ref
from schemas.order import ZERO


class Standing(Frozen):
    """One document of the ERP. Which fields mean something depends on `document_type`."""

    document: Ref
    erp_id: str
    number: str = ""
    document_type: str
    status: str = ""
    """Of an order its status, of a payment or credit its own; of an account `active` or `inactive`."""
    payment_status: str = ""
    fulfilment_status: str = ""
    currency: str = ""
    total: Amount = ZERO
    paid: Amount = ZERO
    balance: Amount = ZERO
    refunded: Amount = ZERO
    account_erp_id: str = ""
    merged_into: str = ""
    """Of an account: the one that took its place."""
    updated_at: str = ""
    """The ERP's own time of the last change, as it writes it."""
    read_at: float = 0.0
    """When the reading began, unix seconds of our clock."""
    missing: bool = False
    """It was there, and the ERP does not know it any more."""
