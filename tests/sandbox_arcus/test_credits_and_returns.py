from decimal import Decimal

import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.trial import Books, expect


async def test_a_credit_is_issued_found_and_applied(books: Books) -> None:
    body = {"account_id": books.buyer, "amount": 7.5, "reason": "goodwill", "notes": "kind=refund external_id=9"}
    memo = expect(await books.call("POST", "/credits", body), 201).doc
    assert (memo["object"], memo["status"], memo["amount"]) == ("credit_memo", "issued", Decimal("7.5"))
    listed = await books.get(f"/credits?account_id={books.buyer}")
    assert (listed["count"], listed["data"][0]["notes"]) == (1, "kind=refund external_id=9")
    order = await books.confirmed()
    path = f"/credits/{memo['id']}/apply"
    used = expect(await books.call("POST", path, {"order_id": order["id"], "amount": 5}), 200).doc
    assert (used["status"], used["amount_applied"]) == ("partially_applied", 5)
    used = expect(await books.call("POST", path, {"order_id": order["id"]}), 200).doc
    assert used["status"] == "fully_applied"
    assert (await books.get(f"/orders/{order['id']}"))["balance_due"] == Decimal("2.5")
    assert (await books.call("POST", path, {"order_id": order["id"]})).code == "amount_exceeds_credit"
    assert (await books.get(f"/accounts/{books.buyer}"))["credit_balance"] == 0


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"account_id": None}, 400, "missing_field"),
        ({"account_id": "x"}, 404, "not_found"),
        ({"amount": 0}, 400, "validation_failed"),
        ({"reason": "whim"}, 400, "validation_failed"),
    ],
)
async def test_a_wrong_credit_is_refused(books: Books, change: Doc, status: int, code: str) -> None:
    answer = await books.call("POST", "/credits", {"account_id": books.buyer, "amount": 1, **change})
    assert (answer.status, answer.code) == (status, code)


async def test_a_credit_pays_only_its_own_accounts_posted_orders(books: Books) -> None:
    memo = (await books.call("POST", "/credits", {"account_id": books.homeless, "amount": 99})).doc
    order = await books.confirmed()
    path = f"/credits/{memo['id']}/apply"
    assert (await books.call("POST", path, {"order_id": order["id"]})).code == "account_mismatch"
    assert (await books.call("POST", path, {"order_id": "x"})).code == "order_not_found"
    mine = (await books.call("POST", "/credits", {"account_id": books.buyer, "amount": 99})).doc
    over = await books.call("POST", f"/credits/{mine['id']}/apply", {"order_id": order["id"], "amount": 11})
    assert over.code == "amount_exceeds_balance"


def _items(order: Doc, quantity: int = 1, **fields: object) -> list[Doc]:
    return [{"order_item_id": order["line_items"][0]["id"], "quantity": quantity, **fields}]


async def test_goods_come_back_once(books: Books) -> None:
    order = await books.confirmed(books.line("TEA", 3))
    body = {"original_order_id": order["id"], "items": _items(order, 2), "restocking_fee": 1.5, "metadata": {"a": "b"}}
    rma = expect(await books.call("POST", "/returns", body), 201).doc
    assert (rma["object"], rma["status"], rma["refund_amount"]) == ("return", "authorized", Decimal("18.5"))
    assert (await books.get(f"/orders/{order['id']}"))["line_items"][0]["quantity_returned"] == 2
    over = await books.call("POST", "/returns", {"original_order_id": order["id"], "items": _items(order, 2)})
    assert (over.status, over.code) == (422, "return_quantity_exceeds_order")
    found = await books.get(f"/returns?original_order_id={order['id']}&account_id={books.buyer}&status=authorized")
    assert [row["id"] for row in found["data"]] == [rma["id"]]
    assert (await books.get(f"/returns/{rma['id']}"))["metadata"] == {"a": "b"}
    assert (await books.get("/returns?status=closed"))["data"] == []


async def test_an_rma_needs_a_posted_order_its_lines_and_its_account(books: Books) -> None:
    order, draft = await books.confirmed(), await books.created()
    cases: list[tuple[Doc, str]] = [
        ({"original_order_id": "x"}, "order_not_found"),
        ({"original_order_id": draft["id"]}, "order_not_returnable"),
        ({"items": []}, "validation_failed"),
        ({"items": [{"order_item_id": "x", "quantity": 1}]}, "not_found"),
        ({"items": _items(order, 0)}, "validation_failed"),
        ({"account_id": books.homeless}, "account_mismatch"),
        ({"restocking_fee": 11}, "validation_failed"),
    ]
    for change, code in cases:
        body = {"original_order_id": order["id"], "items": _items(order), **change}
        assert (await books.call("POST", "/returns", body)).code == code


async def test_an_rma_changes_in_five_fields_only(books: Books) -> None:
    order = await books.confirmed()
    body = {"original_order_id": order["id"], "items": _items(order)}
    rma = (await books.call("POST", "/returns", body)).doc
    changed = expect(await books.call("PATCH", f"/returns/{rma['id']}", {"restocking_fee": 1, "notes": "x"}), 200).doc
    assert (changed["refund_amount"], changed["notes"]) == (9, "x")
    refused = await books.call("PATCH", f"/returns/{rma['id']}", {"status": "closed"})
    assert (refused.status, refused.code) == (422, "forbidden_field")


@pytest.mark.parametrize(
    ("tender", "counter"),
    [("cash", "recorded_refunds"), ("store_credit", "recorded_refunds"), ("original", "processor_refunds")],
)
async def test_an_rma_refund_is_recorded_unless_it_goes_to_the_original_method(
    books: Books, tender: str, counter: str
) -> None:
    order = await books.confirmed()
    body = {"original_order_id": order["id"], "items": _items(order, refund_amount=8)}
    rma = (await books.call("POST", "/returns", body)).doc
    refund = {"payment_method": tender, "amount": 3}
    done = expect(await books.call("POST", f"/returns/{rma['id']}/refund", refund, key="r"), 201).doc
    assert (done["amount"], done["status"], done["idempotent"]) == (3, "succeeded", False)
    assert (done["credit_memo_id"] is not None) is (tender == "store_credit")
    assert (await books.call("POST", f"/returns/{rma['id']}/refund", refund, key="r")).doc["idempotent"] is True
    rest = expect(await books.call("POST", f"/returns/{rma['id']}/refund", {"payment_method": tender}), 201).doc
    assert rest["amount"] == 5
    assert (await books.call("POST", f"/returns/{rma['id']}/refund", refund)).code == "refund_exceeds_return"
    assert (await books.driver.control("stats"))[counter] == 2


async def test_an_automatic_refund_moves_money(books: Books) -> None:
    order = await books.confirmed()
    body = {"original_order_id": order["id"], "items": _items(order), "auto_refund": True}
    rma = expect(await books.call("POST", "/returns", body), 201).doc
    assert rma["amount_refunded"] == 10
    assert (await books.driver.control("stats"))["processor_refunds"] == 1
