"""The sale beside the ERP's document: what is to be added, what is too much, where the two differ. Pure."""

from __future__ import annotations

from decimal import Decimal

from schemas.effect import Component, SaleLine
from schemas.posted import Posted
from service.plan.sale import Sale


def _quantities(lines: tuple[SaleLine, ...]) -> dict[tuple[str, Component], tuple[int, Decimal]]:
    sums: dict[tuple[str, Component], tuple[int, Decimal]] = {}
    for line in lines:
        count, total = sums.get((line.line_id, line.component), (0, Decimal(0)))
        sums[line.line_id, line.component] = (count + line.quantity, total + line.rate * line.quantity)
    return sums


def difference(have: Posted, sale: Sale) -> tuple[tuple[SaleLine, ...], bool]:
    """Return the lines to add, and whether the ERP's document holds goods that the sale no longer has."""
    there: dict[str, int] = {}
    money: dict[tuple[str, Component], Decimal] = {}
    for line in have.lines:
        there[line.line_id] = there.get(line.line_id, 0) + line.quantity
        key = (line.line_id, line.component)
        money[key] = money.get(key, Decimal(0)) + line.total
    wanted = _quantities(sale.lines)
    counts = {line_id: count for (line_id, component), (count, _) in wanted.items() if component is Component.GOODS}
    fewer = any(
        line.component is Component.GOODS and counts.get(line.line_id, 0) < there[line.line_id] for line in have.lines
    )
    new = [line for line in sale.lines if line.line_id not in there]
    # A charge on a target that grew (tax on added goods): its difference is a further line.
    for (line_id, component), (count, total) in wanted.items():
        grown = total - money.get((line_id, component), total)
        if line_id in there and component is not Component.GOODS and grown > 0 and new:
            model = next(line for line in sale.lines if line.line_id == line_id)
            new.append(model.model_copy(update={"quantity": 1, "rate": grown}))
        elif component is Component.GOODS and line_id in there and count > there[line_id]:
            model = next(line for line in sale.lines if line.line_id == line_id)
            extra = count - there[line_id]
            new.append(model.model_copy(update={"quantity": extra, "rate": grown / extra if grown > 0 else model.rate}))
    return tuple(new), fewer


def same_lines(have: Posted, sale: Sale) -> bool:
    """Whether the ERP's document already has these pieces."""
    added, fewer = difference(have, sale)
    return not added and not fewer


def adjustments_missing(sale: Sale, have: Posted) -> list[tuple[str, Component, Decimal]]:
    """Return the fees and discounts that the ERP's document still lacks: label, component, amount."""
    done: dict[tuple[str, Component], Decimal] = {}
    for part in have.adjustments:
        done[part.label, part.component] = done.get((part.label, part.component), Decimal(0)) + part.amount
    return [
        (part.label, part.component, rest)
        for part in sale.adjustments
        if (rest := part.amount - done.get((part.label, part.component), Decimal(0)))
    ]


def total_differs(have: Posted, sale: Sale) -> str:
    """Compare the ERP's document with the sale, component by component; returns the first difference in words."""
    wanted = _quantities(sale.lines)
    there: dict[tuple[str, Component], Decimal] = {}
    for line in have.lines:
        key = (line.line_id, line.component)
        there[key] = there.get(key, Decimal(0)) + line.total
    for key, (_, total) in wanted.items():
        if there.get(key, Decimal(0)) != total:
            return f"the ERP has {there.get(key, 0)} for {key[1]} {key[0]}, the shop {total}"
    reductions = sum((part.amount for part in sale.adjustments if part.amount < 0), Decimal(0))
    for name, ours, theirs in (
        ("discount", sale.discount - reductions, have.discount),
        ("fees", sum((part.amount for part in sale.adjustments if part.amount > 0), Decimal(0)), have.fees),
        ("tax computed by the ERP", Decimal(0), have.tax),
        ("shipping computed by the ERP", Decimal(0), have.shipping),
        ("total", sale.total, have.total),
    ):
        if ours != theirs:
            return f"the ERP's {name} is {theirs}, expected {ours} {have.currency}; correct {have.erp_number} by hand"
    return ""
