"""Shopify's words: only the fields that we use. Everything may be absent or null except where a line says otherwise."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connectors.shopify.fields import (
    CurrencyCode,
    Identity,
    Moment,
    Pairs,
    Positive,
    Share,
    Signed,
    Words,
    exact,
)

Spare = object
"""A part that is read only where its plain twin is absent or not exact: half the cost of an order is in these sets."""


class Payload(BaseModel):
    """Unknown keys are of no interest; numbers where a text is expected are read as text (a zip, for example)."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Amount(Payload):
    """One half of a money set. Transactions spell `currency_code` as `currency` (sources.md 1.7)."""

    amount: Signed
    currency_code: CurrencyCode | None = None
    currency: CurrencyCode | None = None

    @property
    def code(self) -> str | None:
        """The currency in either spelling."""
        return self.currency_code or self.currency


class MoneySet(Payload):
    """An amount in the shop's currency and in the buyer's."""

    shop_money: Amount | None = None
    presentment_money: Spare = None


class Presentment(Payload):
    """The buyer's half alone."""

    presentment_money: Amount | None = None


class TaxLine(Payload):
    """One tax of a line; `price` is in shop currency."""

    title: str | None = None
    rate: Share | None = None
    price: Positive | None = None
    price_set: Spare = None
    channel_liable: bool | None = None


class Allocation(Payload):
    """A discount's share on one line."""

    amount: Positive | None = None
    amount_set: Spare = None


class Duty(Payload):
    """Import duty on one line, or given back by a refund."""

    shop_money: Amount | None = None
    amount_set: Spare = None
    tax_lines: list[TaxLine] | None = None


class LineItem(Payload):
    """One line of an order."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None
    product_id: Spare = None
    variant_id: Spare = None
    sku: str | None = None
    title: str | None = None
    name: str | None = None
    quantity: int = Field(ge=0, le=1_000_000_000)  # required: a line without it says nothing
    current_quantity: int | None = Field(default=None, ge=0, le=1_000_000_000)
    price: Positive | None = None
    price_set: Spare = None
    total_discount: Spare = None
    discount_allocations: list[Allocation] | None = None
    tax_lines: list[TaxLine] | None = None
    duties: list[Duty] | None = None
    gift_card: bool | None = None
    requires_shipping: bool | None = None
    properties: Pairs = ()
    tip: object = None
    """Present on tip lines only."""

    @property
    def exact_id(self) -> str | None:
        """The id, not rounded."""
        return exact(self.id, self.admin_graphql_api_id)


class ShippingLine(Payload):
    """One shipping charge; `price` is before discounts."""

    id: Identity | None = None
    title: str | None = None
    code: str | None = None
    source: str | None = None
    delivery_category: str | None = None
    price: Positive | None = None
    price_set: Spare = None
    discounted_price: Positive | None = None
    discount_allocations: list[Allocation] | None = None
    tax_lines: list[TaxLine] | None = None
    is_removed: bool | None = None


class PostalAddress(Payload):
    """Withheld in part or whole where the app may not see personal data."""

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Customer(Payload):
    """The buyer; null for guests at the till."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


class Company(Payload):
    """The B2B company of an order."""

    id: Identity | None = None
    name: str | None = None


class PaymentTerms(Payload):
    """When a B2B order is due."""

    payment_terms_type: str | None = None
    due_in_days: int | None = None


class CurrencyExchange(Payload):
    """What a transaction was worth in shop currency."""

    final_amount: Positive | None = None
    currency: CurrencyCode | None = None


class Transaction(Payload):
    """One movement at a gateway. `amount` may be in the buyer's currency."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None
    order_id: Identity | None = None
    parent_id: Identity | None = None
    kind: str | None = None
    status: str | None = None
    gateway: str | None = None
    amount: Positive | None = None
    amount_set: Spare = None
    currency: CurrencyCode | None = None
    currency_exchange_adjustment: CurrencyExchange | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    test: bool | None = None
    payment_id: str | None = None
    amount_rounding: Signed | None = None

    @property
    def exact_id(self) -> str | None:
        """The id, not rounded."""
        return exact(self.id, self.admin_graphql_api_id)


class RefundedLine(Payload):
    """The order line inside a refund line: here only for its exact id."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None


