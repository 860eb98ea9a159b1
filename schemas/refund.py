"""A refund: its goods and its value on one side, its cash (by transaction id) on the other (books 12)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from schemas.base import Amount, ExternalId, Frozen, Kind, Tagged, Utc
from schemas.order import ZERO


class RefundLine(Frozen):
    """Pieces of one order line that were given back. `subtotal` is after discounts, as charged."""

    line_id: ExternalId
    quantity: int = Field(ge=0)
    subtotal: Amount
    tax: Amount = ZERO
    restock: str = ""


class Refund(Tagged):
    """One refund record. It may move no money at all (an exchange, a removed line, store credit)."""

    fact: Literal["refund"] = "refund"
    order_id: ExternalId
    currency: str | None = None
    created_at: Utc
    business_date: date
    note: str = ""
    lines: tuple[RefundLine, ...] = ()
    shipping: Amount = ZERO
    """Shipping given back, positive, without its tax; counted once although the shop publishes it twice."""
    shipping_tax: Amount = ZERO
    duties: Amount = ZERO
    fees: Amount = ZERO
    discrepancy: Amount = ZERO
    """What the shop calls `refund_discrepancy`, positive where the buyer got more than the goods were worth."""
    transaction_ids: tuple[str, ...] = ()
    return_id: str | None = None

    @property
    def entity(self) -> Kind:
        """A refund."""
        return Kind.REFUND
