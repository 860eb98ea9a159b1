import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.trial import ADDRESS, Books, expect


async def _account(books: Books, **fields: object) -> Doc:
    body = {"name": "Bo", "account_type": "individual", **fields}
    return expect(await books.call("POST", "/accounts", body), 201).doc


async def test_an_account_is_created_with_its_addresses_under_the_answers_names(books: Books) -> None:
    account = await _account(
        books, email="bo@example.com", addresses=[{"type": "shipping", **ADDRESS}], metadata={"external_id": "c1"}
    )
    address = account["addresses"][0]
    assert (address["line1"], address["state"], address["zip"]) == ("1 Main St", "CA", "93650")
    assert address["is_default_shipping"] is True
    assert account["account_number"].startswith("CUST-")
    assert account["metadata"] == {"external_id": "c1"}
    assert await books.get(f"/accounts/{account['id']}") == account


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"name": None}, 400, "missing_field", "name"),
        ({"account_type": None}, 400, "missing_field", "account_type"),
        ({"account_type": "pet"}, 400, "validation_failed", "account_type"),
        ({"addresses": [{"type": "moon"}]}, 400, "validation_failed", "addresses[0].type"),
        (
            {"addresses": [{"type": "shipping", "is_default_shipping": True}] * 2},
            422,
            "validation_error",
            "addresses[1].is_default_shipping",
        ),
        ({"credit_limit": "much"}, 400, "validation_failed", "credit_limit"),
        ({"payment_methods": [{"token": "tok"}]}, 422, "validation_error", "payment_methods"),
    ],
)
async def test_a_wrong_account_is_refused_by_name(
    books: Books, change: Doc, status: int, code: str, param: str
) -> None:
    body = {"name": "Bo", "account_type": "individual", **change}
    answer = await books.call("POST", "/accounts", body)
    assert (answer.status, answer.code, answer.body["param"]) == (status, code, param)


async def test_saved_cards_need_a_connected_stripe(books: Books) -> None:
    card = [{"token": "pm_card_visa"}]
    account = await _account(books, payment_methods=card)
    assert len((await books.get(f"/accounts/{account['id']}/payment-methods"))["data"]) == 1
    await books.driver.control("seed", {"entity": "usd", "settings": {"stripe_connected": False}})
    body = {"name": "Bo", "account_type": "individual", "payment_methods": card}
    assert (await books.call("POST", "/accounts", body)).code == "stripe_not_connected"


async def test_a_new_default_address_takes_the_place_of_the_old_one(books: Books) -> None:
    new = {"type": "shipping", **ADDRESS, "is_default_shipping": True}
    address = expect(await books.call("POST", f"/accounts/{books.buyer}/addresses", new), 201).doc
    account = await books.get(f"/accounts/{books.buyer}")
    assert [one["id"] for one in account["addresses"] if one["is_default_shipping"]] == [address["id"]]
    assert (await books.created())["shipping_address_id"] == address["id"]
    chosen = await books.created(shipping_address_id=books.address)
    assert chosen["shipping_address_id"] == books.address


async def test_accounts_are_found_by_text_and_by_page(books: Books) -> None:
    for number in range(5):
        await _account(books, name=f"Customer {number}", email=f"c{number}@example.com")
    found = await books.get("/accounts?search=C3@EXAMPLE")
    assert [row["display_name"] for row in found["data"]] == ["Customer 3"]
    page = (await books.call("GET", "/accounts?per_page=3&page=3")).body
    assert (page["total"], page["page"], page["total_pages"], len(page["data"])) == (8, 3, 3, 2)
    assert (await books.get("/accounts?account_type=vendor"))["total"] == 1
    assert (await books.get("/accounts?account_type=customer"))["total"] == 7
    assert (await books.call("GET", "/accounts?per_page=101")).status == 400


async def test_a_patch_changes_what_is_allowed_and_names_what_is_not(books: Books) -> None:
    body = {"external_customer_id": "c1", "credit_limit": 5, "metadata": {"a": "b"}}
    answer = expect(await books.call("PATCH", f"/accounts/{books.buyer}", body), 200)
    assert answer.body["data"]["external_customer_id"] == "c1"
    for name in ("credit_balance", "is_credit_hold", "merged_at"):
        refused = await books.call("PATCH", f"/accounts/{books.buyer}", {name: 1})
        assert (refused.status, refused.code, refused.body["param"]) == (422, "forbidden_field", name)


