from collections.abc import Awaitable, Callable

import pytest

from sandbox.arcus.driver import Driver
from sandbox.arcus.trial import Books


async def test_a_request_without_a_key_is_refused_with_the_documented_code(erp: Driver) -> None:
    answer = await erp.call("GET", "/orders", headers={"Authorization": ""})
    assert (answer.status, answer.code, answer.body["type"]) == (401, "missing_api_key", "permission_error")
    assert answer.body["error"] == answer.body["code"]
    assert answer.body["request_id"].startswith("req_")


async def test_an_unknown_or_expired_key_is_refused(erp: Driver) -> None:
    unknown = await erp.call("GET", "/orders", headers={"Authorization": "Bearer ark_test_ent_usd_x"})
    assert (unknown.status, unknown.code) == (401, "invalid_api_key")
    await erp.control("seed", {"entity": "usd", "key": {"expired": True}})
    expired = await erp.call("GET", "/orders")
    assert (expired.status, expired.code) == (401, "invalid_api_key")


async def test_both_path_styles_lead_to_the_same_order(books: Books) -> None:
    order = await books.created()
    flat = await books.get(f"/orders/{order['id']}")
    assert flat == await books.get(f"/entities/{order['entity_id']}/orders/{order['id']}")


async def test_a_key_on_another_entity_is_forbidden(books: Books, yen: Books) -> None:
    theirs = await yen.created()
    answer = await books.call("GET", f"/entities/{theirs['entity_id']}/orders")
    assert answer.status == 403


async def test_another_entitys_record_looks_like_not_there(books: Books, yen: Books) -> None:
    theirs = await yen.created()
    assert (await books.call("GET", f"/orders/{theirs['id']}")).status == 404
    assert (await books.call("GET", f"/accounts/{yen.buyer}")).status == 404
    assert (await books.call("POST", "/orders", books.order(account_id=yen.buyer))).status == 404


async def test_a_missing_scope_is_named(books: Books) -> None:
    await books.driver.control("seed", {"entity": "usd", "key": {"scopes": ["orders:read"]}})
    answer = await books.call("POST", "/orders", books.order())
    assert (answer.status, answer.code, answer.body["required"]) == (403, "insufficient_scope", "orders:write")
    expanded = await books.call("GET", "/orders?expand[]=data.account")
    assert (expanded.code, expanded.body["required"]) == ("insufficient_scope", "accounts:read")


async def test_an_address_off_the_allowlist_is_refused(erp: Driver) -> None:
    await erp.control("seed", {"entity": "usd", "key": {"allowed_ips": ["10.0.0.0/8"]}})
    answer = await erp.call("GET", "/orders")
    assert (answer.status, answer.code) == (403, "ip_not_allowlisted")
    await erp.control("seed", {"entity": "usd", "key": {"allowed_ips": ["10.0.0.0/8", "127.0.0.1"]}})
    assert (await erp.call("GET", "/orders")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/activity", 405, "method_not_allowed"),
        ("DELETE", "/orders/1", 405, "method_not_allowed"),
        ("POST", "/packages", 501, "not_implemented"),
        ("POST", "/orders/1/mark-no-show", 501, "not_implemented"),
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/orders/1/2/3/4/5", 404, "not_found"),
    ],
)
async def test_a_wrong_path_says_what_is_wrong(erp: Driver, method: str, path: str, status: int, code: str) -> None:
    answer = await erp.call(method, path)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("expand[]=account", "invalid_expand_list_requires_data_prefix"),
        ("expand[]=data.nothing", "invalid_expand_unknown_field"),
        ("&".join(["expand[]=data.account"] * 11), "validation_failed"),
        ("limit=0", "validation_failed"),
        ("limit=201", "validation_failed"),
        ("offset=-1", "validation_failed"),
        ("document_type=thing", "validation_failed"),
        ("created_after=yesterday", "validation_failed"),
    ],
)
async def test_a_wrong_list_parameter_is_refused_by_name(erp: Driver, query: str, code: str) -> None:
    answer = await erp.call("GET", f"/orders?{query}")
    assert (answer.status, answer.code) == (400, code)


async def test_every_answer_carries_the_rate_and_the_sandboxs_date(erp: Driver) -> None:
    for path in ("/orders", "/nowhere"):
        headers = (await erp.call("GET", path)).headers
        assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Date"} <= set(headers)
    moved = await erp.control("clock", {"advance_seconds": 86_400 * 40})
    assert (await erp.call("GET", "/orders")).headers["Date"][5:16] == moved["date"][5:16]


async def test_the_clock_does_not_run_backwards(erp: Driver) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        await erp.control("clock", {"advance_seconds": -1})


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"a":NaN}', b"[" * 10_000, b'"x"'])
async def test_what_is_not_a_json_object_is_refused(erp: Driver, body: bytes) -> None:
    answer = await erp.call("POST", "/orders", body)
    assert (answer.status, answer.code) == (400, "validation_failed")


async def test_a_huge_body_is_refused_and_the_connection_goes_on(erp: Driver) -> None:
    assert (await erp.call("POST", "/orders", b"x" * 3_000_000)).status == 413
    assert (await erp.call("GET", "/orders")).status == 200


async def test_keys_differ_by_entity_and_stay_the_same_for_a_seed(
    start: Callable[..., Awaitable[Driver]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = await start(seed=7)
    again = await start(seed=7, data=tmp_path_factory.mktemp("other"))
    other = await start(seed=8, data=tmp_path_factory.mktemp("third"))
    assert first.keys == again.keys != other.keys
    assert len(set(first.keys.values())) == 3
    assert first.keys["usd"].startswith("ark_test_ent_usd_")
