"""Arcus's answers in Arcus's words: only the fields that we use, tolerant of everything else (arcus-api.md 1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

from schemas.base import Amount
from service.erp.arcus.wire import Doc

ZERO = Decimal(0)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _many(value: object) -> object:
    return [] if value is None else value


_bounded = TypeAdapter(Amount).validate_python


def _amount(value: object) -> Decimal:
    """Hold an amount to the bounds of ours; 19 to 13 us an order of four lines, as pydantic counts digits for 0.4 us.

    It need not for what shows one or two decimals in at most 16 characters.
    """
    if value.__class__ is Decimal:
        shown = str(value)
        if len(shown) <= 16 and (shown[-3:-2] == "." or shown[-2:-1] == "."):  # an exponent would stand there instead
            return value
    return ZERO if value.__class__ is int and value == 0 else _bounded(value)


Text = Annotated[str, BeforeValidator(_text)]
"""Null and absent are the same; numbers are read as text: an unknown enum value or id format is no error."""
Sum = Annotated[Decimal, PlainValidator(_amount)]
"""An amount, held to the bounds of our own, so that it can be taken over."""
Number = Annotated[Decimal, PlainValidator(lambda value: ZERO if value is None else _amount(value))]
"""An amount; null counts as nothing."""
Metadata = Annotated[dict[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})]


class Said(BaseModel):
    """Something that Arcus said."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Identified(Said):
    """Whatever has an id; without one an answer proves nothing."""

    id: Annotated[str, BeforeValidator(_text), Field(min_length=1)]


class LineDoc(Identified):
    """One line of an order, also the zero-priced child of a kit."""

    product_id: Text = ""
    variant_id: Text = ""
    parent_line_item_id: Text = ""
    sku: Text = ""
    quantity: int = 0
    sell_rate: Number = ZERO
    line_subtotal: Sum | None = None
    line_total: Sum | None = None
    tax_amount: Number = ZERO
    notes: Text = ""

    @property
    def worth(self) -> Decimal:
        """Return what the line is worth before ERP tax and discount."""
        if self.line_subtotal is not None:
            return self.line_subtotal
        return self.sell_rate * self.quantity if self.line_total is None else self.line_total


class AddressDoc(Identified):
    """An address as answers show it."""

    type: Text = ""
    label: Text = ""
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    state: Text = ""
    zip: Text = ""
    country: Text = ""


class AccountDoc(Identified):
    """An account with its addresses."""

    account_number: Text = ""
    display_name: Text = ""
    name: Text = ""
    is_active: bool | None = None
    merged_into_account_id: Text = ""
    updated_at: Text = ""
    metadata: Metadata = Field(default_factory=dict)
    addresses: Annotated[list[AddressDoc], BeforeValidator(_many)] = []


class ApplicationDoc(Said):
    """The part of a payment that lies on one order."""

    order_id: Text = ""
    amount_applied: Number = ZERO


class PaymentDoc(Identified):
    """A payment, as an object of its own, inside an order's list, or as the answer to its making."""

    order_id: Text = ""
    account_id: Text = ""
    method: Text = ""
    payment_method: Text = ""
    amount: Sum
    amount_refunded: Number = ZERO
    status: Text = ""
    reference: Text = ""
    external_reference: Text = ""
    notes: Text = ""
    updated_at: Text = ""
    applications: Annotated[list[ApplicationDoc], BeforeValidator(_many)] = []

    def on(self, order_id: str) -> Decimal:
        """Return how much of it lies on an order."""
        if self.applications:
            return sum((part.amount_applied for part in self.applications if part.order_id == order_id), ZERO)
        return self.amount if self.order_id == order_id else ZERO


class OrderDoc(Identified):
    """An order document of any type."""

    order_number: Text = ""
    document_type: Text = ""
    order_status: Text = ""
    status: Text = ""
    payment_status: Text = ""
    fulfillment_status: Text = ""
    updated_at: Text = ""
    account_id: Text = ""
    shipping_address_id: Text = ""
    billing_address_id: Text = ""
    subtotal: Number = ZERO
    discount_total: Number = ZERO
    shipping_total: Number = ZERO
    tax_total: Number = ZERO
    fee_total: Number = ZERO
    order_total: Sum
    amount_paid: Number = ZERO
    balance_due: Number = ZERO
    is_on_hold: bool | None = None
    hold_type: Text = ""
    hold_reason: Text = ""
    linked_order_id: Text = ""
    metadata: Metadata = Field(default_factory=dict)
    line_items: list[LineDoc] | None = None
    payments: list[PaymentDoc] | None = None
    tax_lines: Annotated[list[Doc], BeforeValidator(_many)] = []
    inline_payment_results: Annotated[list[Doc], BeforeValidator(_many), Field(alias="_inline_payment_results")] = []


class CreditDoc(Identified):
    """A credit memo."""

    credit_memo_number: Text = ""
    account_id: Text = ""
    amount: Sum
    amount_applied: Number = ZERO
    status: Text = ""
    notes: Text = ""
    updated_at: Text = ""


class VariantDoc(Identified):
    """A variant of a product."""

    sku: Text = ""
    is_active: bool | None = True


class ProductDoc(Identified):
    """A product with its variants inline."""

    sku: Text = ""
    product_type: Text = ""
    is_active: bool | None = True
    has_variants: bool | None = False
    variants: Annotated[list[VariantDoc], BeforeValidator(_many)] = []


class ReturnDoc(Identified):
    """An RMA."""

    return_number: Text = ""
    status: Text = ""
    original_order_id: Text = ""
    account_id: Text = ""
    refund_amount: Number = ZERO
    notes: Text = ""
    metadata: Metadata = Field(default_factory=dict)


class EndpointDoc(Identified):
    """A webhook endpoint."""

    url: Text = ""
    status: Text = ""
    enabled_events: Annotated[list[Text], BeforeValidator(_many)] = []
    consecutive_failure_count: int = 0
    last_delivery_at: Text = ""
    secret_last4: Text = ""


class BulkItems(Said):
    """What an atomic addition of lines came to."""

    processed: int
    items: Annotated[list[LineDoc], BeforeValidator(_many)] = []
    errors: Annotated[list[Doc], BeforeValidator(_many)] = []


class ErrorBody(Said):
    """The flat error envelope with the fields that a few codes add (arcus-api.md 5)."""

    code: Text = ""
    error: Text = ""
    type: Text = ""
    hint: Text = ""
    param: Text = ""
    required: Text = ""
    request_id: Text = ""
    product_id: Text = ""
    requested: Text = ""
    available: Text = ""
    references: Annotated[list[Any], BeforeValidator(lambda value: value if isinstance(value, list) else [])] = []


M = TypeVar("M", bound=Said)


def read(model: type[M], doc: Doc) -> M | None:
    """Return the answer as a model, or None where it lacks what the model needs."""
    try:
        return model.model_validate(doc)
    except ValidationError:
        return None
