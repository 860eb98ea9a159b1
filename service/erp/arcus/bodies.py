"""Request bodies in Arcus's words, as plain objects; amounts are Decimals that already fit the currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from service.erp.arcus.wire import Doc


def given(**fields: object) -> Doc:
    """Return only the fields that say something: no nulls, no empty text."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a create or of an addition. Without `sell_rate` Arcus's price engine decides."""

    product_id: str
    quantity: int
    variant_id: str | None = None
    sell_rate: Decimal | None = None
    notes: str = ""
    list_price: Decimal | None = None

    def body(self) -> Doc:
        """Return the line as a request names it."""
        return given(
            product_id=self.product_id,
            variant_id=self.variant_id,
            quantity=self.quantity,
            sell_rate=self.sell_rate,
            notes=self.notes,
            list_price=self.list_price,
        )


@dataclass(frozen=True, slots=True)
class Discount:
    """A header discount: percent of the lines before tax, or a flat amount."""

    type: Literal["percentage", "flat"]
    value: Decimal

    def body(self) -> Doc:
        """Return the discount as a create names it."""
        return {"type": self.type, "value": self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """POST /orders for every document type. Only `document_type` and `account_id` must be there."""

    document_type: str
    account_id: str
    items: Sequence[Item] = ()
    discount: Discount | None = None
    shipping_address_id: str = ""
    billing_address_id: str = ""
    location_id: str = ""
    delivery_option: str = ""
    payment_term_id: str = ""
    sales_channel_id: str = ""
    pricing_level_id: str = ""
    requested_ship_date: str = ""
    notes: str = ""
    customer_notes: str = ""
    auto_compute_tax: bool | None = None
    auto_allocate_inventory: bool | None = None
    tax_exempt: bool | None = None
    avatax_entity_code: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    """Fields behind a switch: other provenance names, the order date."""

    def body(self) -> Doc:
        """Return the create body without anything that was not said."""
        plain = given(
            document_type=self.document_type,
            account_id=self.account_id,
            shipping_address_id=self.shipping_address_id,
            billing_address_id=self.billing_address_id,
            location_id=self.location_id,
            delivery_option=self.delivery_option,
            payment_term_id=self.payment_term_id,
            sales_channel_id=self.sales_channel_id,
            pricing_level_id=self.pricing_level_id,
            requested_ship_date=self.requested_ship_date,
            notes=self.notes,
            customer_notes=self.customer_notes,
            auto_compute_tax=self.auto_compute_tax,
            auto_allocate_inventory=self.auto_allocate_inventory,
            tax_exempt=self.tax_exempt,
            avatax_entity_code=self.avatax_entity_code,
            **self.extra,
        )
        if self.items:
            plain["line_items"] = [item.body() for item in self.items]
        if self.discount is not None:
            plain["discount"] = self.discount.body()
        if self.metadata:
            plain["metadata"] = dict(self.metadata)
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAddress:
    """One address of an account, in the words of requests; answers use others (arcus-api.md 8)."""

    type: Literal["billing", "shipping"]
    label: str
    street1: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    is_default_billing: bool = False
    is_default_shipping: bool = False

    def body(self) -> Doc:
        """Return the address as a request names it."""
        return given(
            type=self.type,
            label=self.label,
            street1=self.street1,
            street2=self.street2,
            city=self.city,
            region=self.region,
            postal_code=self.postal_code,
            country=self.country,
            is_default_billing=self.is_default_billing,
            is_default_shipping=self.is_default_shipping,
        )


def account(
    *,
    name_field: str,
    name: str,
    account_type: str,
    email: str,
    phone: str,
    addresses: Sequence[NewAddress],
    metadata: dict[str, str],
) -> Doc:
    """POST /accounts; nothing in it sends mail or enrols anybody."""
    plain = given(account_type=account_type, email=email, phone=phone, metadata=metadata)
    plain[name_field] = name
    if addresses:
        plain["addresses"] = [address.body() for address in addresses]
    return plain


def adjustment(*, name: str, effect: Literal["fee", "discount"], value: Decimal, notes: str = "") -> Doc:
    """POST /orders/{id}/adjustments with a fixed amount."""
    return given(name=name, effect_type=effect, discount_type="fixed_amount", value=value, notes=notes)


def percent_off(*, name: str, value: Decimal, coupon_id: str = "") -> Doc:
    """POST /orders/{id}/adjustments with a percentage."""
    return given(name=name, effect_type="discount", discount_type="percentage", value=value, coupon_id=coupon_id)


def multi_invoice_apply(
    *,
    account_id: str,
    method: str,
    applications: Sequence[tuple[str, Decimal]],
    reference: str,
    payment_date: str,
    notes: str,
) -> Doc:
    """POST /payments/multi-invoice-apply: one payment over 1 to 50 documents, whose parts make its amount."""
    return given(
        account_id=account_id,
        payment_method=method,
        amount=sum((part for _, part in applications), Decimal(0)),
        applications=[{"order_id": order_id, "amount_applied": part} for order_id, part in applications],
        check_number=reference if method == "check" else None,
        external_reference=reference,
        payment_date=payment_date,
        notes=notes,
    )


def order_payment(*, method: str, amount: Decimal, reference: str, notes: str) -> Doc:
    """POST /orders/{id}/payments by hand: cash, check, credit, terms. Cards and bank debits are in `charges`."""
    return given(
        payment_method=method,
        amount=amount,
        reference=reference,
        check_number=reference if method == "check" else None,
        notes=notes,
    )


def refund(*, minor_units: int) -> Doc:
    """POST /orders/{id}/payments/{payment}/refund: the one place that counts in the smallest unit."""
    return {"amount": minor_units, "reason": "other"}


def credit(*, account_id: str, amount: Decimal, notes: str, reason: str = "goodwill") -> Doc:
    """POST /credits."""
    return given(account_id=account_id, amount=amount, reason=reason, notes=notes)
