"""One order as the shop itself keeps it: lines, charges, transactions, refunds, and the arithmetic of its totals."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sandbox.shop.buyers import Buyer
from sandbox.shop.money import ZERO, rounded
from sandbox.shop.shops import Shop

LineKind = Literal["stock", "custom", "gift_card", "tip"]


@dataclass(slots=True)
class Tax:
    """One tax on a line or on shipping."""

    title: str
    rate: Decimal
    amount: Decimal
    liable: bool = False
    """The marketplace owes it."""


@dataclass(slots=True, kw_only=True)
class Priced:
    """What lines and shipping charges share."""

    discounts: list[tuple[int, Decimal]] = field(default_factory=list)
    """(index of the discount application, amount)."""
    taxes: list[Tax] = field(default_factory=list)

    @property
    def discount(self) -> Decimal:
        """Sum of its allocations."""
        return sum((amount for _, amount in self.discounts), ZERO)

    @property
    def tax(self) -> Decimal:
        """Sum of its taxes."""
        return sum((tax.amount for tax in self.taxes), ZERO)


@dataclass(slots=True)
class Line(Priced):
    """One line; `taken` and `removed` are pieces that a refund gave back, and that an edit took off without one."""

    id: int
    kind: LineKind
    title: str
    price: Decimal
    quantity: int
    sku: str | None = None
    product_id: int | None = None
    variant_id: int | None = None
    duties: Decimal = ZERO
    properties: list[tuple[str, str]] = field(default_factory=list)
    taken: int = 0
    removed: int = 0

    @property
    def current(self) -> int:
        """Pieces that are still sold."""
        return self.quantity - self.taken - self.removed

    @property
    def gross(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.quantity

    def upto(self, amount: Decimal, pieces: int, currency: str) -> Decimal:
        """The share of an amount that falls to the first pieces."""
        return rounded(amount * pieces / self.quantity, currency)


@dataclass(slots=True)
class Shipping(Priced):
    """One shipping charge, before its discount."""

    id: int
    title: str
    price: Decimal


@dataclass(slots=True)
class Discount:
    """One discount application."""

    code: str | None
    title: str
    target: Literal["line_item", "shipping_line"]
    value: Decimal
    value_type: Literal["fixed_amount", "percentage"]
    amount: Decimal = ZERO


@dataclass(slots=True)
class Transaction:
    """One movement at a gateway. `amount` is in `currency`."""

    id: int
    kind: Literal["authorization", "capture", "sale", "refund", "void"]
    status: Literal["pending", "success", "failure", "error"]
    gateway: str
    amount: Decimal
    currency: str
    at: datetime
    parent: int | None = None
    test: bool = False
    rounding: Decimal | None = None
    shop_amount: Decimal = ZERO
    """What it is worth in the shop's currency."""

    @property
    def moves_cash(self) -> bool:
        """A successful capture, sale or refund."""
        return self.status == "success" and self.kind in ("capture", "sale", "refund")


@dataclass(slots=True)
class RefundLine:
    """Pieces of a line given back."""

    id: int
    line: Line
    quantity: int
    subtotal: Decimal
    tax: Decimal


@dataclass(slots=True)
class Refund:
    """One refund record."""

    id: int
    at: datetime
    lines: list[RefundLine] = field(default_factory=list)
    shipping: Decimal = ZERO
    """Without its tax."""
    shipping_tax: Decimal = ZERO
    discrepancy: Decimal = ZERO
    """Positive where the buyer got more than the goods were worth."""
    transactions: list[Transaction] = field(default_factory=list)
    return_id: int | None = None
    unshipped: bool = False
    """Its goods never left the warehouse: Shopify restocks them as `cancel`."""

    def value(self, *, taxes_included: bool) -> Decimal:
        """What it takes off the sale, by the shop's own count: the discrepancy is not part of it."""
        lines = sum((line.subtotal + (ZERO if taxes_included else line.tax) for line in self.lines), ZERO)
        return lines + self.shipping + self.shipping_tax