class RefundLineItem(Payload):
    """Pieces of one line given back. The plain amounts are binary floats, the sets are exact."""

    line_item_id: Identity | None = None
    line_item: RefundedLine | None = None
    quantity: int = Field(ge=0, le=1_000_000_000)
    restock_type: str | None = None
    subtotal: Positive | None = None
    subtotal_set: Spare = None
    total_tax: Positive | None = None
    total_tax_set: Spare = None

    @property
    def exact_line_id(self) -> str | None:
        """The id of the order's line, not rounded."""
        if self.line_item is None:
            return self.line_item_id
        return exact(self.line_item_id or self.line_item.id, self.line_item.admin_graphql_api_id)


class OrderAdjustment(Payload):
    """Signed: negative for money to the buyer."""

    kind: str | None = None
    amount: Signed | None = None
    amount_set: Spare = None
    tax_amount: Signed | None = None
    tax_amount_set: Spare = None


class RefundShippingLine(Payload):
    """Shipping given back; the same money as an adjustment of kind `shipping_refund`."""

    subtotal_amount_set: Spare = None
    tax_amount_set: Spare = None


class Return(Payload):
    """The return that a refund belongs to."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None


class Refund(Payload):
    """One refund record; it says nothing about money having moved."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None
    order_id: Identity | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    note: str | None = None
    refund_line_items: list[RefundLineItem] | None = None
    transactions: list[Transaction] | None = None
    order_adjustments: list[OrderAdjustment] | None = None
    refund_shipping_lines: list[RefundShippingLine] | None = None
    duties: list[Duty] | None = None
    total_duties_set: MoneySet | None = None
    total_additional_fees_set: MoneySet | None = None
    return_: Return | None = Field(default=None, alias="return")

    @property
    def exact_id(self) -> str | None:
        """The id, not rounded."""
        return exact(self.id, self.admin_graphql_api_id)


class Order(Payload):
    """An order body of any of the order topics and API versions."""

    id: Identity | None = None
    admin_graphql_api_id: str | None = None
    name: str | None = None
    order_number: str | None = None
    currency: CurrencyCode | None = None
    presentment_currency: str | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    updated_at: Moment | None = None
    cancelled_at: Moment | None = None
    cancel_reason: str | None = None
    confirmed: bool | None = None
    test: bool | None = None
    taxes_included: bool | None = None
    duties_included: bool | None = None
    tax_exempt: bool | None = None
    financial_status: str | None = None
    fulfillment_status: str | None = None
    source_name: str | None = None
    merchant_of_record_app_id: Identity | None = None
    location_id: Identity | None = None
    po_number: str | None = None
    note: str | None = None
    note_attributes: Pairs = ()
    tags: Words = ()
    payment_gateway_names: list[str] | None = None
    payment_terms: PaymentTerms | None = None
    company: Company | None = None
    customer: Customer | None = None
    email: str | None = None
    contact_email: str | None = None
    phone: str | None = None
    billing_address: PostalAddress | None = None
    shipping_address: PostalAddress | None = None
    line_items: list[LineItem] | None = None
    shipping_lines: list[ShippingLine] | None = None
    refunds: list[Refund] | None = None
    transactions: list[Transaction] | None = None
    total_line_items_price: Positive | None = None
    total_discounts: Positive | None = None
    total_tax: Positive | None = None
    total_tip_received: Positive | None = None
    total_price: Positive | None = None
    total_price_set: Spare = None
    current_total_price: Positive | None = None
    total_shipping_price_set: MoneySet | None = None
    original_total_duties_set: MoneySet | None = None
    current_total_duties_set: MoneySet | None = None
    original_total_additional_fees_set: MoneySet | None = None
    current_total_additional_fees_set: MoneySet | None = None
    total_cash_rounding_payment_adjustment_set: MoneySet | None = None

    @property
    def exact_id(self) -> str | None:
        """The id, not rounded."""
        return exact(self.id, self.admin_graphql_api_id)


class OrderEdit(Payload):
    """The body of `orders/edited`: that something changed, not to what."""

    id: Identity | None = None
    order_id: Identity | None = None
    created_at: Moment | None = None
    committed_at: Moment | None = None
