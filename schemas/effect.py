"""What the planner asks of an ERP, in our words: each effect is one change there, under a name that a replan keeps.

An effect is turned into exactly one request by the ERP's `steps`. Ids in fields that end in `_erp_id` are the ERP's.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Amount, Frozen, Ref
from schemas.order import ZERO
from schemas.party import Address, Party


class Component(StrEnum):
    """What a line of a posted sale stands for; source and ERP are compared component by component (books 6)."""

    GOODS = "goods"
    SHIPPING = "shipping"
    TAX = "tax"
    TIPS = "tips"
    GIFT_CARDS = "gift_cards"
    DUTIES = "duties"
    FEES = "fees"
    DISCOUNT = "discount"
    ROUNDING = "rounding"


class SaleLine(Frozen):
    """One line to post. Exactly one of `sku` (goods) and `product` (a target's own product) is set."""

    line_id: str
    """The source line's id, or the component with a counter; two lines may share it where a price was spread."""
    component: Component
    sku: str = ""
    product: str = ""
    """`sku:<code>` or `id:<erp product id>` of the service product that the tenant chose (books 8)."""
    quantity: int = Field(ge=1)
    rate: Amount
    note: str = ""


class DocumentType(StrEnum):
    """Which document of the ERP carries it."""

    SALES_ORDER = "sales_order"
    INVOICE = "invoice"
    RETURN = "return"
    QUOTE = "quote"


class EffectBase(Frozen):
    """Common to all effects."""

    document: Ref
    """The document that this effect belongs to."""
    name: str
    """Unchanging: `order:123/create#1`, `payment:9/record`; unique per ERP, source and tenant."""
    source_version: str
    """The version of the fact that asked for it; it travels to the ERP as a tag."""
    policy_version: str
    currency: str


class CreateAccount(EffectBase):
    """Create the buyer's account with its first addresses (books 16)."""

    effect: Literal["create_account"] = "create_account"
    party: Party
    ship_to: Address | None = None
    bill_to: Address | None = None


class AddAddress(EffectBase):
    """Add an address to an account; named by the digest of the address."""

    effect: Literal["add_address"] = "add_address"
    account_erp_id: str
    address: Address
    address_key: str
    purpose: Literal["shipping", "billing"]


class CreateOrder(EffectBase):
    """Create the sale as a draft, whole: every line with its price."""

    effect: Literal["create_order"] = "create_order"
    revision: int = 1
    document_type: DocumentType
    account: Ref
    party: Party
    ship_to: Address | None = None
    bill_to: Address | None = None
    pick_up: bool = False
    location: str = ""
    business_date: date
    lines: tuple[SaleLine, ...]
    discount: Amount = ZERO
    """One flat discount: the sum of the allocations, never a percentage."""
    total: Amount
    """What the ERP must come to; predicted, and compared with what it says."""
    notes: str = ""
    customer_notes: str = ""
    name_in_shop: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    """For reading only: presentment money, channel, PO number."""


class AddLines(EffectBase):
    """Add the lines of a committed addition to an open sale."""

    effect: Literal["add_lines"] = "add_lines"
    order_erp_id: str
    lines: tuple[SaleLine, ...]
    total_before: Amount
    total_after: Amount
    there: tuple[str, ...] = ()
    """The ERP's ids of the lines that stand there: what else it shows was added since, in one go or in several."""


class Adjust(EffectBase):
    """A fee or discount on the whole sale; named by (document, field, from, to) (correctness 11)."""

    effect: Literal["adjust"] = "adjust"
    order_erp_id: str
    label: str
    component: Component
    amount: Amount
    """Positive: a fee; negative: a discount."""
    total_before: Amount
    total_after: Amount
    alike_before: Amount = ZERO
    """What all fees on it come to before a fee, and all discounts before a discount."""
    later: tuple[Amount, ...] = ()
    """What follows on the same document, in order; a restored ledger may have forgotten that it was done as well."""


class Confirm(EffectBase):
    """Post the draft. Its total was compared before."""

    effect: Literal["confirm"] = "confirm"
    order_erp_id: str


class Cancel(EffectBase):
    """Cancel an unshipped and unpaid sale."""

    effect: Literal["cancel"] = "cancel"
    order_erp_id: str


class RecordPayment(EffectBase):
    """Record money that the shop collected. Nothing is charged (I11)."""

    effect: Literal["record_payment"] = "record_payment"
    order_erp_id: str
    account_erp_id: str
    method: str
    """The tender's target in the ERP, for example `external` or `credit` (books 11)."""
    amount: Amount
    business_date: date
    reference: str


class ReturnGoods(EffectBase):
    """Give back the value of goods, tax and shipping: reverses revenue and tax (books 12)."""

    effect: Literal["return_goods"] = "return_goods"
    original: Ref
    order_erp_id: str
    account_erp_id: str
    ship_to_erp_id: str = ""
    bill_to_erp_id: str = ""
    location: str = ""
    business_date: date
    lines: tuple[SaleLine, ...]
    total: Amount
    notes: str = ""


class Credit(EffectBase):
    """Credit the buyer for a reduction that has no goods (goodwill only, books 12)."""

    effect: Literal["credit"] = "credit"
    order_erp_id: str
    account_erp_id: str
    amount: Amount
    notes: str = ""


class RefundCash(EffectBase):
    """Record cash that the shop gave back. Nothing is moved (I11)."""

    effect: Literal["refund_cash"] = "refund_cash"
    order_erp_id: str
    payment_erp_id: str
    payment: Ref
    amount: Amount
    refunded_before: Amount
    """What is known to have been given back on it."""
    others: tuple[Amount, ...] = ()
    """What else is to be given back on the same payment; a restored ledger may have forgotten that it was done."""


Effect = Annotated[
    CreateAccount
    | AddAddress
    | CreateOrder
    | AddLines
    | Adjust
    | Confirm
    | Cancel
    | RecordPayment
    | ReturnGoods
    | Credit
    | RefundCash,
    Field(discriminator="effect"),
]
