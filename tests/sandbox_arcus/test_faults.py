import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.faults import KINDS, Faults, Plan, Target
from sandbox.arcus.trial import Books, expect


async def _lie(books: Books, kind: str, **plan: object) -> None:
    await books.driver.control("faults", {"kinds": {kind: 1.0}, "cap": 1, **plan})


async def _counts(books: Books, kind: str) -> tuple[int, int]:
    stats = await books.driver.control("stats")
    return stats["faults_injected"][kind], stats["faults_met"][kind]


async def _truth(books: Books) -> None:
    await books.driver.control("faults", {"kinds": {}})


async def _orders(books: Books) -> int:
    """How many orders there are, asked behind the API."""
    return len([line for line in await books.driver.lines("state?entity=usd") if line["resource"] == "orders"])


@pytest.mark.parametrize("kind", ["commit_then_drop", "truncated"])
async def test_a_lost_answer_was_committed_and_the_key_returns_it(books: Books, kind: str) -> None:
    await _lie(books, kind)
    with pytest.raises(aiohttp.ClientError):
        await books.call("POST", "/orders", books.order(), key="k1")
    assert await _orders(books) == 1
    assert await _counts(books, kind) == (1, 0)
    again = expect(await books.call("POST", "/orders", books.order(), key="k1"), 201)
    assert (again.doc["order_number"], await _orders(books)) == ("SO-000001", 1)
    assert await _counts(books, kind) == (1, 1)


@pytest.mark.parametrize(("kind", "status"), [("error_after", 500), ("empty_2xx", 200)])
async def test_a_wrong_answer_was_committed_and_a_look_up_meets_it(books: Books, kind: str, status: int) -> None:
    await _lie(books, kind)
    answer = await books.call("POST", "/orders", books.order(), key="k1")
    assert answer.status == status
    assert (answer.raw == b"") is (kind == "empty_2xx")
    assert await _counts(books, kind) == (1, 0)
    await books.get(f"/orders?account_id={books.homeless}")
    assert await _counts(books, kind) == (1, 0), "another account's list does not show it"
    assert (await books.get(f"/orders?account_id={books.buyer}"))["total"] == 1
    assert await _counts(books, kind) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("error_before", 500, "internal_error"),
        ("throttle", 429, "rate_limit_exceeded"),
        ("frozen", 423, "entity_frozen"),
    ],
)
async def test_a_refusal_before_the_commit_left_nothing_and_is_met_by_the_retry(
    books: Books, kind: str, status: int, code: str
) -> None:
    await _lie(books, kind, frozen_ms=1, only={kind: ["POST /orders"]})
    answer = await books.call("POST", "/orders", books.order(), key="k1")
    assert (answer.status, answer.code, await _orders(books)) == (status, code, 0)
    assert ("Retry-After" in answer.headers) is (kind == "throttle")
    await books.get("/accounts")
    assert (await _counts(books, kind))[1] == 0, "a look-up cannot meet what has no effect"
    await _truth(books)
    again = await books.past(423, "POST", "/orders", books.order(), key="k1")
    assert (again.status, await _orders(books)) == (201, 1)
    injected, met = await _counts(books, kind)
    assert injected == met >= 1


async def test_every_way_of_losing_an_answer_leaves_the_refund_made_once(books: Books) -> None:
    for kind in ("commit_then_drop", "truncated"):
        order = await books.confirmed()
        paid = await books.paid(order)
        await _lie(books, kind)
        path = f"/orders/{order['id']}/payments/{paid['id']}/refund"
        with pytest.raises(aiohttp.ClientError):
            await books.call("POST", path, {"amount": 100}, key=order["id"])
        assert expect(await books.call("POST", path, {"amount": 100}, key=order["id"]), 200).body == {}
        await _truth(books)
        assert (await books.get(f"/payments/{paid['id']}"))["amount_refunded"] == 1


async def test_a_gateways_garbage_is_html_and_nothing_happened(books: Books) -> None:
    await _lie(books, "gateway_garbage")
    answer = await books.call("POST", "/orders", books.order(), key="k1")
    assert (answer.status, answer.raw[:6], await _orders(books)) == (502, b"<html>", 0)
    assert answer.headers["Content-Type"].startswith("text/html")
    expect(await books.call("POST", "/orders", books.order(), key="k1"), 201)
    assert await _counts(books, "gateway_garbage") == (1, 1)