@dataclass(slots=True)
class Order:
    """The whole order. `skew` is added to the stated total where a scenario wants sums that do not add up."""

    id: int
    number: int
    shop: Shop
    buyer: Buyer
    placed: datetime
    updated: datetime
    currency: str
    lines: list[Line] = field(default_factory=list)
    shipping: list[Shipping] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    fees: Decimal = ZERO
    rounding: Decimal = ZERO
    skew: Decimal = ZERO
    home: int = 0
    channel: str = "web"
    test: bool = False
    confirmed: bool = True
    net_terms: bool = False
    cancelled: datetime | None = None
    cancel_reason: str | None = None
    shipped: dict[int, int] = field(default_factory=dict)
    """Pieces shipped, by line id."""
    presentment: tuple[str, Decimal] | None = None
    note: str | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)
    po_number: str | None = None
    tags: list[str] = field(default_factory=list)

    @property
    def taxes_included(self) -> bool:
        """Whether prices hold their tax."""
        return self.shop.taxes_included

    def sum_lines(self) -> Decimal:
        """Price times quantity over all lines but tips (sources.md 1.9)."""
        return sum((line.gross for line in self.lines if line.kind != "tip"), ZERO)

    def sum_tips(self) -> Decimal:
        """Tips."""
        return sum((line.gross for line in self.lines if line.kind == "tip"), ZERO)

    def parts(self) -> list[Priced]:
        """Everything that may carry a discount or a tax."""
        return [*self.lines, *self.shipping]

    def sum_discounts(self) -> Decimal:
        """Every allocation, those of shipping too."""
        return sum((part.discount for part in self.parts()), ZERO)

    def sum_shipping(self) -> Decimal:
        """Shipping before its discount."""
        return sum((charge.price for charge in self.shipping), ZERO)

    def sum_tax(self) -> Decimal:
        """All taxes, included or not."""
        return sum((part.tax for part in self.parts()), ZERO)

    def sum_duties(self) -> Decimal:
        """Duties of the lines."""
        return sum((line.duties for line in self.lines), ZERO)

    def honest_total(self) -> Decimal:
        """The sum of sources.md 1.9."""
        tax = ZERO if self.taxes_included else self.sum_tax()
        charges = self.sum_tips() + self.sum_duties() + self.fees
        return self.sum_lines() - self.sum_discounts() + self.sum_shipping() + tax + charges

    def total(self) -> Decimal:
        """The total as the shop states it."""
        return self.honest_total() + self.skew

    def lost_by_edits(self) -> Decimal:
        """What the pieces were worth that an edit took off without a refund."""
        lost = ZERO
        for line in self.lines:
            if line.removed:
                kept, lost_before = line.quantity - line.removed, lost
                worth = line.gross - line.discount + line.duties + (ZERO if self.taxes_included else line.tax)
                rest = line.price * kept - line.upto(line.discount, kept, self.currency)
                rest += line.upto(line.duties, kept, self.currency)
                rest += ZERO if self.taxes_included else line.upto(line.tax, kept, self.currency)
                lost = lost_before + worth - rest
        return lost

    def current_total(self) -> Decimal:
        """What the order is worth now, after edits and refunds."""
        returned = sum((refund.value(taxes_included=self.taxes_included) for refund in self.refunds), ZERO)
        return self.total() - returned - self.lost_by_edits()

    def paid_in(self) -> Decimal:
        """Cash that came in, in the shop's currency."""
        found = (t.shop_amount for t in self.transactions if t.moves_cash and t.kind != "refund" and not t.test)
        return sum(found, ZERO)

    def paid_back(self) -> Decimal:
        """Cash that went back."""
        found = (t.shop_amount for t in self.transactions if t.moves_cash and t.kind == "refund" and not t.test)
        return sum(found, ZERO)

    def financial_status(self) -> str:
        """Where the money stands in the shop's words."""
        paid, back = self.paid_in(), self.paid_back()
        if back > 0:
            return "refunded" if back >= paid else "partially_refunded"
        # What a buyer owes ignores goods that were given back without money.
        if paid >= self.total() + self.rounding - self.lost_by_edits():
            return "paid"
        if paid > 0:
            return "partially_paid"
        kinds = [t.kind for t in self.transactions if t.status == "success"]
        if "void" in kinds:
            return "voided"
        return "authorized" if "authorization" in kinds else "pending"

    def due(self) -> bool:
        """Whether it is exported: paid, free, or on terms."""
        paid = self.financial_status() in ("paid", "partially_refunded", "refunded")
        return paid or self.net_terms or not self.total()

    def fulfilment_status(self) -> str | None:
        """How far it is shipped."""
        physical = [line for line in self.lines if line.kind in ("stock", "custom")]
        if not self.shipped:
            return None
        done = all(self.shipped.get(line.id, 0) >= line.current for line in physical)
        return "fulfilled" if done else "partial"
