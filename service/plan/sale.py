"""From an order to the lines that an ERP must post: components, targets and the two equations (books 6, 8). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from schemas.effect import Component, SaleLine
from schemas.money import fits, rounded, spread
from schemas.order import ZERO, Line, LineCategory, Order, Tax
from schemas.posted import PostedAdjustment
from schemas.refund import Refund
from service.plan.policy import Policy
from service.plan.state import Desired


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale (or a reduction) ready to post: lines, one flat discount, and adjustments for `fee:` targets."""

    lines: tuple[SaleLine, ...]
    discount: Decimal
    adjustments: tuple[PostedAdjustment, ...]
    missing: tuple[Component, ...]
    """Components with an amount but without a target."""

    @property
    def at_create(self) -> Decimal:
        """What the ERP's total must be before any adjustment."""
        return sum((line.rate * line.quantity for line in self.lines), ZERO) - self.discount

    @property
    def total(self) -> Decimal:
        """What the ERP's total must be in the end."""
        return self.at_create + sum((adjustment.amount for adjustment in self.adjustments), ZERO)


class _Builder:
    """Collects components into lines and adjustments by their targets."""

    def __init__(self, policy: Policy, currency: str) -> None:
        self._policy = policy
        self._currency = currency
        self._lines: list[SaleLine] = []
        self._adjustments: list[PostedAdjustment] = []
        self._missing: list[Component] = []

    def goods(self, line: Line, quantity: int, total: Decimal, note: str) -> None:
        """Add pieces of one source line at exactly this total, net of tax and before discount."""
        if line.category is LineCategory.STOCK:
            sku = self._policy.skus.get(line.sku, line.sku)
            self._spread(line.external_id, Component.GOODS, quantity, total, sku=sku, note=note)
            return
        component = _CATEGORY[line.category]
        target = self._policy.targets.of(component)
        if target is None or target.startswith("fee:"):
            self.component(component, total)
        else:
            self._spread(line.external_id, component, quantity, total, product=target, note=note)

    def component(self, component: Component, total: Decimal, *, target: str | None = None, note: str = "") -> None:
        """Add the amount of a component on its target; nothing where it is zero."""
        if total == 0:
            return
        target = target or self._policy.targets.of(component)
        if target is None:
            self._missing.append(component)
        elif target.startswith("fee:") or total < 0:
            label = target.partition(":")[2]
            self._adjustments.append(PostedAdjustment(label=label, component=component, amount=total))
        else:
            self._line(component.value, component, product=target, quantity=1, rate=total, note=note)

    def taxes(self, own: Decimal, liable: Decimal) -> None:
        """Add the tax that we owe, and what a marketplace owes, which is never ours (books 8)."""
        self.component(Component.TAX, own)
        if liable and self._policy.targets.marketplace_tax is None:
            self._missing.append(Component.TAX)
        else:
            self.component(Component.TAX, liable, target=self._policy.targets.marketplace_tax, note="marketplace")

    def kept_back(self, amount: Decimal) -> None:
        """Take off what the shop kept although the goods came back."""
        self._adjustments.append(PostedAdjustment(label="Kept back", component=Component.DISCOUNT, amount=-amount))

    def build(self, discount: Decimal) -> Sale:
        """Finish. An ERP takes no discount above the lines: what a fee will pay for is taken off after the fee."""
        beyond = discount - sum((line.rate * line.quantity for line in self._lines), ZERO)
        if beyond > 0:
            discount -= beyond
            rest = PostedAdjustment(label="Discount", component=Component.DISCOUNT, amount=-beyond)
            self._adjustments.append(rest)
        sums: dict[tuple[str, Component], Decimal] = {}
        for part in self._adjustments:
            sums[part.label, part.component] = sums.get((part.label, part.component), ZERO) + part.amount
        adjustments = (
            PostedAdjustment(label=label, component=component, amount=amount)
            for (label, component), amount in sums.items()
        )
        return Sale(tuple(self._lines), discount, tuple(adjustments), tuple(dict.fromkeys(self._missing)))

    def _spread(
        self,
        line_id: str,
        component: Component,
        quantity: int,
        total: Decimal,
        *,
        sku: str = "",
        product: str = "",
        note: str = "",
    ) -> None:
        for count, rate in spread(total, quantity, self._currency):
            self._line(line_id, component, sku=sku, product=product, quantity=count, rate=rate, note=note)

    def _line(
        self,
        line_id: str,
        component: Component,
        *,
        quantity: int,
        rate: Decimal,
        sku: str = "",
        product: str = "",
        note: str,
    ) -> None:
        self._lines.append(
            SaleLine.trusted(
                line_id=line_id,
                component=component,
                sku=sku,
                product=product,
                quantity=quantity,
                rate=rate,
                note=note,
            )
        )


