"""From an order to the lines of the ERP, and the sums that have to be even before anything is posted (books 6, 8)."""

from typing import Any

import pytest

from schemas.base import Kind
from schemas.effect import Component, SaleLine
from schemas.order import LineCategory, Shipping
from schemas.outcome import OutcomeName, Reason
from schemas.posted import PostedAdjustment
from service.plan.policy import Targets
from service.plan.sale import (
    current_fails,
    equation_fails,
    fraction_in,
    reduction_of,
    refund_fails,
    refund_value,
    removed_unexplained,
    sale_of,
)
from tests.plan.world import TARGETS, World, back, line, money, order, payment, policy, refund, tax

Posting = tuple[Component, str, int, str]


def postings(lines: tuple[SaleLine, ...]) -> list[Posting]:
    return [(part.component, part.product or part.sku, part.quantity, str(part.rate)) for part in lines]


def amounts(adjustments: tuple[PostedAdjustment, ...]) -> list[tuple[str, Component, str]]:
    return [(part.label, part.component, str(part.amount)) for part in adjustments]


def test_custom_goods_without_a_target_are_asked_for_as_goods() -> None:
    verdict = World(policy(targets=Targets())).see(order(line(category=LineCategory.CUSTOM, sku=""))).verdict()
    assert (verdict.reason, verdict.release) == (Reason.TARGET_MISSING, "target:goods")


@pytest.mark.parametrize(
    ("category", "product"),
    [
        (LineCategory.CUSTOM, "sku:CUSTOM"),
        (LineCategory.GIFT_CARD, "sku:GIFT"),
        (LineCategory.TIP, "sku:TIP"),
    ],
)
def test_what_is_no_stock_goes_on_its_target_piece_by_piece_with_its_title(
    category: LineCategory, product: str
) -> None:
    sold = sale_of(order(line(category=category, sku="", title="Love", quantity=3, price="1.00")), policy(), {})
    assert [(p.line_id, p.product, p.quantity, p.rate, p.note) for p in sold.lines] == [
        ("11", product, 3, money("1.00"), "Love")
    ]


def test_stock_is_noted_by_its_properties_alone() -> None:
    sold = sale_of(order(line(properties=(("Engraving", "Mum"), ("Size", "7")))), policy(), {})
    assert [(p.sku, p.note) for p in sold.lines] == [("SKU-11", "Engraving: Mum; Size: 7")]


@pytest.mark.parametrize(
    ("rounding", "lines", "adjustments"),
    [
        ("0.02", [(Component.ROUNDING, "sku:ROUND", 1, "0.02")], []),
        ("0.00", [], []),
        ("-0.02", [], [("ROUND", Component.ROUNDING, "-0.02")]),
    ],
)
def test_an_erp_has_no_negative_lines_so_that_rounding_down_is_an_adjustment(
    rounding: str, lines: list[Posting], adjustments: list[tuple[str, Component, str]]
) -> None:
    rules = policy(targets=TARGETS.model_copy(update={"rounding": "sku:ROUND"}))
    sold = sale_of(order(cash_rounding=money(rounding)), rules, {})
    assert postings(sold.lines)[1:] == lines
    assert amounts(sold.adjustments) == adjustments
    assert sold.total == money("20.00") + money(rounding)


def test_included_tax_on_shipping_is_taken_out_of_its_price() -> None:
    charge = Shipping(title="Express", price=money("6.00"), taxes=(tax("1.00"),))
    sold = sale_of(order(line(taxes=(tax("2.00"),)), shipping=(charge,), taxes_included=True), policy(), {})
    assert postings(sold.lines) == [
        (Component.GOODS, "SKU-11", 2, "9.00"),
        (Component.SHIPPING, "sku:SHIP", 1, "5.00"),
        (Component.TAX, "sku:TAX", 1, "3.00"),
    ]
    assert sold.total == money("26.00")


def test_a_line_that_lost_pieces_keeps_their_share_of_everything() -> None:
    """A third of the pieces went: a third of tax, discount and duties went with them, rounded to the cent."""
    whole = line(
        quantity=3,
        current_quantity=2,
        taxes=(tax("1.00"), tax("0.50", channel_liable=True)),
        discount=money("3.00"),
        duties=money("0.91"),
    )
    sold = sale_of(order(whole), policy(), {"11": 1})
    assert postings(sold.lines) == [
        (Component.GOODS, "SKU-11", 2, "10.00"),
        (Component.DUTIES, "sku:DUTY", 1, "0.61"),
        (Component.TAX, "sku:TAX", 1, "0.67"),
        (Component.TAX, "sku:MKT-TAX", 1, "0.33"),
    ]
    assert sold.discount == money("2.00")


