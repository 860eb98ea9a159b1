"""The lines of an order: what kind of thing each sells, and how much of it is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from connectors.shopify.delivery import Delivery
from connectors.shopify.money import ShopMoney
from connectors.shopify.payloads import LineItem, Order, ShippingLine
from schemas.order import ZERO, Line, LineCategory, Shipping, Tax

_TIP = "tip"


def lines(order: Order, items: Sequence[LineItem], delivery: Delivery, money: ShopMoney) -> tuple[Line, ...]:
    """The lines in the order of the body."""
    refunded = _refunded(order)
    tips = _tips_by_title(order, items, money)
    found = tuple(
        _line(item, delivery, money, refunded=refunded, tips=tips, at=f"line_items[{index}]")
        for index, item in enumerate(items)
    )
    if len({line.external_id for line in found}) != len(found):
        raise delivery.invalid("line_items", "has one id on two lines")
    return found


def _line(
    item: LineItem,
    delivery: Delivery,
    money: ShopMoney,
    *,
    refunded: Counter[str],
    tips: frozenset[str],
    at: str,
) -> Line:
    number = delivery.needed(item.exact_id, f"{at}.id")
    left = item.current_quantity
    if left is None:  # API versions before 2024-01
        left = max(0, item.quantity - refunded[number])
    return Line.trusted(
        external_id=number,
        category=LineCategory.TIP if number in tips else _category(item),
        sku=item.sku or "",
        title=item.name or item.title or "",
        quantity=item.quantity,
        current_quantity=left,
        unit_price=money.plain_first(item.price, item.price_set, at, "price"),
        discount=_discount(item, money, at),
        taxes=_taxes(item, money, at),
        duties=_duties(item, money, at),
        requires_shipping=item.requires_shipping is not False,
        properties=item.properties,
    )


def _taxes(item: LineItem, money: ShopMoney, at: str) -> tuple[Tax, ...]:
    """The taxes of the line, and of the duty on it: both are in the order's tax."""
    taxes = money.taxes(item.tax_lines or (), at)
    for index, duty in enumerate(item.duties or ()):
        taxes += money.taxes(duty.tax_lines or (), f"{at}.duties[{index}]")
    return taxes


def _duties(item: LineItem, money: ShopMoney, at: str) -> Decimal:
    if not item.duties:
        return ZERO
    return money.total(
        (
            money.positive(money.half(duty.shop_money, f"{at}.duties[{index}]"), f"{at}.duties[{index}]") or ZERO
            for index, duty in enumerate(item.duties)
            if duty.shop_money is not None
        ),
        f"{at}.duties",
    )


def _category(item: LineItem) -> LineCategory:
    if item.tip is not None:
        return LineCategory.TIP
    if item.gift_card:
        return LineCategory.GIFT_CARD
    if item.product_id is None and item.variant_id is None and not item.sku:
        return LineCategory.CUSTOM
    return LineCategory.STOCK


def _discount(item: LineItem, money: ShopMoney, at: str) -> Decimal:
    if item.discount_allocations is None:
        return money.plain(item.total_discount, f"{at}.total_discount")
    return money.allocated(item.discount_allocations, at)


def _refunded(order: Order) -> Counter[str]:
    """Pieces given back by line, for bodies that do not say what is left."""
    pieces: Counter[str] = Counter()
    for refund in order.refunds or ():
        for item in refund.refund_line_items or ():
            if (number := item.exact_line_id) is not None:
                pieces[number] += item.quantity
    return pieces


def _tips_by_title(order: Order, items: Sequence[LineItem], money: ShopMoney) -> frozenset[str]:
    """Lines that are tips although they carry no `tip` object: titled so, and worth what the order says of tips."""
    if not order.total_tip_received:
        return frozenset()
    named = {
        index: item
        for index, item in enumerate(items)
        if item.product_id is None and (item.title or "").strip().lower() == _TIP
    }
    worth = sum(
        (
            money.plain_first(item.price, item.price_set, f"line_items[{index}]", "price") * item.quantity
            for index, item in named.items()
        ),
        ZERO,
    )
    if worth != order.total_tip_received:
        return frozenset()
    return frozenset(number for item in named.values() if (number := item.exact_id) is not None)


def shipping(items: Sequence[ShippingLine], money: ShopMoney) -> tuple[Shipping, ...]:
    """The shipping charges before their discounts."""
    return tuple(_shipping(item, money, f"shipping_lines[{index}]") for index, item in enumerate(items))


def _shipping(item: ShippingLine, money: ShopMoney, at: str) -> Shipping:
    price = money.plain_first(item.price, item.price_set, at, "price")
    if item.discount_allocations is not None:
        discount = money.allocated(item.discount_allocations, at)
    else:
        discount = ZERO if item.discounted_price is None else price - item.discounted_price
    return Shipping.trusted(
        external_id=item.id or "",
        title=item.title or "",
        price=price,
        discount=discount,
        taxes=money.taxes(item.tax_lines or (), at),
        removed=bool(item.is_removed),
    )


def is_pick_up(items: Sequence[ShippingLine]) -> bool:
    """Whether the buyer fetches the goods (`delivery_category`, source or code say pick-up in many spellings)."""
    return any(
        _says_pick_up(text) for item in items for text in (item.delivery_category, item.source, item.code) if text
    )


@lru_cache(maxsize=1024)  # a shop has a handful of ways to ship
def _says_pick_up(text: str) -> bool:
    return "pickup" in "".join(letter for letter in text.lower() if letter.isalpha())