_CATEGORY = {
    LineCategory.CUSTOM: Component.GOODS,
    LineCategory.GIFT_CARD: Component.GIFT_CARDS,
    LineCategory.TIP: Component.TIPS,
}


def removed_unexplained(order: Order, refunds: Mapping[str, Refund]) -> dict[str, int]:
    """Pieces that an edit removed and no refund record accounts for, by line id."""
    refunded: dict[str, int] = {}
    for refund in refunds.values():
        for line in refund.lines:
            refunded[line.line_id] = refunded.get(line.line_id, 0) + line.quantity
    gone = {
        line.external_id: line.quantity - line.current_quantity - refunded.get(line.external_id, 0)
        for line in order.lines
        if line.category is not LineCategory.TIP
    }
    return {line_id: count for line_id, count in gone.items() if count > 0}


def taken_off(desired: Desired, order: Order) -> dict[str, int]:
    """Pieces that are gone without a refund record, counted once: the sale and what is to be collected need them."""
    return desired.once("taken off", lambda: removed_unexplained(order, desired.refunds))


def sale_of(order: Order, policy: Policy, removed: Mapping[str, int]) -> Sale:
    """Turn an order into what must be posted; `removed` pieces are left out with their share of tax and discount."""
    build = _Builder(policy, order.currency)
    shares = [*_sold(build, order, removed)]
    if order.totals.tips and not any(line.category is LineCategory.TIP for line in order.lines):
        build.component(Component.TIPS, order.totals.tips)
    shares += _shipped(build, order)
    duties = sum((share.duties for share in shares), ZERO)
    build.component(Component.DUTIES, duties if any(line.duties for line in order.lines) else order.totals.duties)
    build.component(Component.FEES, order.totals.fees)
    own = ZERO if order.merchant_of_record else sum((share.own_tax for share in shares), ZERO)
    build.taxes(own, sum((share.tax for share in shares), ZERO) - own)
    build.component(Component.ROUNDING, order.cash_rounding)
    return build.build(sum((share.discount for share in shares), ZERO))


def _sold(build: _Builder, order: Order, removed: Mapping[str, int]) -> Iterator[_Share]:
    for line in order.lines:
        kept = line.quantity - removed.get(line.external_id, 0)
        if kept > 0:
            share = _share(line, kept, order.currency)
            build.goods(line, kept, line.unit_price * kept - (share.tax if order.taxes_included else ZERO), _note(line))
            yield share


def _shipped(build: _Builder, order: Order) -> Iterator[_Share]:
    for charge in order.shipping:
        if not charge.removed:
            share = _Share(_sum(charge.taxes), _own(charge.taxes), charge.discount, ZERO)
            build.component(
                Component.SHIPPING, charge.price - (share.tax if order.taxes_included else ZERO), note=charge.title
            )
            yield share


@dataclass(frozen=True, slots=True)
class _Share:
    tax: Decimal
    own_tax: Decimal
    discount: Decimal
    duties: Decimal


def _share(line: Line, kept: int, currency: str) -> _Share:
    if kept == line.quantity:
        return _Share(_sum(line.taxes), _own(line.taxes), line.discount, line.duties)

    def part(amount: Decimal) -> Decimal:
        return rounded(amount * kept / line.quantity, currency)

    return _Share(part(_sum(line.taxes)), part(_own(line.taxes)), part(line.discount), part(line.duties))


def _sum(taxes: tuple[Tax, ...]) -> Decimal:
    return sum([tax.amount for tax in taxes], ZERO)


def _own(taxes: tuple[Tax, ...]) -> Decimal:
    return sum([tax.amount for tax in taxes if not tax.channel_liable], ZERO)


def _own_part(tax: Decimal, sold_with: tuple[Tax, ...], currency: str) -> Decimal:
    """Split tax given back as it was charged: ours, and what a marketplace owes."""
    total = _sum(sold_with)
    return rounded(tax * _own(sold_with) / total, currency) if total else tax


def _note(line: Line) -> str:
    title = "" if line.category is LineCategory.STOCK else line.title
    marks = "; ".join(f"{name}: {value}" for name, value in line.properties)
    return "; ".join(part for part in (title, marks) if part)


