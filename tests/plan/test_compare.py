"""The ERP's document beside the sale: what is added to it, what is too much, and which difference is told."""

from typing import Any

import pytest

from schemas.effect import Component, SaleLine
from schemas.posted import Posted, PostedAdjustment, PostedLine
from service.plan.compare import adjustments_missing, difference, same_lines, total_differs
from service.plan.sale import Sale
from tests.plan.world import ROOT, money

Piece = tuple[str, Component, int, str]
GOODS, TAX, SHIPPING = Component.GOODS, Component.TAX, Component.SHIPPING


def sale(*pieces: Piece, discount: str = "0", adjustments: tuple[PostedAdjustment, ...] = ()) -> Sale:
    lines = tuple(
        SaleLine(line_id=line_id, component=component, sku="S", product="", quantity=count, rate=money(rate))
        for line_id, component, count, rate in pieces
    )
    return Sale(lines, money(discount), adjustments, ())


def document(*pieces: Piece, **changes: Any) -> Posted:
    lines = tuple(
        PostedLine(
            line_id=line_id,
            component=component,
            erp_id=f"line-{at}",
            quantity=count,
            rate=money(rate),
            total=money(rate) * count,
        )
        for at, (line_id, component, count, rate) in enumerate(pieces)
    )
    total = sum((part.total for part in lines), money(0))
    given: dict[str, Any] = {"document": ROOT, "erp_id": "1", "currency": "USD", "lines": lines, "total": total}
    return Posted(**{**given, **changes})


def off(amount: str, label: str = "Discount") -> PostedAdjustment:
    return PostedAdjustment(label=label, component=Component.DISCOUNT, amount=money(amount))


def fee(amount: str, label: str = "Shipping") -> PostedAdjustment:
    return PostedAdjustment(label=label, component=SHIPPING, amount=money(amount))


@pytest.mark.parametrize(
    ("there", "wanted", "added", "fewer"),
    [
        ([("11", GOODS, 2, "10")], [("11", GOODS, 2, "10")], [], False),
        ([("11", GOODS, 2, "10")], [("11", GOODS, 1, "10")], [], True),
        ([("11", GOODS, 2, "10")], [], [], True),
        ([("11", GOODS, 1, "10"), ("12", GOODS, 1, "5")], [("11", GOODS, 1, "10")], [], True),
        ([("11", GOODS, 2, "10")], [("11", GOODS, 2, "10"), ("12", GOODS, 1, "5")], [("12", 1, "5")], False),
        ([("11", GOODS, 2, "10")], [("11", GOODS, 5, "10")], [("11", 3, "10")], False),
        ([("11", GOODS, 2, "10")], [("11", GOODS, 2, "10"), ("11", GOODS, 1, "7")], [("11", 1, "7")], False),
        ([("11", GOODS, 2, "10")], [("11", GOODS, 4, "8")], [("11", 2, "6")], False),
        ([("11", GOODS, 2, "10")], [("11", GOODS, 4, "5")], [("11", 2, "5")], False),
        ([("11", GOODS, 1, "1.00")], [("11", GOODS, 2, "0.75")], [("11", 1, "0.50")], False),
        (
            [("11", GOODS, 2, "10")],
            [("11", GOODS, 5, "10"), ("12", GOODS, 1, "5")],
            [("12", 1, "5"), ("11", 3, "10")],
            False,
        ),
        (
            [("11", GOODS, 1, "10"), ("12", GOODS, 1, "5")],
            [("11", GOODS, 1, "10"), ("12", GOODS, 3, "5")],
            [("12", 2, "5")],
            False,
        ),
        ([("11", GOODS, 1, "10"), ("tax", TAX, 1, "1")], [("11", GOODS, 1, "10"), ("tax", TAX, 1, "2")], [], False),
        (
            [("11", GOODS, 1, "10"), ("tax", TAX, 1, "1")],
            [("11", GOODS, 1, "10"), ("12", GOODS, 1, "5"), ("tax", TAX, 1, "1.50")],
            [("12", 1, "5"), ("tax", 1, "0.50")],
            False,
        ),
        (
            [("11", GOODS, 1, "10"), ("tax", TAX, 1, "1")],
            [("11", GOODS, 1, "10"), ("12", GOODS, 1, "5"), ("tax", TAX, 1, "1")],
            [("12", 1, "5")],
            False,
        ),
        (
            [("11", GOODS, 1, "10"), ("tax", TAX, 1, "1")],
            [("11", GOODS, 1, "10"), ("shipping", SHIPPING, 1, "5"), ("tax", TAX, 1, "1")],
            [("shipping", 1, "5")],
            False,
        ),
        ([("11", GOODS, 1, "10"), ("tax", TAX, 1, "1")], [("11", GOODS, 1, "10")], [], False),
    ],
)
def test_what_a_document_lacks_is_added_and_goods_too_many_are_told(
    there: list[Piece], wanted: list[Piece], added: list[tuple[str, int, str]], fewer: bool
) -> None:
    have, target = document(*there), sale(*wanted)
    found, too_many = difference(have, target)
    assert [(p.line_id, p.quantity, p.rate) for p in found] == [(i, n, money(rate)) for i, n, rate in added]
    assert too_many is fewer
    assert same_lines(have, target) is (not added and not fewer)