async def test_a_merged_account_names_its_winner_and_takes_no_more_orders(books: Books) -> None:
    loser = await _account(books, addresses=[{"type": "shipping", **ADDRESS}])
    order = await books.confirmed(account_id=loser["id"])
    paid = await books.paid(order, 4)
    merged = await books.call("POST", f"/accounts/{books.buyer}/merge", {"loser_account_id": loser["id"]})
    assert len(expect(merged, 200).doc["addresses"]) == 3
    gone = await books.get(f"/accounts/{loser['id']}")
    assert (gone["is_active"], gone["merged_into_account_id"]) == (False, books.buyer)
    assert (await books.get(f"/orders?account_id={books.buyer}"))["total"] == 1
    assert (await books.get(f"/orders?account_id={loser['id']}"))["total"] == 0
    assert (await books.get(f"/payments/{paid['id']}"))["account_id"] == books.buyer
    refused = await books.call("POST", "/orders", books.order(account_id=loser["id"]))
    assert (refused.status, refused.code) == (422, "account_inactive")
    assert books.buyer in refused.body["hint"]
    assert (await books.get("/accounts?search=Bo"))["total"] == 0
    assert (await books.get("/accounts?search=Bo&include_inactive=true"))["total"] == 1


async def test_only_two_different_accounts_of_one_type_merge(books: Books) -> None:
    path = f"/accounts/{books.buyer}/merge"
    for loser in (books.buyer, books.vendor):
        assert (await books.call("POST", path, {"loser_account_id": loser})).code == "validation_error"
    assert (await books.call("POST", path, {"loser_account_id": "x"})).status == 404
    assert (await books.call("POST", path, {})).code == "missing_field"


async def test_an_account_with_open_orders_stays_active(books: Books) -> None:
    order = await books.created()
    refused = await books.call("DELETE", f"/accounts/{books.buyer}")
    assert (refused.status, refused.code) == (409, "resource_in_use")
    assert refused.body["references"] == [{"type": "order", "id": order["id"]}]
    await books.call("POST", f"/orders/{order['id']}/cancel", {})
    assert expect(await books.call("DELETE", f"/accounts/{books.buyer}"), 200).doc["is_active"] is False
    assert expect(await books.call("POST", f"/accounts/{books.buyer}/restore"), 200).doc["is_active"] is True


async def test_products_are_crawled_by_cursor_with_their_variants(books: Books) -> None:
    seen: list[Doc] = []
    cursor = ""
    while True:
        page = (await books.call("GET", f"/products?limit=5&include_count=true{cursor}")).body
        seen += page["data"]
        if not page["has_more"]:
            break
        cursor = f"&starting_after={seen[-1]['id']}"
    assert len(seen) == page["total_count"] == len(books.products)
    shirt = next(product for product in seen if product["sku"] == "SHIRT")
    assert [variant["sku"] for variant in shirt["variants"]] == ["SHIRT-S", "SHIRT-L"]
    assert (await books.call("GET", f"/products/{shirt['id']}")).body["data"] == shirt
    assert (await books.call("GET", "/products?sku=TEA&limit=100")).body["has_more"] is False
    assert len((await books.get("/products?sku=TEA&limit=100"))["data"]) == len(books.products), "sku is no filter"
    assert (await books.call("GET", "/products?starting_after=x")).status == 400


async def test_one_sku_may_stand_on_two_products(books: Books) -> None:
    made = await books.driver.control("seed", {"entity": "usd", "products": [{"sku": "TEA"}]})
    assert made["products"][0]["id"] != books.products["TEA"]


async def test_the_activity_log_tells_every_write(books: Books) -> None:
    order = await books.confirmed()
    events = (await books.call("GET", "/activity")).body["data"]
    assert [event["action"] for event in events] == ["order.confirm", "order.created"]
    assert {event["resource_id"] for event in events} == {order["id"]}
    mine = (await books.call("GET", f"/resources/order/{order['id']}/activity?limit=1")).body
    assert (len(mine["data"]), mine["has_more"]) == (1, True)
    assert (await books.get("/activity?action=order.created"))["data"][0]["resource_id"] == order["id"]
