"""One movement of money as the shop's gateway reports it, named by its transaction id however it arrives."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from schemas.base import Amount, ExternalId, Kind, Tagged, Utc
from schemas.money import Money


class PaymentKind(StrEnum):
    """What the gateway did. Only captures, sales and refunds move cash (books 10)."""

    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    SALE = "sale"
    REFUND = "refund"
    VOID = "void"
    OTHER = "other"


class PaymentStatus(StrEnum):
    """How it ended; PENDING is not an end."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    OTHER = "other"


class Payment(Tagged):
    """A transaction. `amount` is positive and in `currency`, which may be the buyer's, not the shop's (books 15)."""

    fact: Literal["payment"] = "payment"
    order_id: ExternalId
    parent_id: str | None = None
    refund_id: str | None = None
    payment_kind: PaymentKind
    status: PaymentStatus
    gateway: str
    amount: Amount
    currency: str
    shop_money: Money | None = None
    """The amount in the shop's currency, where the source states it."""
    processed_at: Utc
    business_date: date
    test: bool = False
    rounding: Amount | None = None
    """Cash rounding inside `amount`, where the source states it."""
    name: str = ""
    """What people call it, for example `#1001.1`."""

    @property
    def entity(self) -> Kind:
        """A payment."""
        return Kind.PAYMENT

    @property
    def moves_cash(self) -> bool:
        """A successful capture, sale or refund."""
        return self.status is PaymentStatus.SUCCESS and self.payment_kind in _MOVES


_MOVES = frozenset({PaymentKind.CAPTURE, PaymentKind.SALE, PaymentKind.REFUND})