@pytest.mark.parametrize(
    ("done", "wanted", "lacks"),
    [
        ((), (fee("5"), off("-2")), ("Shipping", SHIPPING, "5")),
        ((fee("5"),), (fee("5"), off("-2")), ("Discount", Component.DISCOUNT, "-2")),
        ((fee("5"), off("-2")), (fee("5"), off("-2")), None),
        ((fee("2"), fee("2")), (fee("5"),), ("Shipping", SHIPPING, "1")),
        ((fee("7"),), (fee("5"),), ("Shipping", SHIPPING, "-2")),
        ((fee("5", "Other"),), (fee("5"),), ("Shipping", SHIPPING, "5")),
    ],
)
def test_the_first_fee_or_discount_that_is_missing_is_the_next(
    done: tuple[PostedAdjustment, ...], wanted: tuple[PostedAdjustment, ...], lacks: tuple[str, Component, str] | None
) -> None:
    expected = None if lacks is None else (lacks[0], lacks[1], money(lacks[2]))
    missing = adjustments_missing(sale(adjustments=wanted), document(adjustments=done))
    assert next(iter(missing), None) == expected


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"discount": money("6")}, "discount is 6, expected 5"),
        ({"fees": money("4")}, "fees is 4, expected 0.50"),
        ({"tax": money("1")}, "tax computed by the ERP is 1, expected 0"),
        ({"shipping": money("1")}, "shipping computed by the ERP is 1, expected 0"),
        ({"total": money("15.51")}, "total is 15.51, expected 15.50"),
    ],
)
def test_the_erp_must_have_every_component_as_the_shop_has_it(changes: dict[str, Any], told: str) -> None:
    target = sale(("11", GOODS, 2, "10"), discount="4", adjustments=(fee("0.50"), off("-1")))
    same: dict[str, Any] = {"discount": money(5), "fees": money("0.50"), "total": money("15.50"), "erp_number": "SO-1"}
    found = total_differs(document(("11", GOODS, 2, "10"), **{**same, **changes}), target)
    assert isinstance(found, str)
    assert told in found
    assert bool(found) is bool(told)


def test_a_line_that_the_erp_priced_otherwise_is_named_with_both_amounts() -> None:
    target = sale(("11", GOODS, 2, "10"), ("12", GOODS, 1, "1"))
    assert total_differs(document(("11", GOODS, 1, "10"), ("11", GOODS, 1, "10")), target) == (
        "the ERP has 0 for goods 12, the shop 1"
    )
