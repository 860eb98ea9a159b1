"""An order as the shop states it: original sale and current state side by side (sources.md 1.10, pitfall 1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.base import Amount, ExternalId, Frozen, Kind, Tagged, Utc
from schemas.money import Money
from schemas.party import Address, Party

ZERO = Decimal(0)


class LineCategory(StrEnum):
    """What is sold on a line; it decides where the money goes (books 8)."""

    STOCK = "stock"
    CUSTOM = "custom"
    GIFT_CARD = "gift_card"
    TIP = "tip"


class Tax(Frozen):
    """One tax on a line or on shipping, in the order's currency."""

    title: str = ""
    rate: Amount | None = None
    amount: Amount
    channel_liable: bool = False
    """The marketplace owes this tax, not the shop."""


class Line(Frozen):
    """One line of the sale. Amounts are for the whole original quantity unless they say unit."""

    external_id: ExternalId
    category: LineCategory
    sku: str = ""
    title: str = ""
    quantity: int = Field(ge=0)
    current_quantity: int = Field(ge=0)
    unit_price: Amount
    """As charged: with tax inside when the order's `taxes_included` is true."""
    discount: Amount = ZERO
    taxes: tuple[Tax, ...] = ()
    duties: Amount = ZERO
    requires_shipping: bool = True
    properties: tuple[tuple[str, str], ...] = ()
    """What the warehouse must read: engravings and the like."""


class Shipping(Frozen):
    """One shipping charge. `price` is before `discount`."""

    external_id: str = ""
    title: str = ""
    price: Amount
    discount: Amount = ZERO
    taxes: tuple[Tax, ...] = ()
    removed: bool = False


class Totals(Frozen):
    """The sums that the shop itself states; checked against the lines, never trusted alone."""

    lines: Amount
    discounts: Amount
    shipping: Amount
    tax: Amount
    tips: Amount
    duties: Amount
    fees: Amount
    total: Amount


class FinancialStatus(StrEnum):
    """Where the money stands in the shop's words; unknown words read as OTHER."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    EXPIRED = "expired"
    OTHER = "other"


class Fulfilment(StrEnum):
    """How far the shop says that it shipped."""

    NONE = "none"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    OTHER = "other"


class Order(Tagged):
    """One order body at one version. All amounts are in `currency`, the shop's own."""

    fact: Literal["order"] = "order"
    name: str
    """What people call it, for example `#1001`; not unique across shops."""
    number: str = ""
    currency: str
    presentment: Money | None = None
    """What the buyer saw, where that was another currency: for reading, never for booking."""
    placed_at: Utc
    business_date: date
    updated_at: Utc
    cancelled_at: Utc | None = None
    cancel_reason: str = ""
    test: bool = False
    confirmed: bool = True
    """False while the shop holds it for review."""
    taxes_included: bool = False
    financial_status: FinancialStatus = FinancialStatus.OTHER
    fulfilment: Fulfilment = Fulfilment.NONE
    net_terms: bool = False
    channel: str = ""
    merchant_of_record: str | None = None
    """Set where another company sells to the buyer; its tax is never ours (books 8)."""
    lines: tuple[Line, ...]
    shipping: tuple[Shipping, ...] = ()
    totals: Totals
    current_total: Amount
    """What the order is worth now by the shop's own count, after edits and refunds."""
    cash_rounding: Amount = ZERO
    """Payments differ from the total by this much (books 6)."""
    gateways: tuple[str, ...] = ()
    buyer: Party = Party()
    ship_to: Address | None = None
    bill_to: Address | None = None
    pick_up: bool = False
    location_id: str = ""
    po_number: str = ""
    note: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    refund_ids: tuple[str, ...] = ()
    """Refunds that this body knows of: news about them may still be on its way."""

    @property
    def entity(self) -> Kind:
        """An order."""
        return Kind.ORDER


class OrderEdit(Tagged):
    """The shop says that an order changed, without saying to what: it must be read, or the next body awaited.

    An `orders/edited` event, or a body that was cut to its id because it was too large (sources.md 1.5).
    """

    fact: Literal["order_edit"] = "order_edit"

    @property
    def entity(self) -> Kind:
        """An order edit, an entity of its own, so that it never stands for the order body."""
        return Kind.ORDER_EDIT


class OrderDeletion(Tagged):
    """A tombstone: terminal, and it survives replays (correctness 4)."""

    fact: Literal["order_deletion"] = "order_deletion"

    @property
    def entity(self) -> Kind:
        """An order deletion."""
        return Kind.ORDER_DELETION
