"""What a buyer puts into an order: lines, discounts, taxes, shipping, tips and the rest, in a lifelike mixture."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from sandbox.shop.catalogue import Article, special, stock
from sandbox.shop.history import History
from sandbox.shop.model import Discount, Line, Shipping, Tax
from sandbox.shop.money import ZERO, quantum, rounded, split
from sandbox.shop.shops import PICK_UP_TITLE

ENGRAVING = [("Engraving", "To G. & K., 30 years with love"), ("Font", "Script")]


@dataclass(slots=True)
class Wishes:
    """What the basket must hold, and what it must not."""

    trait: str | None = None
    """A special article in it: HOLD, DRIFT, INACTIVE, DUP or GHOST."""
    pieces: int | None = None
    lines: int | None = None
    discount: Literal["none", "line", "order", "shipping", "all"] | None = None
    extras: frozenset[str] = field(default_factory=frozenset)
    """tip, gift_card, custom, duties, fees: certainly there; the others by chance unless `plain`."""
    plain: bool = False
    shipping: bool | None = None
    pick_up: bool = False
    marketplace: bool = False
    """Sold through a marketplace that owes the tax itself."""


def fill(history: History, wishes: Wishes | None = None) -> None:
    """Fill the order of a history."""
    wishes = wishes or Wishes()
    _goods(history, wishes)
    _charges(history, wishes)
    _discount(history, wishes)
    _taxes(history)
    if wishes.marketplace:
        for tax in (tax for part in history.order.parts() for tax in part.taxes):
            tax.liable = True
    _words(history)


def add_line(history: History, article: Article, count: int) -> Line:
    """Add a stocked line without discount, with its tax."""
    line = _line(history, article, count)
    history.order.lines.append(line)
    line.taxes = _tax_of(history, line.gross)
    return line


def _line(history: History, article: Article, count: int) -> Line:
    return Line(
        id=history.fresh(),
        kind="stock",
        title=article.title,
        price=article.price,
        quantity=count,
        sku=article.sku,
        product_id=article.product_id,
        variant_id=article.variant_id,
    )


def _goods(history: History, wishes: Wishes) -> None:
    rng, order = history.rng, history.order
    count = wishes.lines or rng.choice((1, 1, 1, 2, 2, 3, 4))
    for article in rng.sample(stock(history.shop), count):
        line = _line(history, article, wishes.pieces or rng.choice((1, 1, 2, 3, 7)))
        if rng.random() < 0.1:
            line.properties = list(ENGRAVING)
        order.lines.append(line)
    if wishes.trait is not None:
        order.lines.append(_line(history, special(history.shop, wishes.trait), rng.choice((1, 2))))
    if _has(history, wishes, "custom", 0.04):
        price = rounded(history.shop.typical * Decimal("0.37"), order.currency)
        order.lines.append(Line(history.fresh(), "custom", "Made to measure", price, rng.choice((1, 3))))
    if _has(history, wishes, "gift_card", 0.04):
        price = rounded(history.shop.typical, order.currency)
        card = Line(
            history.fresh(),
            "gift_card",
            "Gift card",
            price,
            1,
            product_id=7_000_000_000_001,
            variant_id=42_000_000_000_001,
        )
        order.lines.append(card)
    by_chance = "duties" in history.shop.targets and _has(history, wishes, "duties", 0.04)
    if by_chance or "duties" in wishes.extras:
        order.lines[0].duties = rounded(order.lines[0].gross * Decimal("0.083"), order.currency)


def _has(history: History, wishes: Wishes, extra: str, chance: float) -> bool:
    return extra in wishes.extras or (not wishes.plain and history.rng.random() < chance)


def _charges(history: History, wishes: Wishes) -> None:
    rng, order = history.rng, history.order
    wanted = rng.random() < 0.8 if wishes.shipping is None else wishes.shipping
    if wishes.pick_up:
        order.shipping.append(Shipping(history.fresh(), PICK_UP_TITLE, ZERO))
    elif wanted:
        price = rounded(history.shop.typical * Decimal(rng.choice((19, 25, 33))) / 100, order.currency)
        order.shipping.append(Shipping(history.fresh(), rng.choice(("Standard", "Express", "Paket")), price))
    if _has(history, wishes, "tip", 0.06):
        amount = rounded(order.sum_lines() / 10, order.currency)
        order.lines.append(Line(history.fresh(), "tip", "Tip", amount, 1))
    if _has(history, wishes, "fees", 0.02):
        order.fees = rounded(history.shop.typical / 20, order.currency)


def _discount(history: History, wishes: Wishes) -> None:
    rng, order = history.rng, history.order
    kind = wishes.discount or (
        "none" if wishes.plain else rng.choice(("none", "none", "none", "line", "order", "shipping"))
    )
    goods = [line for line in order.lines if line.kind in ("stock", "custom")]
    if kind == "line":
        line = rng.choice(goods)
        _allocate(
            history, Discount(None, "Autumn sale", "line_item", Decimal("15.0"), "percentage"), [line], Decimal("0.15")
        )
    elif kind == "order":
        _allocate(history, Discount("TENOFF", "", "line_item", Decimal("10.0"), "percentage"), goods, Decimal("0.10"))
    elif kind == "shipping" and order.shipping:
        _free_shipping(history, "SHIPFREE")
    elif kind == "all":
        _allocate(history, Discount("VIP100", "", "line_item", Decimal("100.0"), "percentage"), goods, Decimal(1))
        _free_shipping(history, "VIPSHIP")


def _allocate(history: History, discount: Discount, lines: list[Line], share: Decimal) -> None:
    order = history.order
    whole = sum((line.gross for line in lines), ZERO)
    discount.amount = (whole * share).quantize(quantum(order.currency), ROUND_HALF_UP)
    index = len(order.discounts)
    order.discounts.append(discount)
    for line, part in zip(lines, split(discount.amount, [line.gross for line in lines], order.currency), strict=True):
        if part:
            line.discounts.append((index, part))


def _free_shipping(history: History, code: str) -> None:
    order = history.order
    for charge in order.shipping:
        discount = Discount(code, "", "shipping_line", Decimal("100.0"), "percentage", charge.price)
        if charge.price:
            charge.discounts.append((len(order.discounts), charge.price))
        order.discounts.append(discount)


def _taxes(history: History) -> None:
    order = history.order
    for line in order.lines:
        if line.kind == "stock":
            line.taxes = _tax_of(history, line.gross - line.discount)
    if history.shop.country in ("DE", "GB", "CA"):
        for charge in order.shipping:
            charge.taxes = _tax_of(history, charge.price - charge.discount)


def _tax_of(history: History, base: Decimal) -> list[Tax]:
    shop, currency = history.shop, history.order.currency
    if base <= 0:
        return []
    rates: tuple[tuple[str, Decimal], ...]
    if shop.country == "CA":
        rates = (("GST", Decimal("0.05")), ("PST", shop.tax_rate - Decimal("0.05")))
    else:
        rates = (
            ({"US": "State Tax", "DE": "MwSt", "GB": "VAT", "JP": "消費税"}.get(shop.country, "Tax"), shop.tax_rate),
        )
    if shop.taxes_included:
        return [Tax(name, rate, rounded(base - base / (1 + rate), currency)) for name, rate in rates]
    return [Tax(name, rate, rounded(base * rate, currency)) for name, rate in rates]


def _words(history: History) -> None:
    rng, order = history.rng, history.order
    if rng.random() < 0.1:
        order.note = rng.choice(("Please ring twice", "Bitte nicht knicken", "贈り物です"))
    if rng.random() < 0.1:
        order.attributes = [("Gift message", "Happy birthday!"), ("Delivery day", "Friday")]
    if rng.random() < 0.1:
        order.po_number = f"PO-{order.number}"
    if rng.random() < 0.2:
        order.tags = ["vip", "newsletter"]
    order.home = rng.randrange(2)