def test_a_line_that_lost_every_piece_leaves_nothing() -> None:
    gone = line("12", quantity=2, current_quantity=0, taxes=(tax("1.00"),), discount=money("1.00"))
    sold = sale_of(order(line(), gone), policy(), {"12": 2})
    assert postings(sold.lines) == [(Component.GOODS, "SKU-11", 2, "10.00")]
    assert sold.discount == 0


def test_tips_are_posted_once_whether_or_not_they_have_a_line() -> None:
    tip = line("14", quantity=1, price="3.00", category=LineCategory.TIP, sku="")
    with_line = order(line(), tip)
    bare = order()
    stated = bare.model_copy(update={"totals": bare.totals.model_copy(update={"tips": money("3.00")})})
    for sold in (with_line, stated):
        found = sale_of(sold, policy(), {})
        assert [p.rate for p in found.lines if p.component is Component.TIPS] == [money("3.00")]
        assert found.total == money("23.00")


def test_all_tax_of_another_merchant_of_record_is_his() -> None:
    sold = sale_of(order(line(taxes=(tax("2.00"),)), merchant_of_record="Global-E"), policy(), {})
    assert postings(sold.lines)[1:] == [(Component.TAX, "sku:MKT-TAX", 1, "2.00")]


@pytest.mark.parametrize(
    ("discount", "taken_at_once", "afterwards"),
    [("19.99", "19.99", []), ("20.00", "20.00", []), ("22.00", "20.00", ["5.00", "-2.00"])],
)
def test_only_what_the_lines_cannot_bear_of_a_discount_waits_for_the_fee(
    discount: str, taken_at_once: str, afterwards: list[str]
) -> None:
    rules = policy(targets=TARGETS.model_copy(update={"shipping": "fee:Shipping"}))
    charge = (Shipping(price=money("5.00")),) if afterwards else ()
    sold = sale_of(order(line(discount=money(discount)), shipping=charge), rules, {})
    assert sold.discount == money(taken_at_once)
    assert [str(part.amount) for part in sold.adjustments] == afterwards


def test_removed_pieces_are_what_neither_the_order_nor_a_refund_has_any_more() -> None:
    tip = line("14", quantity=1, current_quantity=0, price="3.00", category=LineCategory.TIP, sku="")
    sold = order(line(quantity=5, current_quantity=1), line("12", current_quantity=1), line("13"), tip)
    first, second = refund("81", back(quantity=1), back("12", 1)), refund("82", back(quantity=1))
    assert removed_unexplained(sold, {"81": first, "82": second}) == {"11": 2}
    assert removed_unexplained(sold, {}) == {"11": 4, "12": 1}


@pytest.mark.parametrize(
    ("stated", "which"),
    [
        ({"lines": "39.00"}, "lines add up to 40.00"),
        ({"discounts": "1.00"}, "discounts add up to 3.00"),
        ({"shipping": "4.00"}, "shipping charges add up to 5.00"),
        ({"tax": "1.00"}, "taxes add up to 2.50"),
        ({"tips": "2.00"}, "tips add up to 3.00"),
        ({"duties": "1.00"}, "total is 50.50"),
        ({"fees": "2.00"}, "total is 50.50"),
        ({"total": "50.49"}, "total is 50.49"),
        ({}, ""),
    ],
)
def test_the_first_sum_that_is_not_even_is_named(stated: dict[str, str], which: str) -> None:
    sold = order(
        line(quantity=4, taxes=(tax("2.00"),), discount=money("2.00"), duties=money("2.00")),
        line("14", quantity=2, price="1.50", category=LineCategory.TIP, sku=""),
        shipping=(Shipping(price=money("5.00"), discount=money("1.00"), taxes=(tax("0.50"),)),),
        fees=money("1.00"),
    )
    assert sold.totals.total == money("50.50")
    changed = sold.totals.model_copy(update={name: money(text) for name, text in stated.items()})
    found = equation_fails(sold.model_copy(update={"totals": changed}))
    assert which in found
    assert bool(found) is bool(stated)


