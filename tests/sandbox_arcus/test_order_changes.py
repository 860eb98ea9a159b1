from decimal import Decimal

import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.trial import Books, expect


async def test_a_line_is_added_and_the_total_follows(books: Books) -> None:
    order = await books.created()
    line = expect(await books.call("POST", f"/orders/{order['id']}/items", books.line("BULKY", 2)), 201).doc
    assert (line["sku"], line["sort_order"]) == ("BULKY", 1)
    assert (await books.get(f"/orders/{order['id']}"))["order_total"] == 28


async def test_lines_are_added_all_or_none(books: Books) -> None:
    order = await books.created()
    path = f"/orders/{order['id']}/items/bulk"
    done = expect(await books.call("POST", path, {"items": [books.line(), books.line("BULKY")]}), 200).body
    assert (done["object"], done["processed"], len(done["items"]), done["errors"]) == ("bulk_add_result", 2, 2, [])
    failed = await books.call("POST", path, {"items": [books.line(), books.line("OLD")]})
    assert (failed.code, failed.body["param"]) == ("line_item_failed", "items[1].product_id")
    assert (await books.call("POST", path, {"items": []})).code == "validation_failed"
    assert (await books.call("POST", path, {"items": [books.line()] * 251})).code == "validation_failed"
    assert (await books.get(f"/orders/{order['id']}"))["order_total"] == 29


async def test_fees_and_discounts_change_the_total_at_once(books: Books) -> None:
    order = await books.created(books.line("TEA", 3))
    path = f"/orders/{order['id']}/adjustments"
    fee: Doc = {"name": "Shipping", "effect_type": "fee", "discount_type": "fixed_amount", "value": 4.5}
    changed = expect(await books.call("POST", path, fee), 200).doc
    assert (changed["fee_total"], changed["order_total"]) == (4.5, 34.5)
    percent = {"name": "Off", "effect_type": "discount", "discount_type": "percentage", "value": 10}
    changed = expect(await books.call("POST", path, percent), 200).doc
    assert (changed["discount_total"], changed["order_total"], changed["balance_due"]) == (3, 31.5, 31.5)
    assert [row["adjustment_type"] for row in changed["adjustments"]] == ["fee", "discount"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"name": None}, "name"),
        ({"effect_type": "gift"}, "effect_type"),
        ({"discount_type": "flat"}, "discount_type"),
        ({"value": None}, "value"),
        ({"value": 1000}, "value"),
        ({"value": 0.001}, "value"),
    ],
)
async def test_a_wrong_adjustment_is_refused_by_name(books: Books, change: Doc, param: str) -> None:
    order = await books.created()
    body = {"name": "x", "effect_type": "discount", "discount_type": "fixed_amount", "value": 1, **change}
    answer = await books.call("POST", f"/orders/{order['id']}/adjustments", body)
    assert (answer.status, answer.body["param"]) == (400, param)


async def test_an_unknown_or_closed_order_takes_no_adjustment(books: Books) -> None:
    body = {"name": "x", "effect_type": "fee", "discount_type": "fixed_amount", "value": 1}
    assert (await books.call("POST", "/orders/none/adjustments", body)).code == "order_not_found"
    order = await books.created()
    await books.call("POST", f"/orders/{order['id']}/cancel", {})
    closed = await books.call("POST", f"/orders/{order['id']}/adjustments", body)
    assert (closed.status, closed.code) == (422, "order_not_editable")


async def test_tax_is_computed_by_local_rates_after_the_discount_and_spread_over_lines(books: Books) -> None:
    await books.driver.control("seed", {"entity": "usd", "settings": {"tax_rates": {"CA": 0.0725}}})
    order = await books.created(
        books.line("TEA", 1), books.line("BULKY", 1), books.line("SHIPPING", sell_rate=5),
        discount={"type": "percentage", "value": 10}, auto_compute_tax=True,
    )  # fmt: skip
    # taxable 19.00 of 24.00; its share of the 2.40 discount is 1.90; 17.10 at 7.25 % is 1.23975
    assert (order["discount_total"], order["tax_total"], order["order_total"]) == (
        Decimal("2.4"),
        Decimal("1.24"),
        Decimal("22.84"),
    )
    assert [line["tax_amount"] for line in order["line_items"]] == [Decimal("0.65"), Decimal("0.59"), 0]
    assert order["tax_lines"][0]["jurisdiction"] == "CA"


async def test_no_tax_is_computed_where_exempt_abroad_or_the_service_is_down(books: Books) -> None:
    exempt = await books.created(tax_exempt=True, avatax_entity_code="G", auto_compute_tax=True)
    assert exempt["tax_total"] == 0
    await books.driver.control("seed", {"entity": "usd", "settings": {"tax_down": True}})
    order = await books.created(auto_compute_tax=True)
    assert (order["tax_total"], order["tax_lines"]) == (0, [])
    await books.driver.control("seed", {"entity": "usd", "settings": {"tax_down": False}})
    again = expect(await books.call("POST", f"/orders/{order['id']}/recalculate"), 200).doc
    assert (again["tax_total"], again["order_total"]) == (Decimal("0.8"), Decimal("10.8"))


async def test_an_exempt_accounts_orders_are_exempt_without_saying_so(books: Books) -> None:
    body = {"tax_exempt": True, "avatax_entity_code": "G"}
    expect(await books.call("PATCH", f"/accounts/{books.buyer}", body), 200)
    order = await books.created(auto_compute_tax=True)
    assert (order["tax_exempt"], order["tax_total"]) == (True, 0)
