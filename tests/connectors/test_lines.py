"""What kind of thing a line sells, how much of it is left, and which charge means that the buyer fetches it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import ConnectorError, Invalid
from schemas.event import Event
from schemas.order import LineCategory, Order

Load = Callable[[str], dict[str, Any]]
Run = Callable[[dict[str, Any]], tuple[Event | ConnectorError, ...]]
Body = dict[str, Any]
Read = Callable[..., Event | ConnectorError]


@pytest.fixture
def read(case: Load, run: Run) -> Read:
    """What becomes of the plain web order after changes of its first line, its first charge, and itself."""

    def one(
        *, line: Body | None = None, charge: Body | None = None, without: str = "", **fields: object
    ) -> Event | ConnectorError:
        given = case("order_web_raw")
        body: Body = given["value"]
        body.update(fields)
        body["line_items"][0].update(line or {})
        body["line_items"][0].pop(without, None)
        body["shipping_lines"][0].update(charge or {})
        (outcome,) = run(given)
        return outcome

    return one


def order_of(outcome: Event | ConnectorError) -> Order:
    assert isinstance(outcome, Event), outcome
    (fact,) = (fact for fact in outcome.facts if isinstance(fact, Order))
    return fact


@pytest.mark.parametrize(
    ("line", "category"),
    [
        ({"product_id": None, "variant_id": None, "sku": None}, LineCategory.CUSTOM),
        ({"product_id": None, "variant_id": None, "sku": ""}, LineCategory.CUSTOM),
        ({"product_id": 7, "variant_id": None, "sku": None}, LineCategory.STOCK),
        ({"product_id": None, "variant_id": 7, "sku": None}, LineCategory.STOCK),
        ({"product_id": None, "variant_id": None, "sku": "BOX"}, LineCategory.STOCK),
        ({"product_id": 7, "variant_id": 7, "sku": "CARD", "gift_card": True}, LineCategory.GIFT_CARD),
    ],
)
def test_a_line_is_custom_only_where_nothing_names_a_product(read: Read, line: Body, category: LineCategory) -> None:
    assert order_of(read(line=line)).lines[0].category is category


@pytest.mark.parametrize(
    ("line", "is_tip"),
    [
        ({"product_id": None, "title": " Tip ", "quantity": 1, "price": "4.00"}, True),
        ({"product_id": None, "title": "TIP", "quantity": 2, "price": "2.00"}, True),
        ({"product_id": None, "title": "Tip", "quantity": 1, "price": "4.01"}, False),
        ({"product_id": None, "title": "Engraving", "quantity": 1, "price": "4.00"}, False),
        ({"product_id": None, "title": None, "quantity": 1, "price": "4.00"}, False),
        ({"product_id": 7, "title": "Tip", "quantity": 1, "price": "4.00"}, False),
    ],
)
def test_a_tip_by_title_is_no_product_and_worth_what_the_order_says(read: Read, line: Body, is_tip: bool) -> None:
    found = order_of(read(line=line, total_tip_received="4.00")).lines[0]
    assert (found.category is LineCategory.TIP) is is_tip


def test_a_tip_by_title_may_state_its_price_in_a_set_alone(read: Read) -> None:
    price = {"shop_money": {"amount": "4.00", "currency_code": "USD"}}
    tip = {"product_id": None, "title": "Tip", "quantity": 1, "price_set": price}
    found = order_of(read(line=tip, without="price", total_tip_received="4.00")).lines[0]
    assert (found.category, found.unit_price) == (LineCategory.TIP, Decimal("4.00"))


def test_a_tip_by_title_without_any_price_is_refused(read: Read) -> None:
    tip = {"product_id": None, "title": "Tip", "quantity": 1, "price_set": None}
    found = read(line=tip, without="price", total_tip_received="4.00")
    assert isinstance(found, Invalid)
    assert "line_items[0].price" in str(found)


def test_a_line_and_a_tax_without_a_title_have_none(read: Read) -> None:
    found = order_of(read(line={"name": None, "title": None, "tax_lines": [{"title": None, "price": "1.00"}]}))
    assert found.lines[0].title == ""
    assert [(tax.title, tax.amount) for tax in found.lines[0].taxes] == [("", Decimal("1.00"))]


def test_a_line_and_its_duty_without_taxes_have_none(read: Read) -> None:
    duty = {"shop_money": {"amount": "2.00", "currency_code": "USD"}}
    found = order_of(read(line={"tax_lines": None, "duties": [duty]}))
    assert (found.lines[0].taxes, found.lines[0].duties) == ((), Decimal("2.00"))


def test_tax_on_a_duty_is_tax_of_its_line(read: Read) -> None:
    duty = {"shop_money": {"amount": "2.00", "currency_code": "USD"}, "tax_lines": [{"price": "0.40"}]}
    found = order_of(read(line={"tax_lines": [{"price": "1.00"}], "duties": [duty]}))
    assert [tax.amount for tax in found.lines[0].taxes] == [Decimal("1.00"), Decimal("0.40")]


def test_an_amount_that_names_no_currency_is_in_the_orders(read: Read) -> None:
    found = order_of(read(line={"duties": [{"shop_money": {"amount": "2.00"}}]}))
    assert (found.currency, found.lines[0].duties) == ("USD", Decimal("2.00"))


def test_an_amount_in_another_currency_than_the_order_is_refused(read: Read) -> None:
    duty = {"shop_money": {"amount": "2.00", "currency_code": "EUR"}}
    outcome = read(line={"duties": [duty]})
    assert isinstance(outcome, Invalid)
    assert outcome.field == "line_items[0].duties[0]"


def test_a_sum_is_refused_from_the_first_amount_that_is_too_large(read: Read) -> None:
    half = "50000000000000"
    outcome = read(line={"discount_allocations": [{"amount": half}, {"amount": half}]})
    assert isinstance(outcome, Invalid)
    assert outcome.detail.endswith("is too large for an amount")
    below = read(line={"discount_allocations": [{"amount": half}, {"amount": "49999999999999.99"}]})
    assert order_of(below).lines[0].discount == Decimal("99999999999999.99")


@pytest.mark.parametrize(("given_back", "left"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_what_is_left_of_an_old_line_is_what_was_not_given_back(read: Read, given_back: int, left: int) -> None:
    refund = {
        "id": 5,
        "created_at": "2026-06-03T09:00:00Z",
        "refund_line_items": [{"line_item_id": 4242, "quantity": given_back, "subtotal": "0.00"}],
    }
    outcome = read(line={"id": 4242, "quantity": 2}, without="current_quantity", refunds=[refund])
    assert order_of(outcome).lines[0].current_quantity == left


@pytest.mark.parametrize(
    ("charge", "fetched"),
    [
        ({"delivery_category": "pick-up"}, True),
        ({"source": "Store Pick Up"}, True),
        ({"code": "PICKUP 2"}, True),
        ({"code": "local_pick_up_counter"}, True),
        ({"code": "pick of the day"}, False),
        ({"delivery_category": None, "source": None, "code": None}, False),
    ],
)
def test_a_charge_says_that_the_buyer_fetches_the_goods_in_many_spellings(
    read: Read, charge: Body, fetched: bool
) -> None:
    assert order_of(read(charge=charge)).pick_up is fetched


def test_a_charge_without_id_and_taxes_has_none(read: Read) -> None:
    found = order_of(read(charge={"id": None, "title": None, "tax_lines": None})).shipping[0]
    assert (found.external_id, found.title, found.taxes) == ("", "", ())
