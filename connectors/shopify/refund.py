"""A refund to its goods and its value; its cash is in its transactions."""

from __future__ import annotations

from decimal import Decimal

from connectors.shopify.delivery import Delivery
from connectors.shopify.fields import exact, utc
from connectors.shopify.money import ShopMoney
from connectors.shopify.payloads import Duty, OrderAdjustment, Refund, RefundLineItem, RefundShippingLine
from schemas.base import Version
from schemas.order import ZERO
from schemas.refund import Refund as RefundFact
from schemas.refund import RefundLine

_SHIPPING = "shipping_refund"


def refund(
    body: Refund,
    delivery: Delivery,
    *,
    order_id: str | None = None,
    currency: str | None = None,
    at: str = "",
) -> RefundFact:
    """The refund. `order_id` and `currency` are those of the order around it; `at` is its place there."""
    money = ShopMoney(delivery, currency)
    number = delivery.named(body.exact_id, f"{at}id")
    root = delivery.needed(order_id or body.order_id, f"{at}order_id")
    created = delivery.needed(body.created_at or body.processed_at, f"{at}created_at")
    items = delivery.needed(body.refund_line_items, f"{at}refund_line_items")
    lines = tuple(_line(item, delivery, money, f"{at}refund_line_items[{i}]") for i, item in enumerate(items))
    shipping, shipping_tax = _shipping(body, money, at)
    duties = money.positive(_duties(body.duties or [], body, money, at), f"{at}total_duties_set")
    fees = money.positive(
        money.of(body.total_additional_fees_set, f"{at}total_additional_fees_set"), f"{at}total_additional_fees_set"
    )
    # A copy inside an order body may say less than the refund's own event: the fuller copy of one second is newer.
    parts = (body.refund_line_items, body.order_adjustments, body.refund_shipping_lines, body.duties, body.transactions)
    says = sum(len(part) for part in parts if part) + (money.currency is not None) + (body.return_ is not None)
    return RefundFact.trusted(
        external_source=delivery.envelope.external_source,
        tenant=delivery.envelope.tenant,
        external_id=number,
        version=Version.trusted(at=utc(created), rank=says),
        order_id=root,
        currency=money.currency,
        created_at=utc(created),
        business_date=delivery.business_date(body.processed_at or created),
        note=body.note or "",
        lines=lines,
        shipping=shipping,
        shipping_tax=shipping_tax,
        duties=duties or ZERO,
        fees=fees or ZERO,
        discrepancy=_discrepancy(body.order_adjustments or [], money, at),
        transaction_ids=tuple(cash for one in body.transactions or [] if (cash := one.exact_id) is not None),
        return_id=None if body.return_ is None else exact(body.return_.id, body.return_.admin_graphql_api_id),
    )


def _line(item: RefundLineItem, delivery: Delivery, money: ShopMoney, at: str) -> RefundLine:
    return RefundLine.trusted(
        line_id=delivery.needed(item.exact_line_id, f"{at}.line_item_id"),
        quantity=item.quantity,
        subtotal=money.set_first(item.subtotal, item.subtotal_set, f"{at}.subtotal"),
        tax=money.set_first(item.total_tax or ZERO, item.total_tax_set, f"{at}.total_tax"),
        restock=item.restock_type or "",
    )


def _shipping(body: Refund, money: ShopMoney, at: str) -> tuple[Decimal, Decimal]:
    """Shipping and its tax, once: Shopify publishes it as an adjustment and as a shipping line (sources.md 1.8)."""
    adjusted = [
        _adjustment(one, money, f"{at}order_adjustments[{index}]")
        for index, one in enumerate(body.order_adjustments or [])
        if one.kind == _SHIPPING
    ]
    if adjusted:  # they carry the tax in every API version
        sums = [(-amount, -tax) for amount, tax in adjusted]
        field = f"{at}order_adjustments"
    else:
        field = f"{at}refund_shipping_lines"
        sums = [_shipping_line(one, money, f"{field}[{i}]") for i, one in enumerate(body.refund_shipping_lines or [])]
    return money.total((amount for amount, _ in sums), field), money.total((tax for _, tax in sums), field)


def _shipping_line(line: RefundShippingLine, money: ShopMoney, at: str) -> tuple[Decimal, Decimal]:
    return (
        money.set_first(None, line.subtotal_amount_set, f"{at}.subtotal_amount"),
        money.set_first(ZERO, line.tax_amount_set, f"{at}.tax_amount"),
    )


def _discrepancy(adjustments: list[OrderAdjustment], money: ShopMoney, at: str) -> Decimal:
    """What the buyer got beyond goods and shipping; the shop's sign is the other way round."""
    field = f"{at}order_adjustments"
    return money.total(
        (
            -sum(_adjustment(one, money, f"{field}[{index}]"), ZERO)
            for index, one in enumerate(adjustments)
            if one.kind != _SHIPPING
        ),
        field,
    )


def _adjustment(one: OrderAdjustment, money: ShopMoney, at: str) -> tuple[Decimal, Decimal]:
    amount = money.shop(one.amount_set, f"{at}.amount_set")
    tax = money.shop(one.tax_amount_set, f"{at}.tax_amount_set")
    return (one.amount or ZERO) if amount is None else amount, (one.tax_amount or ZERO) if tax is None else tax


def _duties(duties: list[Duty], body: Refund, money: ShopMoney, at: str) -> Decimal | None:
    total = money.of(body.total_duties_set, f"{at}total_duties_set")
    if total is not None:
        return total
    field = f"{at}duties"
    return money.total(
        (money.shop(duty.amount_set, f"{field}[{index}].amount_set") or ZERO for index, duty in enumerate(duties)),
        field,
    )