def equation_fails(order: Order) -> str:
    """Check the first equation, component by component; returns which one fails with its figures, or nothing."""
    goods = tips = shipping = discounts = tax = ZERO
    for line in order.lines:
        if line.category is LineCategory.TIP:
            tips += line.unit_price * line.quantity
        else:
            goods += line.unit_price * line.quantity
        discounts += line.discount
        tax += _sum(line.taxes)
    for charge in order.shipping:
        if not charge.removed:
            shipping += charge.price
            discounts += charge.discount
            tax += _sum(charge.taxes)
    stated = order.totals
    pairs = (
        ("lines", goods, stated.lines),
        ("discounts", discounts, stated.discounts),
        ("shipping charges", shipping, stated.shipping),
        ("taxes", tax, stated.tax),
        ("tips", tips or stated.tips, stated.tips),
    )
    for name, ours, theirs in pairs:
        if ours != theirs:
            return f"the {name} add up to {ours} {order.currency}, but the shop states {theirs} {order.currency}"
    total = goods - discounts + shipping + stated.tips + stated.duties + stated.fees
    total += ZERO if order.taxes_included else tax
    if total != stated.total:
        return (
            f"lines {goods} - discounts {discounts} + shipping {shipping} + tax "
            f"{'included' if order.taxes_included else tax} + tips {stated.tips} + duties {stated.duties} + fees "
            f"{stated.fees} = {total}, but the shop's total is {stated.total} {order.currency}"
        )
    return fraction_in(order)


def fraction_in(order: Order) -> str:
    """Name the first amount that cannot be paid in the order's currency; such an order has no sale."""
    for line in order.lines:
        pieces = line.quantity if line.quantity == line.current_quantity else 1  # any number of them may be left
        for amount in (line.unit_price * pieces, line.discount, line.duties, *[t.amount for t in line.taxes]):
            if amount and not fits(amount, order.currency):
                return f"line {line.external_id} has {amount}, a fraction that {order.currency} does not know"
    for charge in order.shipping:
        for amount in (charge.price, charge.discount, *(t.amount for t in charge.taxes)):
            if not fits(amount, order.currency):
                return f"the shipping has {amount}, a fraction that {order.currency} does not know"
    if not fits(order.cash_rounding, order.currency):
        return f"the cash rounding is {order.cash_rounding}, a fraction that {order.currency} does not know"
    return ""


def refund_fails(refund: Refund, currency: str) -> str:
    """Name the first amount of a refund that cannot be paid in its currency, or what is negative."""
    amounts = [(f"line {line.line_id}", line.subtotal) for line in refund.lines]
    amounts += [(f"the tax of line {line.line_id}", line.tax) for line in refund.lines]
    amounts += [("shipping", refund.shipping), ("the tax on shipping", refund.shipping_tax)]
    amounts += [("duties", refund.duties), ("fees", refund.fees)]
    for name, amount in amounts:
        if amount < 0 or not fits(amount, currency):
            return f"{name} is {amount} {currency}, which nobody can give back"
    if not fits(refund.discrepancy, currency):
        return f"the discrepancy is {refund.discrepancy} {currency}, which nobody can give back"
    return ""


def refund_value(refund: Refund, *, taxes_included: bool) -> Decimal:
    """Return what a refund takes off the sale: lines, shipping, duties and fees with their tax, without discrepancy."""
    lines = sum((line.subtotal + (ZERO if taxes_included else line.tax) for line in refund.lines), ZERO)
    return lines + refund.shipping + refund.shipping_tax + refund.duties + refund.fees


def current_fails(order: Order, refunds: Mapping[str, Refund], sale: Sale) -> str:
    """Check the second equation: sale minus what refunds took off is the shop's own current total."""
    known = [refunds[refund_id] for refund_id in order.refund_ids if refund_id in refunds]
    reduced = sum((refund_value(refund, taxes_included=order.taxes_included) for refund in known), ZERO)
    left = sale.total - order.cash_rounding - reduced
    if left == order.current_total:
        return ""
    return (
        f"sale {sale.total - order.cash_rounding} - refunded {reduced} = {left}, "
        f"but the shop's current total is {order.current_total} {order.currency}"
    )


def reduction_of(refund: Refund, order: Order, policy: Policy) -> Sale:
    """Turn the value side of a refund into lines of a return: goods net of tax, tax, shipping, duties, fees."""
    build = _Builder(policy, order.currency)
    by_id = {line.external_id: line for line in order.lines}
    own = _own_part(
        refund.shipping_tax, tuple(tax for charge in order.shipping for tax in charge.taxes), order.currency
    )
    liable = refund.shipping_tax - own
    for back in refund.lines:
        net = back.subtotal - (back.tax if order.taxes_included else ZERO)
        line = by_id.get(back.line_id)
        part = back.tax if line is None else _own_part(back.tax, line.taxes, order.currency)
        own += part
        liable += back.tax - part
        if line is None or back.quantity == 0:
            build.component(Component.GOODS, net, note=f"line {back.line_id}")
        else:
            build.goods(line, back.quantity, net, f"refund {refund.external_id}")
    build.component(Component.SHIPPING, refund.shipping)
    build.component(Component.DUTIES, refund.duties)
    build.component(Component.FEES, refund.fees)
    build.taxes(*((ZERO, own + liable) if order.merchant_of_record else (own, liable)))
    if refund.discrepancy < 0:
        build.kept_back(-refund.discrepancy)
    return build.build(ZERO)
