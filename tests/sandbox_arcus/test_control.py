import pytest

from sandbox.arcus.trial import Books


async def test_the_write_log_tells_every_committed_write_in_order(books: Books) -> None:
    order = (await books.call("POST", "/orders", books.order(), key="k1")).doc
    await books.call("POST", "/orders", books.order(), key="k1")
    await books.call("POST", "/orders", {}, key="k2")
    await books.call("POST", f"/orders/{order['id']}/confirm", b'{\n"send_email": false\n}')
    paid = await books.paid(order)
    log = await books.driver.lines("log")
    assert [(line["method"], line["path"], line["status"]) for line in log] == [
        ("POST", "/orders", 201),
        ("POST", f"/orders/{order['id']}/confirm", 200),
        ("POST", "/payments/multi-invoice-apply", 201),
    ]
    created, confirmed, payment = log
    assert (created["entity"], created["idempotency_key"], created["resource"]) == ("usd", "k1", "orders")
    assert created["resource_id"] == created["order_id"] == order["id"] == confirmed["order_id"] == payment["order_id"]
    assert created["body"] == books.order()
    assert confirmed["body"] == {"send_email": False}
    assert (payment["resource"], payment["resource_id"]) == ("payments", paid["id"])
    assert created["seq"] < confirmed["seq"] < payment["seq"]
    assert await books.driver.lines(f"log?after={confirmed['seq']}") == [payment]


async def test_a_gate_that_holds_is_a_write_although_it_refuses(books: Books) -> None:
    order = await books.created(books.line("HOLD-1"))
    await books.call("POST", f"/orders/{order['id']}/confirm", {})
    assert [line["status"] for line in await books.driver.lines("log")] == [201, 422]


async def test_the_state_shows_every_document_of_every_entity(books: Books, yen: Books) -> None:
    order = await books.confirmed()
    paid = await books.paid(order)
    await yen.created()
    lines = await books.driver.lines("state")
    assert {line["entity"] for line in lines} == {"usd", "jpy", "kwd"}
    dump = await books.driver.control("state?format=json")
    assert len(lines) == sum(len(rows) for tables in dump.values() for rows in tables.values())
    assert [payment["id"] for payment in dump["usd"]["orders"][0]["payments"]] == [paid["id"]]
    assert set(await books.driver.control("state?format=json&entity=jpy")) == {"jpy"}


async def test_the_stats_count_requests_by_route_and_status(books: Books) -> None:
    await books.created()
    await books.call("POST", "/orders", {})
    await books.call("GET", "/nowhere")
    stats = await books.driver.control("stats")
    assert stats["requests"]["POST /orders"] == {"201": 1, "400": 1}
    assert stats["requests"]["unrouted"] == {"404": 1}
    assert (stats["requests_total"], stats["error_codes"]["missing_field"]) == (3, 1)
    assert stats["max_concurrent"] == 1
    assert stats["cpu_seconds"] > 0
    assert (stats["keys"]["usd"]["admitted"], stats["keys"]["jpy"]["admitted"]) == (3, 0)
    assert stats["marketplace_pushes"] == stats["emails"] == stats["processor_charges"] == 0


async def test_several_entities_are_seeded_at_once_and_ids_may_be_given(books: Books) -> None:
    product = {"id": "p-1", "sku": "X", "list_price": 3}
    account = {"id": "a-1", "name": "Bo", "account_type": "individual"}
    made = await books.driver.control(
        "seed", {"entities": {"usd": {"products": [product]}, "jpy": {"products": [product], "accounts": [account]}}}
    )
    assert made["entities"]["jpy"]["accounts"][0]["id"] == "a-1"
    assert (await books.get("/products/p-1"))["sku"] == "X"
    card = await books.driver.control("seed", {"entity": "jpy", "payment_methods": [{"account_id": "a-1"}]})
    assert card["payment_methods"][0]["account_id"] == "a-1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("seed", {"entity": "nobody"}),
        ("seed", {"entity": "usd", "products": [{"title": "no sku"}]}),
        ("seed", {"entity": "usd", "products": [{"sku": "X", "product_type": "cloud"}]}),
        ("seed", {"entity": "usd", "products": [{"sku": "X", "list_price": "1"}]}),
        ("edit", {"entity": "usd", "table": "poems", "id": "1", "set": {}}),
        ("edit", {"entity": "usd", "table": "orders", "id": "1", "set": {}}),
        ("clock", {}),
        ("nothing", {}),
    ],
)
async def test_a_wrong_control_call_says_so(books: Books, path: str, body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"answered 40[04]"):
        await books.driver.control(path, body)


async def test_a_person_may_change_a_document_behind_our_back(books: Books) -> None:
    order = await books.created()
    await books.driver.control("edit", {"entity": "usd", "table": "orders", "id": order["id"], "set": {"notes": "me"}})
    assert (await books.get(f"/orders/{order['id']}"))["notes"] == "me"
    assert len(await books.driver.lines("log")) == 1, "it did not come through the API"
