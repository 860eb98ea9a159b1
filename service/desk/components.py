"""The parts of a sale beside each other: what the shop states and what the ERP has. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from schemas.effect import Component
from schemas.order import ZERO, Order
from schemas.posted import Posted
from service.plan.policy import Fulfilment, Policy, Targets
from service.plan.sale import fraction_in, sale_of

_ANY = "sku:any"
_EVERYWHERE = Targets(
    tax=_ANY,
    marketplace_tax=_ANY,
    tips=_ANY,
    gift_cards=_ANY,
    shipping=_ANY,
    duties=_ANY,
    fees=_ANY,
    custom=_ANY,
    rounding=_ANY,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One component; `erp` is None where nothing is posted."""

    component: str
    shop: Decimal
    erp: Decimal | None

    @property
    def differs(self) -> bool:
        """Whether the two are not the same."""
        return self.erp is not None and self.erp != self.shop


def of_posted(posted: Posted) -> dict[str, Decimal]:
    """Sum a document of the ERP by component; a discount is negative."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in posted.lines:
        sums[line.component.value] += line.total
    for part in posted.adjustments:
        sums[part.component.value] += part.amount
    # The ERP's discount is one figure that holds our flat one and every discount adjustment.
    negative = sum((part.amount for part in posted.adjustments if part.amount < 0), ZERO)
    sums[Component.DISCOUNT.value] -= posted.discount + negative
    return _without_zero(sums.items())


def of_order(order: Order) -> dict[str, Decimal]:
    """Sum the shop's sale by component, as it would be posted with every target set; nothing where it cannot be."""
    if fraction_in(order):
        return {}
    policy = Policy(
        external_source=order.external_source,
        tenant=order.tenant,
        go_live=datetime.fromtimestamp(0, UTC),
        fulfilment=Fulfilment.ERP,
        entity_currency=order.currency,
        targets=_EVERYWHERE,
    )
    sale = sale_of(order, policy, {})
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in sale.lines:
        sums[line.component.value] += line.rate * line.quantity
    for part in sale.adjustments:
        sums[part.component.value] += part.amount
    sums[Component.DISCOUNT.value] -= sale.discount
    return _without_zero(sums.items())


def compared(order: Order, posted: Posted | None) -> list[Row]:
    """Put both beside each other, with the total last."""
    shop = of_order(order)
    erp = None if posted is None else of_posted(posted)
    names = [part.value for part in Component if part.value in shop or (erp and part.value in erp)]
    rows = [Row(name, shop.get(name, ZERO), None if erp is None else erp.get(name, ZERO)) for name in names]
    rounding = shop.get(Component.ROUNDING.value, ZERO)
    return [*rows, Row("total", order.totals.total + rounding, None if posted is None else posted.total)]


def _without_zero(sums: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    return {name: amount for name, amount in sums if amount}
