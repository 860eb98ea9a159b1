import asyncio

from sandbox.arcus.driver import Driver
from sandbox.arcus.idempotency import Claim, Desk, Stored, digest
from sandbox.arcus.trial import Books

DAY = 24 * 3600


async def test_a_replay_returns_the_stored_answer_and_writes_nothing(books: Books) -> None:
    first = await books.call("POST", "/orders", books.order(), key="k1")
    again = await books.call("POST", "/orders", books.order(), key="k1")
    assert (first.status, again.status) == (201, 201)
    assert first.raw == again.raw
    assert (await books.get("/orders"))["total"] == 1


async def test_the_same_key_with_another_body_or_path_is_a_mismatch(books: Books) -> None:
    await books.call("POST", "/orders", books.order(), key="k1")
    other = await books.call("POST", "/orders", books.order(notes="more"), key="k1")
    assert (other.status, other.code, other.body["type"]) == (409, "idempotency_key_mismatch", "conflict")
    elsewhere = await books.call("POST", "/accounts", books.order(), key="k1")
    assert elsewhere.code == "idempotency_key_mismatch"


async def test_a_key_is_forgotten_after_24_hours_of_the_sandboxs_clock(books: Books) -> None:
    await books.call("POST", "/orders", books.order(), key="k1")
    await books.driver.control("clock", {"advance_seconds": DAY - 60})
    assert (await books.call("POST", "/orders", books.order(), key="k1")).doc["order_number"] == "SO-000001"
    await books.driver.control("clock", {"advance_seconds": 61})
    assert (await books.call("POST", "/orders", books.order(), key="k1")).doc["order_number"] == "SO-000002"


async def test_a_refusal_is_stored_too(books: Books) -> None:
    body = books.order(account_id=books.vendor)
    assert (await books.call("POST", "/orders", body, key="k1")).code == "account_role_mismatch"
    await books.driver.control(
        "edit", {"entity": "usd", "table": "accounts", "id": books.vendor, "set": {"account_type": "business"}}
    )
    assert (await books.call("POST", "/orders", body, key="k1")).code == "account_role_mismatch"
    assert (await books.call("POST", "/orders", body, key="k2")).status == 201


async def test_a_server_error_is_not_stored(books: Books) -> None:
    await books.driver.control("faults", {"kinds": {"error_before": 1.0}, "cap": 1})
    assert (await books.call("POST", "/orders", books.order(), key="k1")).status == 500
    assert (await books.call("POST", "/orders", books.order(), key="k1")).status == 201


async def test_one_key_in_two_entities_is_two_keys(books: Books, yen: Books) -> None:
    assert (await books.call("POST", "/orders", books.order(), key="same")).status == 201
    assert (await yen.call("POST", "/orders", yen.order(), key="same")).status == 201


async def test_two_calls_in_flight_with_one_key_make_one_order(books: Books) -> None:
    await books.driver.control("faults", {"kinds": {"slow": 1.0}, "slow_ms": 200, "cap": 1})
    first = asyncio.create_task(books.call("POST", "/orders", books.order(), key="k1"))
    await books.driver.until(lambda stats: stats["held"] == 1)
    second = await books.call("POST", "/orders", books.order(), key="k1")
    assert (second.status, second.code) == (409, "idempotency_key_in_use")
    mismatch = await books.call("POST", "/orders", books.order(notes="x"), key="k1")
    assert mismatch.code == "idempotency_key_mismatch"
    done = await first
    assert done.status == 201
    assert (await books.driver.control("stats"))["held"] == 0
    assert (await books.call("POST", "/orders", books.order(), key="k1")).raw == done.raw


async def test_a_replayed_payment_says_so_in_its_body(books: Books) -> None:
    order = await books.confirmed()
    body = books.payment(order)
    first = await books.call("POST", "/payments/multi-invoice-apply", body, key="p1")
    again = await books.call("POST", "/payments/multi-invoice-apply", body, key="p1")
    assert (first.body["idempotent_replay"], again.body["idempotent_replay"]) == (False, True)
    assert first.body["data"] == again.body["data"]


async def test_a_key_is_between_1_and_255_characters(erp: Driver) -> None:
    assert (await erp.call("POST", "/orders", {}, key="k" * 256)).body["param"] == "Idempotency-Key"
    assert (await erp.call("POST", "/orders", {}, key="")).body["param"] == "Idempotency-Key"
    assert (await erp.call("POST", "/orders", {}, key="k" * 255)).code == "missing_field"


def test_the_desk_forgets_what_has_expired() -> None:
    desk = Desk()
    for number in range(3):
        name, at = f"e:{number}", float(number)
        assert desk.claim(name, b"x", at) is Claim.GRANTED
        desk.release(name)
        desk.keep(name, Stored(b"x", 201, 0, 0, at + 10), at)
    assert len(desk) == 3
    desk.keep("e:9", Stored(b"x", 201, 0, 0, 31.0), 11.5)
    assert len(desk) == 2


def test_the_fingerprint_covers_method_path_and_body() -> None:
    found = {digest(method, path, body) for method in ("POST", "PATCH") for path in "ab" for body in (b"1", b"2")}
    assert len(found) == 8
