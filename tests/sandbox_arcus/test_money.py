from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.arcus.errors import Refusal
from sandbox.arcus.journal import parse
from sandbox.arcus.money import amount, encode, percentage, positive, quantum, rounded
from sandbox.arcus.trial import Books, expect


@pytest.mark.parametrize(("currency", "smallest"), [("JPY", "1"), ("USD", "0.01"), ("eur", "0.01"), ("KWD", "0.001")])
def test_the_smallest_amount_is_the_currencys(currency: str, smallest: str) -> None:
    assert quantum(currency) == Decimal(smallest)


@given(
    st.decimals(min_value=0, max_value=10**11 - 1, places=3, allow_nan=False, allow_infinity=False),
)
def test_an_amount_survives_the_journey_as_a_json_number(value: Decimal) -> None:
    assert parse(encode({"value": value}))["value"] == value


def test_whole_amounts_are_written_without_a_point() -> None:
    assert encode([Decimal("12.00"), Decimal("12.50"), Decimal("0.001"), Decimal(0)]) == b"[12,12.5,0.001,0]"


def test_halves_are_rounded_up() -> None:
    assert [rounded(Decimal(value), Decimal("0.01")) for value in ("0.005", "1.004", "2.675")] == [
        Decimal("0.01"),
        Decimal("1.00"),
        Decimal("2.68"),
    ]


@pytest.mark.parametrize("value", ["1", 1.5, True, None, -1, Decimal("-0.01"), Decimal("0.001"), 10**11, [1]])
def test_what_is_no_amount_is_refused_by_its_path(value: object) -> None:
    with pytest.raises(Refusal) as refused:
        amount(value, param="x[0].y", smallest=Decimal("0.01"), status=422)
    assert (refused.value.status, refused.value.code, refused.value.param) == (422, "validation_failed", "x[0].y")


def test_zero_is_an_amount_but_not_a_positive_one() -> None:
    assert amount(0, param="x", smallest=Decimal(1)) == 0
    with pytest.raises(Refusal):
        positive(0, param="x", smallest=Decimal(1))
    with pytest.raises(Refusal):
        percentage(101, param="x")


async def test_an_order_in_yen_has_no_decimals(yen: Books) -> None:
    refused = await yen.call("POST", "/orders", yen.order(yen.line(sell_rate=99.5)))
    assert (refused.code, refused.body["param"]) == ("validation_failed", "line_items[0].sell_rate")
    order = await yen.created(yen.line("TEA", 3, sell_rate=333), discount={"type": "percentage", "value": 5})
    assert (order["subtotal"], order["discount_total"], order["order_total"]) == (999, 50, 949)
    taxed = await yen.created(yen.line("TEA", 1, sell_rate=99), auto_compute_tax=True)
    assert (taxed["tax_total"], taxed["order_total"]) == (8, 107)


async def test_an_order_in_dollars_adds_up_to_the_cent(books: Books) -> None:
    lines = [books.line("TEA", 3, sell_rate=Decimal("0.1")), books.line("TEA", 1, sell_rate=Decimal("0.2"))]
    order = await books.created(*lines, discount={"type": "percentage", "value": Decimal("33.3")})
    assert (order["subtotal"], order["discount_total"], order["order_total"]) == (
        Decimal("0.5"),
        Decimal("0.17"),
        Decimal("0.33"),
    )


async def test_an_order_in_dinars_has_three_decimals(dinar: Books) -> None:
    order = await dinar.created(
        dinar.line("TEA", 3, sell_rate=Decimal("1.005")), discount={"type": "flat", "value": Decimal("0.001")}
    )
    assert order["order_total"] == Decimal("3.014")
    assert (await dinar.call("POST", "/orders", dinar.order(dinar.line(sell_rate=Decimal("1.0005"))))).status == 400


async def test_a_drifting_product_costs_one_minor_unit_more_than_was_sent(books: Books, yen: Books) -> None:
    assert (await books.created(books.line("DRIFT-1", 2, sell_rate=5)))["order_total"] == Decimal("10.02")
    assert (await yen.created(yen.line("DRIFT-1", 2, sell_rate=5)))["order_total"] == 12


async def test_cents_exist_only_where_the_currency_has_them(yen: Books, dinar: Books) -> None:
    for books in (yen, dinar):
        order = await books.confirmed()
        paid = await books.paid(order)
        answer = await books.call("POST", f"/orders/{order['id']}/payments/{paid['id']}/refund", {"amount": 100})
        assert (answer.status, answer.code) == (422, "unsupported_currency")


async def test_an_order_read_back_after_payments_balances_to_the_minor_unit(dinar: Books) -> None:
    order = await dinar.confirmed(dinar.line(sell_rate=Decimal("10.001")))
    await dinar.paid(order, Decimal("3.334"))
    await dinar.paid(order, Decimal("3.334"))
    read = await dinar.get(f"/orders/{order['id']}")
    assert (read["amount_paid"], read["balance_due"], read["payment_status"]) == (
        Decimal("6.668"),
        Decimal("3.333"),
        "partially_paid",
    )
    expect(await dinar.call("POST", "/payments/multi-invoice-apply", dinar.payment(read)), 201)
    assert (await dinar.get(f"/orders/{order['id']}"))["payment_status"] == "paid"
