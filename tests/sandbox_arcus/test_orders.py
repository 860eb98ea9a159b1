import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.trial import Books, expect


@pytest.mark.parametrize(
    ("kind", "prefix"), [("quote", "Q-"), ("sales_order", "SO-"), ("invoice", "INV-"), ("return", "RET-")]
)
async def test_every_customer_document_is_created_as_a_draft(books: Books, kind: str, prefix: str) -> None:
    order = await books.created(document_type=kind)
    assert order["order_number"].startswith(prefix)
    assert (order["document_type"], order["order_status"], order["payment_status"]) == (kind, "draft", "unpaid")
    assert order["order_total"] == order["balance_due"] == 10


async def test_a_purchase_order_needs_a_vendor_and_a_sales_order_a_customer(books: Books) -> None:
    made = await books.created(books.line(cost_rate=3), document_type="purchase_order", account_id=books.vendor)
    assert made["order_total"] == 3
    wrong = await books.call("POST", "/orders", books.order(account_id=books.vendor))
    assert (wrong.status, wrong.code) == (422, "account_role_mismatch")
    wrong = await books.call("POST", "/orders", books.order(document_type="purchase_order"))
    assert (wrong.status, wrong.code) == (422, "account_role_mismatch")


async def test_a_minimal_order_takes_its_defaults_from_the_account(books: Books) -> None:
    body = {"document_type": "sales_order", "account_id": books.buyer}
    order = expect(await books.call("POST", "/orders", body), 201).doc
    account = await books.get(f"/accounts/{books.buyer}")
    shipping, billing = account["addresses"]
    assert (order["shipping_address_id"], order["billing_address_id"]) == (shipping["id"], billing["id"])
    assert order["line_items"] == order["payments"] == order["tax_lines"] == []
    assert order["order_total"] == 0


async def test_the_created_order_shows_its_lines_and_what_was_sent_along(books: Books) -> None:
    order = await books.created(
        books.line("TEA", 3, sell_rate=9.5, notes="gift"),
        metadata={"external_id": "1"},
        source_platform="shopify",
        external_order_id="1",
        external_order_number="#1001",
        notes="ring twice",
        delivery_option="pick_up",
    )
    line = order["line_items"][0]
    assert (line["sku"], line["quantity"], line["sell_rate"], line["line_total"]) == ("TEA", 3, 9.5, 28.5)
    assert (line["notes"], order["notes"], order["delivery_option"]) == ("gift", "ring twice", "pick_up")
    assert order["metadata"] == {"external_id": "1"}
    assert order["external_order_number"] == "#1001"
    assert order["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"document_type": None}, 400, "missing_field", "document_type"),
        ({"account_id": None}, 400, "missing_field", "account_id"),
        ({"document_type": "poem"}, 400, "validation_failed", "document_type"),
        ({"account_id": "nobody"}, 404, "not_found", "account_id"),
        ({"shipping_address_id": "nowhere"}, 400, "validation_failed", "shipping_address_id"),
        ({"delivery_option": "drone"}, 400, "validation_failed", "delivery_option"),
        ({"metadata": [1]}, 400, "validation_failed", "metadata"),
        ({"metadata": {str(n): "" for n in range(51)}}, 400, "validation_failed", "metadata"),
        ({"discount": {"type": "gift", "value": 1}}, 400, "validation_failed", "discount.type"),
        ({"discount": {"type": "percentage", "value": 101}}, 400, "validation_failed", "discount.value"),
        ({"discount": {"type": "flat", "value": 11}}, 400, "validation_failed", "discount.value"),
        ({"discount": {"type": "flat", "value": -1}}, 400, "validation_failed", "discount.value"),
        ({"tax_exempt": True}, 422, "tax_exempt_requires_exemption_code", "tax_exempt"),
        ({"requested_ship_date": "soon"}, 400, "validation_failed", "requested_ship_date"),
        ({"line_items": {}}, 400, "validation_failed", "line_items"),
        ({"line_items": [1]}, 400, "validation_failed", "line_items[0]"),
        ({"notes": 5}, 400, "validation_failed", "notes"),
        ({"auto_compute_tax": "yes"}, 400, "validation_failed", "auto_compute_tax"),
        (
            {"payments": [{"payment_method_id": "pm_card_visa", "amount": 1}]},
            404,
            "payment_method_not_found",
            "payments[0].payment_method_id",
        ),
    ],
)
async def test_a_wrong_header_field_is_refused_by_name_and_nothing_is_written(
    books: Books, change: Doc, status: int, code: str, param: str
) -> None:
    body = {name: value for name, value in books.order(**change).items() if value is not None}
    answer = await books.call("POST", "/orders", body)
    assert (answer.status, answer.code, answer.body["param"]) == (status, code, param)
    assert (await books.get("/orders"))["total"] == 0