@pytest.mark.parametrize(
    ("sold", "what"),
    [
        (order(line(discount=money("0.005"))), "line 11 has 0.005"),
        (order(line(duties=money("0.005"))), "line 11 has 0.005"),
        (order(line(taxes=(tax("0.005"),))), "line 11 has 0.005"),
        (order(line(price="10.005", quantity=3)), "line 11 has 30.015"),
        (order(shipping=(Shipping(price=money("0.005")),)), "shipping has 0.005"),
        (order(shipping=(Shipping(price=money(1), discount=money("0.005")),)), "shipping has 0.005"),
        (order(shipping=(Shipping(price=money(1), taxes=(tax("0.005"),)),)), "shipping has 0.005"),
        (order(cash_rounding=money("0.005")), "cash rounding is 0.005"),
        (order(line(price="10.5"), currency="JPY"), ""),
        (order(line(price="10.5", quantity=1), currency="JPY"), "a fraction that JPY does not know"),
        (order(), ""),
    ],
)
def test_an_order_with_a_fraction_of_the_smallest_coin_names_it(sold: Any, what: str) -> None:
    found = fraction_in(sold)
    assert what in found
    assert isinstance(found, str)
    assert bool(found) is bool(what)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"shipping": "-1.00"}, "shipping is -1.00 USD"),
        ({"shipping_tax": "0.005"}, "the tax on shipping is 0.005 USD"),
        ({"duties": "-1.00"}, "duties is -1.00 USD"),
        ({"fees": "0.005"}, "fees is 0.005 USD"),
        ({"discrepancy": "0.005"}, "discrepancy is 0.005 USD"),
        ({"discrepancy": "-1.00"}, ""),
        ({}, ""),
    ],
)
def test_what_nobody_can_give_back_is_named(changes: dict[str, str], what: str) -> None:
    given: dict[str, Any] = {name: money(text) for name, text in changes.items()}
    found = refund_fails(refund("81", back(), **given), "USD")
    assert what in found
    assert bool(found) is bool(what)


def test_the_tax_of_a_refunded_line_is_looked_at_too() -> None:
    assert refund_fails(refund("81", back(tax=money("-0.01"))), "USD").startswith("the tax of line 11 is -0.01 USD")


@pytest.mark.parametrize(("included", "value"), [(False, "19.50"), (True, "18.50")])
def test_a_refund_takes_goods_shipping_duties_and_fees_off_the_sale(included: bool, value: str) -> None:
    gone = refund(
        "81",
        back(tax=money("1.00")),
        shipping=money("5.00"),
        shipping_tax=money("0.50"),
        duties=money("2.00"),
        fees=money("1.00"),
        discrepancy=money("7.00"),
    )
    assert refund_value(gone, taxes_included=included) == money(value)


def test_the_current_total_is_the_sale_without_what_the_body_knows_to_be_refunded() -> None:
    known, later = refund("81", back()), refund("82", back())
    sold = order(refund_ids=("81", "404"), current_total=money("10.00"), cash_rounding=money("-0.02"))
    sale = sale_of(sold, policy(), {})
    assert current_fails(sold, {"81": known, "82": later}, sale) == ""
    told = current_fails(sold, {}, sale)
    assert "sale 20.00 - refunded 0 = 20.00" in told
    assert "current total is 10.00 USD" in told


def test_a_return_gives_duties_and_fees_back_on_their_targets() -> None:
    gone = refund("81", back(), duties=money("2.00"), fees=money("1.00"))
    found = reduction_of(gone, order(), policy())
    assert postings(found.lines)[1:] == [
        (Component.DUTIES, "sku:DUTY", 1, "2.00"),
        (Component.FEES, "sku:FEE", 1, "1.00"),
    ]
    assert found.total == money("13.00")


def test_all_tax_of_another_merchant_of_record_goes_back_to_him() -> None:
    sold = order(line(taxes=(tax("1.50", channel_liable=True), tax("0.50"))), merchant_of_record="Global-E")
    found = reduction_of(refund("81", back(tax=money("1.00"))), sold, policy())
    assert postings(found.lines)[1:] == [(Component.TAX, "sku:MKT-TAX", 1, "1.00")]


@pytest.mark.parametrize(
    ("discrepancy", "kept"),
    [("-2.00", [("Kept back", Component.DISCOUNT, "-2.00")]), ("0.00", []), ("2.00", [])],
)
def test_only_what_the_shop_kept_lowers_a_return(discrepancy: str, kept: list[tuple[str, Component, str]]) -> None:
    found = reduction_of(refund("81", back(), discrepancy=money(discrepancy)), order(), policy())
    assert amounts(found.adjustments) == kept


def test_a_refund_of_shipping_duties_and_fees_is_posted_and_the_cash_goes_with_it() -> None:
    sold = order(
        line(duties=money("2.00")),
        shipping=(Shipping(price=money("5.00")),),
        fees=money("1.00"),
        current_total=money("20.00"),
        refund_ids=("81",),
    )
    gone = refund("81", shipping=money("5.00"), duties=money("2.00"), fees=money("1.00"))
    world = World().see(sold, payment(amount="28.00"), gone)
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.posted[gone.ref].total == money("8.00")