async def test_a_slow_answer_was_committed_before_the_wait(books: Books) -> None:
    await _lie(books, "slow", slow_ms=400, only={"slow": ["POST /orders"]})
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await books.driver.call("POST", "/orders", books.order(), key="k1", timeout=0.1)
    assert await _orders(books) == 1
    assert (await books.call("POST", "/orders", books.order(), key="k1")).code == "idempotency_key_in_use"
    again = await books.past(409, "POST", "/orders", books.order(), key="k1")
    assert (again.status, await _orders(books)) == (201, 1)
    assert time.monotonic() - began >= 0.4
    assert await _counts(books, "slow") == (1, 1)


async def test_a_call_still_at_work_refuses_its_key_and_commits_late(books: Books) -> None:
    await _lie(books, "in_flight", in_flight_ms=300)
    with pytest.raises(aiohttp.ClientError):
        await books.call("POST", "/orders", books.order(), key="k1")
    assert await _orders(books) == 0
    busy = await books.call("POST", "/orders", books.order(), key="k1")
    assert (busy.status, busy.code) == (409, "idempotency_key_in_use")
    again = await books.past(409, "POST", "/orders", books.order(), key="k1")
    assert (again.status, await _orders(books)) == (201, 1)
    assert await _counts(books, "in_flight") == (1, 1)


async def test_a_stale_read_does_not_know_the_newest_and_a_later_one_does(books: Books) -> None:
    order = await books.created()
    await _lie(books, "stale_read", stale_ms=30_000)
    assert (await books.get("/orders"))["total"] == 0
    assert (await books.call("GET", f"/orders/{order['id']}")).status == 404
    assert await _counts(books, "stale_read") == (2, 0)
    assert (await books.get("/orders"))["total"] == 1, "the cap ends the row"
    assert (await books.get(f"/orders/{order['id']}"))["id"] == order["id"]
    assert await _counts(books, "stale_read") == (2, 2)


@pytest.mark.parametrize("kind", ["throttle", "frozen", "error_before", "gateway_garbage"])
async def test_a_refusal_before_the_commit_is_met_by_the_same_words_under_a_new_key(books: Books, kind: str) -> None:
    await _lie(books, kind, frozen_ms=1)
    await books.call("POST", "/orders", books.order(), key="generation-1")
    assert await _counts(books, kind) == (1, 0)
    await _truth(books)
    await books.call("POST", "/orders", books.order(notes="another"), key="another")
    assert await _counts(books, kind) == (1, 0), "other words are another request"
    await books.call("POST", "/orders", books.order(), key="generation-2")
    assert await _counts(books, kind) == (1, 1)


async def test_a_stale_list_of_one_account_is_met_by_the_next_look(books: Books) -> None:
    await books.created()
    await _lie(books, "stale_read", stale_ms=30_000)
    path = f"/orders?account_id={books.buyer}"
    assert [(await books.get(path))["total"], (await books.get(path))["total"]] == [0, 1]
    assert await _counts(books, "stale_read") == (1, 1)


async def test_a_stale_read_is_no_older_than_its_bound(books: Books) -> None:
    order = await books.created()
    await _lie(books, "stale_read", stale_ms=50)
    await asyncio.sleep(0.06)  # longer than the bound, which is what is tested
    assert (await books.get("/orders"))["data"][0]["id"] == order["id"]
    assert await _counts(books, "stale_read") == (1, 0)


async def test_the_tax_service_is_down_for_one_order_and_recalculation_mends_it(books: Books) -> None:
    await _lie(books, "tax_down")
    untaxed = await books.created()
    assert await _counts(books, "tax_down") == (0, 0), "an order that asks for no tax cannot miss it"
    assert untaxed["tax_total"] == 0
    order = await books.created(auto_compute_tax=True)
    assert (order["tax_total"], await _counts(books, "tax_down")) == (0, (1, 0))
    await _truth(books)
    await books.get(f"/orders/{order['id']}")
    assert await _counts(books, "tax_down") == (1, 1)
    again = await books.call("POST", f"/orders/{order['id']}/recalculate", {})
    assert again.doc["tax_total"] > 0


async def test_a_frozen_entity_answers_423_to_all_its_writes_and_others_go_on(books: Books, yen: Books) -> None:
    frozen = await books.driver.control("freeze", {"entity": "usd"})
    for _ in range(2):
        answer = await books.call("POST", "/orders", books.order(), key="k1")
        assert (answer.status, answer.code) == (423, "entity_frozen")
    assert (await books.get("/orders"))["total"] == 0
    await yen.created()
    token = {"X-Freeze-Token": frozen["freeze_token"]}
    passed = await books.driver.call("POST", "/orders", books.order(), entity="usd", headers=token)
    assert passed.status == 201
    await books.driver.control("unfreeze", {"entity": "usd"})
    expect(await books.call("POST", "/orders", books.order(), key="k1"), 201)