@pytest.mark.parametrize(
    ("sku", "change", "status", "code", "field"),
    [
        ("OLD", {}, 400, "line_item_failed", "product_id"),
        ("INACTIVE-1", {}, 400, "line_item_failed", "product_id"),
        ("CARTON", {}, 400, "line_item_failed", "product_id"),
        ("TEA", {"product_id": "none"}, 400, "line_item_failed", "product_id"),
        ("TEA", {"product_id": None}, 400, "validation_failed", "product_id"),
        ("SHIRT", {}, 422, "validation_error", "variant_id"),
        ("SHIRT", {"variant_id": "none"}, 422, "validation_error", "variant_id"),
        ("TEA", {"quantity": 0}, 400, "validation_failed", "quantity"),
        ("TEA", {"quantity": 1.5}, 400, "validation_failed", "quantity"),
        ("TEA", {"quantity": True}, 400, "validation_failed", "quantity"),
        ("TEA", {"sell_rate": -1}, 400, "validation_failed", "sell_rate"),
        ("TEA", {"sell_rate": "9.99"}, 400, "validation_failed", "sell_rate"),
        ("TEA", {"sell_rate": 1e15}, 400, "validation_failed", "sell_rate"),
        ("TEA", {"sell_rate": 99_999_999_999, "quantity": 2}, 400, "line_item_failed", "sell_rate"),
    ],
)
async def test_a_wrong_line_is_refused_by_its_path_and_takes_the_order_with_it(
    books: Books, sku: str, change: Doc, status: int, code: str, field: str
) -> None:
    line = {**books.line(sku), **change}
    answer = await books.call("POST", "/orders", books.order(books.line(), line))
    assert (answer.status, answer.code, answer.body["param"]) == (status, code, f"line_items[1].{field}")
    assert (await books.get("/orders"))["total"] == 0


async def test_a_variant_has_its_own_sku_and_price(books: Books) -> None:
    order = await books.created(
        books.line("SHIRT", variant_id=books.variants["SHIRT-S"]),
        books.line("SHIRT", variant_id=books.variants["SHIRT-L"]),
    )
    assert [(line["sku"], line["sell_rate"]) for line in order["line_items"]] == [("SHIRT-S", 20), ("SHIRT-L", 22)]


async def test_a_kit_brings_its_components_as_children_without_a_price(books: Books) -> None:
    order = await books.created(books.line("SET", 3))
    kit, child = order["line_items"]
    assert (kit["line_total"], child["line_total"], order["order_total"]) == (90, 0, 90)
    assert (child["sku"], child["quantity"], child["parent_line_item_id"]) == ("TEA", 6, kit["id"])


async def test_a_quantity_break_prices_only_what_was_sent_without_a_rate(books: Books) -> None:
    order = await books.created(books.line("BULKY", 9), books.line("BULKY", 10), books.line("BULKY", 10, sell_rate=8))
    assert [line["sell_rate"] for line in order["line_items"]] == [9, 7, 8]


