"""An order body to the order fact, or, where the body was cut, to the news that it changed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from connectors.shopify.delivery import Delivery
from connectors.shopify.fields import utc
from connectors.shopify.lines import is_pick_up, lines, shipping
from connectors.shopify.money import ShopMoney
from connectors.shopify.party import address, buyer
from connectors.shopify.payloads import LineItem, MoneySet, Order, PaymentTerms, Presentment, ShippingLine
from schemas.base import Version
from schemas.money import Money
from schemas.order import (
    ZERO,
    FinancialStatus,
    Fulfilment,
    Line,
    LineCategory,
    OrderEdit,
    Shipping,
    Totals,
)
from schemas.order import Order as OrderFact

# Without one of these a body is sparse (`include_fields`, or cut to its id): it says that the order changed, not to
# what (sources.md 1.5). Nothing is computed in their place.
_ESSENTIAL = (
    "updated_at",
    "currency",
    "taxes_included",
    "line_items",
    "total_line_items_price",
    "total_discounts",
    "total_tax",
    "total_price",
)
_FINANCIAL = {status.value: status for status in FinancialStatus}
_FINANCIAL_STEP: dict[FinancialStatus, int] = {status: step for step, status in enumerate(FinancialStatus)}
_FINANCIAL_STEP[FinancialStatus.OTHER] = 0
_FULFILMENT = {"partial": Fulfilment.PARTIAL, "fulfilled": Fulfilment.FULFILLED, "unfulfilled": Fulfilment.NONE}
_FULFILMENT_STEP = {Fulfilment.NONE: 0, Fulfilment.PARTIAL: 1, Fulfilment.FULFILLED: 2, Fulfilment.OTHER: 3}
_ON_TERMS = frozenset({"net", "fixed", "fulfillment"})
_MOST_REFUNDS = 99  # two digits of the rank


def is_sparse(order: Order) -> bool:
    """Whether the body leaves out what is needed to post it."""
    if any(getattr(order, name) is None for name in _ESSENTIAL):
        return True
    return "shipping_lines" not in order.model_fields_set or (order.processed_at or order.created_at) is None


def order_edit(order: Order, delivery: Delivery, number: str) -> OrderEdit:
    """The news that this order changed, from a body that does not say to what."""
    at = order.updated_at or delivery.envelope.triggered_at or delivery.received_at
    return OrderEdit.trusted(
        external_source=delivery.envelope.external_source,
        tenant=delivery.envelope.tenant,
        external_id=number,
        version=Version.trusted(at=utc(delivery.needed(at, "updated_at"))),
    )


def order_fact(order: Order, delivery: Delivery, number: str) -> OrderFact:
    """The order of a body that is not sparse."""
    needed = delivery.needed
    money = ShopMoney(delivery, needed(order.currency, "currency"))
    items: list[LineItem] = order.line_items or []
    charges: list[ShippingLine] = order.shipping_lines or []
    sold = lines(order, items, delivery, money)
    shipped = shipping(charges, money)
    placed: datetime = needed(order.processed_at or order.created_at, "processed_at")
    updated = utc(needed(order.updated_at, "updated_at"))
    total = needed(order.total_price, "total_price")
    financial = _FINANCIAL.get((order.financial_status or "").lower(), FinancialStatus.OTHER)
    fulfilment = _fulfilment(order.fulfillment_status)
    if order.duties_included:
        # They are inside the prices (as tax is where taxes are included) and raise no total of their own.
        sold = tuple(line.model_copy(update={"duties": ZERO}) if line.duties else line for line in sold)
    return OrderFact.trusted(
        external_source=delivery.envelope.external_source,
        tenant=delivery.envelope.tenant,
        external_id=number,
        version=Version.trusted(
            at=updated, triggered_at=delivery.envelope.triggered_at, rank=_rank(order, financial, fulfilment)
        ),
        fact="order",
        name=order.name or (f"#{order.order_number}" if order.order_number else ""),
        number=order.order_number or "",
        currency=order.currency,
        presentment=_presentment(order, delivery),
        placed_at=utc(placed),
        business_date=delivery.business_date(placed),
        updated_at=updated,
        cancelled_at=None if order.cancelled_at is None else utc(order.cancelled_at),
        cancel_reason=order.cancel_reason or "",
        test=bool(order.test),
        confirmed=order.confirmed is not False,
        taxes_included=bool(order.taxes_included),
        financial_status=financial,
        fulfilment=fulfilment,
        net_terms=_on_terms(order.payment_terms),
        channel=order.source_name or "",
        merchant_of_record=order.merchant_of_record_app_id,
        lines=sold,
        shipping=shipped,
        totals=_totals(order, sold, shipped, money),
        current_total=total if order.current_total_price is None else order.current_total_price,
        cash_rounding=_set(money, order.total_cash_rounding_payment_adjustment_set, "total_cash_rounding_payment_set"),
        gateways=tuple(order.payment_gateway_names or ()),
        buyer=buyer(order),
        ship_to=address(order.shipping_address),
        bill_to=address(order.billing_address),
        pick_up=is_pick_up(charges),
        location_id=order.location_id or "",
        po_number=order.po_number or "",
        note=order.note or "",
        attributes=order.note_attributes,
        tags=order.tags,
        refund_ids=tuple(found for one in order.refunds or () if (found := one.exact_id) is not None),
    )


def _totals(order: Order, sold: tuple[Line, ...], shipped: tuple[Shipping, ...], money: ShopMoney) -> Totals:
    duties = order.original_total_duties_set or order.current_total_duties_set
    fees = order.original_total_additional_fees_set or order.current_total_additional_fees_set
    tips = order.total_tip_received
    if tips is None:
        given = (line.unit_price * line.quantity for line in sold if line.category is LineCategory.TIP)
        tips = money.total(given, "line_items")
    return Totals.trusted(
        lines=order.total_line_items_price,
        discounts=order.total_discounts,
        shipping=_shipping_total(order, shipped, money),
        tax=order.total_tax,
        tips=tips,
        duties=ZERO if order.duties_included else _set(money, duties, "original_total_duties_set", negative=False),
        fees=_set(money, fees, "original_total_additional_fees_set", negative=False),
        total=order.total_price,
    )


def _shipping_total(order: Order, shipped: tuple[Shipping, ...], money: ShopMoney) -> Decimal:
    """Shipping before discounts, as the formula of sources.md 1.9 wants it; the set may be stated after them."""
    before = money.total((one.price for one in shipped), "shipping_lines")
    after = before - sum((one.discount for one in shipped), ZERO)
    stated = money.of(order.total_shipping_price_set, "total_shipping_price_set")
    return before if stated is None or stated == after else stated


def _set(money: ShopMoney, amounts: MoneySet | None, field: str, *, negative: bool = True) -> Decimal:
    found = money.of(amounts, field)
    return (found if negative else money.positive(found, field)) or ZERO


def _presentment(order: Order, delivery: Delivery) -> Money | None:
    if order.presentment_currency in {None, order.currency} or order.total_price_set is None:
        return None
    shown = delivery.read(Presentment, order.total_price_set, at="total_price_set").presentment_money
    if shown is None or shown.code is None:
        return None
    return Money.trusted(amount=shown.amount, currency=shown.code)


def _fulfilment(status: str | None) -> Fulfilment:
    return Fulfilment.NONE if status is None else _FULFILMENT.get(status.lower(), Fulfilment.OTHER)


def _on_terms(terms: PaymentTerms | None) -> bool:
    """Payable later than at receipt."""
    if terms is None:
        return False
    return (terms.payment_terms_type or "").lower() in _ON_TERMS or bool(terms.due_in_days)


def _rank(order: Order, financial: FinancialStatus, fulfilment: Fulfilment) -> int:
    """How far the order is, so that of two bodies of one second the further one is newer (sources.md 1.4).

    What can never be taken back stands before what can: cancelled, refunds, money, shipping.
    """
    refunds = min(len(order.refunds or ()), _MOST_REFUNDS)
    far = (10_000 if order.cancelled_at is not None else 0) + refunds * 100
    return far + _FINANCIAL_STEP[financial] * 10 + _FULFILMENT_STEP[fulfilment]