async def test_a_stored_answer_is_returned_while_the_entity_is_frozen(books: Books) -> None:
    first = await books.call("POST", "/orders", books.order(), key="k1")
    await books.driver.control("freeze", {"entity": "usd", "seconds": 60})
    assert (await books.call("POST", "/orders", books.order(), key="k1")).raw == first.raw


async def test_faults_in_a_row_end_at_the_cap(books: Books) -> None:
    await books.driver.control("faults", {"kinds": {"error_before": 1.0}, "cap": 3})
    statuses = [(await books.call("POST", "/orders", books.order(), key="k1")).status for _ in range(4)]
    assert statuses == [500, 500, 500, 201]


async def test_a_fault_may_be_aimed_at_one_route(books: Books) -> None:
    await _lie(books, "error_before", only={"error_before": ["POST /payments/multi-invoice-apply"]})
    order = await books.confirmed()
    body = books.payment(order)
    assert (await books.call("POST", "/payments/multi-invoice-apply", body, key="p")).status == 500
    expect(await books.call("POST", "/payments/multi-invoice-apply", body, key="p"), 201)


async def test_a_lost_payment_is_met_by_the_receipts_or_its_order(books: Books) -> None:
    first, second = await books.confirmed(), await books.confirmed()
    await _lie(books, "error_after", only={"error_after": ["POST /payments/multi-invoice-apply"]})
    for order in (first, second):
        answer = await books.call("POST", "/payments/multi-invoice-apply", books.payment(order), key=order["id"])
        assert answer.status == 500
    await books.get(f"/orders/{first['id']}")
    assert await _counts(books, "error_after") == (2, 1)
    await books.get(f"/accounting/unmatched-receipts?account_id={books.buyer}")
    assert await _counts(books, "error_after") == (2, 2)


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ({"kinds": {"gremlin": 1}}, "no fault kind named"),
        ({"only": {"gremlin": []}}, "no fault kind named"),
        ({"kinds": {"slow": 2}}, "between 0 and 1"),
        ({"cap": -1}, "cap must not be negative"),
        ({"stale_ms": 60_000}, "stale_ms at most"),
        ({"slowness": 1}, "unknown fields"),
    ],
)
async def test_a_wrong_plan_is_refused_and_the_old_one_stays(books: Books, plan: Doc, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        await books.driver.control("faults", plan)
    assert (await books.driver.control("faults"))["plan"]["kinds"] == {}


def _target(retry: str, **fields: Any) -> Target:
    write = {"write": True, "keyed": True, **fields}
    return Target("usd", retry, "POST /orders", "orders", **write)


def test_draws_depend_on_the_seed_and_the_request_and_not_on_the_order_of_arrival() -> None:
    def drawn(seed: int, names: list[str]) -> dict[str, str | None]:
        faults = Faults(Plan(kinds={"slow": 0.3, "error_before": 0.3}, seed=seed))
        return {name: faults.draw(_target(name)) for name in names}

    names = [f"k{number}" for number in range(200)]
    assert drawn(1, names) == drawn(1, names[::-1])
    assert drawn(1, names) != drawn(2, names)


def test_draws_come_as_often_as_they_should() -> None:
    faults = Faults(Plan(kinds={"slow": 0.2, "error_before": 0.1}))
    drawn = [faults.draw(_target(f"k{number}")) for number in range(5000)]
    assert drawn.count("slow") == pytest.approx(1000, rel=0.15)
    assert drawn.count("error_before") == pytest.approx(500, rel=0.15)


APPLICABLE: list[tuple[str, Callable[[], Target], bool]] = [
    ("stale_read", lambda: _target("k"), False),
    ("stale_read", lambda: _target("k", write=False), True),
    ("in_flight", lambda: _target("k", keyed=False), False),
    ("in_flight", lambda: _target("k", replay=True), False),
    ("commit_then_drop", lambda: _target("k", write=False), False),
    ("frozen", lambda: _target("k", write=False), False),
    ("slow", lambda: _target("k", write=False), True),
    ("throttle", lambda: _target("k", write=False), True),
    ("tax_down", lambda: _target("k"), False),
    ("tax_down", lambda: _target("k", computes_tax=True), True),
]


@pytest.mark.parametrize(("kind", "target", "applies"), APPLICABLE)
def test_a_kind_strikes_only_where_it_makes_sense(kind: str, target: Callable[[], Target], applies: object) -> None:
    assert (Faults(Plan(kinds={kind: 1.0})).draw(target()) == kind) is applies


def test_there_is_a_kind_for_every_lie_that_the_sandbox_owes() -> None:
    owed = """commit_then_drop error_before error_after throttle slow stale_read truncated empty_2xx in_flight frozen
    tax_down gateway_garbage"""
    assert set(KINDS) == set(owed.split())