async def test_stock_is_reserved_at_create_and_a_shortfall_refuses_everything(books: Books) -> None:
    await books.created(books.line("TEA", 6), auto_allocate_inventory=True)
    short = await books.call("POST", "/orders", books.order(books.line("SET", 3), auto_allocate_inventory=True))
    assert (short.status, short.code) == (422, "insufficient_inventory")
    tea = books.products["TEA"]
    assert (short.body["product_id"], short.body["requested"], short.body["available"]) == (tea, 6, 4)
    assert short.body["param"] == "line_items[0].quantity"
    assert "request_id" not in short.body
    balance = (await books.get(f"/inventory/balances?product_id={tea}"))["data"][0]
    assert (balance["on_hand"], balance["allocated"], balance["available"]) == (10, 6, 4)
    assert (await books.get(f"/products/{tea}/inventory"))["available"] == 4


async def test_cancelling_gives_stock_back(books: Books) -> None:
    order = await books.created(books.line("TEA", 6), auto_allocate_inventory=True)
    expect(await books.call("POST", f"/orders/{order['id']}/cancel", {}), 200)
    assert (await books.get(f"/products/{books.products['TEA']}/inventory"))["available"] == 10


async def test_an_inline_card_payment_is_charged_counted_and_shown(books: Books) -> None:
    card, declined = (await books.get(f"/accounts/{books.buyer}/payment-methods"))["data"]
    payments = [{"payment_method_id": card["id"], "amount": 4, "payment_type": "card", "auto_capture": True}]
    order = await books.created(payments=payments)
    assert [result["status"] for result in order["_inline_payment_results"]] == ["succeeded"]
    assert (order["amount_paid"], order["balance_due"], order["payment_status"]) == (4, 6, "partially_paid")
    assert [payment["method"] for payment in order["payments"]] == ["credit_card"]
    unpaid = await books.created(payments=[{"payment_method_id": declined["id"], "amount": 10}])
    assert unpaid["_inline_payment_results"][0]["error"] == "card_declined"
    assert unpaid["payment_status"] == "unpaid"
    assert (await books.driver.control("stats"))["processor_charges"] == 1


async def test_an_order_is_read_by_id_and_by_number(books: Books) -> None:
    order = await books.created()
    assert await books.get(f"/orders/{order['order_number']}") == order == await books.get(f"/orders/{order['id']}")
    assert (await books.call("GET", "/orders/SO-999999")).code == "not_found"


async def test_lists_filter_page_and_show_the_newest_first(books: Books) -> None:
    made = [await books.created() for _ in range(4)]
    await books.created(document_type="invoice")
    page = await books.get("/orders?document_type=sales_order&limit=3")
    assert [row["id"] for row in page["data"]] == [order["id"] for order in reversed(made)][:3]
    assert (page["object"], page["total"], page["has_more"]) == ("list", 4, True)
    rest = await books.get("/orders?document_type=sales_order&limit=3&offset=3")
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == ([made[0]["id"]], False)
    assert "line_items" not in page["data"][0]
    assert (await books.get("/orders/invoices"))["total"] == 1
    assert (await books.get(f"/orders?account_id={books.buyer}"))["total"] == 5
    assert (await books.get(f"/orders?account_id={books.homeless}"))["total"] == 0


async def test_lists_filter_by_time_of_creation(books: Books) -> None:
    first = await books.created()
    await books.driver.control("clock", {"advance_seconds": 3600})
    second = await books.created()
    later = f"created_after={second['created_at']}"
    assert [row["id"] for row in (await books.get(f"/orders?{later}"))["data"]] == [second["id"]]
    by_account = await books.get(f"/orders?{later}&account_id={books.buyer}")
    assert [row["id"] for row in by_account["data"]] == [second["id"]]
    before = await books.get(f"/orders?created_before={first['created_at']}")
    assert [row["id"] for row in before["data"]] == [first["id"]]
    assert (await books.get(f"/orders?created_after={first['created_at'][:10]}"))["total"] == 2


async def test_expansion_brings_relations_into_the_row(books: Books) -> None:
    order = await books.confirmed()
    await books.paid(order, 3)
    paths = "&".join(f"expand[]=data.{path}" for path in ("account", "line_items.product", "payments", "refunds"))
    row = (await books.get(f"/orders?{paths}"))["data"][0]
    assert row["account"]["id"] == books.buyer
    assert row["line_items"][0]["product"]["sku"] == "TEA"
    assert [payment["amount"] for payment in row["payments"]] == [3]
    assert row["refunds"] == []
