import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.trial import Books, expect


async def _confirm(books: Books, order: Doc, **body: object) -> tuple[int, Doc]:
    answer = await books.call("POST", f"/orders/{order['id']}/confirm", body)
    return answer.status, answer.doc


async def test_a_confirmed_order_reserves_what_stock_there_is(books: Books) -> None:
    order = await books.confirmed(books.line("TEA", 12))
    assert order["order_status"] == "confirmed"
    assert [line["quantity_allocated"] for line in order["line_items"]] == [10]
    assert (await books.driver.control("stats"))["emails"] == 0


async def test_an_email_to_the_customer_is_counted(books: Books) -> None:
    await _confirm(books, await books.created(), send_email=True)
    assert (await books.driver.control("stats"))["emails"] == 1


async def test_what_cannot_be_confirmed_says_why(books: Books) -> None:
    quote = await books.created(document_type="quote")
    status, body = await _confirm(books, quote)
    assert (status, body["code"]) == (422, "quote_must_convert_before_confirm")
    empty = expect(
        await books.call("POST", "/orders", {"document_type": "sales_order", "account_id": books.buyer}), 201
    ).doc
    assert (await _confirm(books, empty))[1]["code"] == "order_has_no_lines"
    nowhere = await books.created(account_id=books.homeless)
    assert (await _confirm(books, nowhere))[1]["code"] == "shipping_address_required"
    done = await books.confirmed()
    assert (await _confirm(books, done))[1]["code"] == "order_not_draft"
    assert (await books.call("POST", "/orders/none/confirm")).status == 404


async def test_an_approval_gate_holds_the_order_until_somebody_releases_it(books: Books) -> None:
    order = await books.created(books.line("HOLD-1"))
    status, body = await _confirm(books, order)
    assert (status, body["code"]) == (422, "approval_required")
    held = await books.get(f"/orders/{order['id']}")
    assert (held["is_on_hold"], held["hold_type"], held["order_status"]) == (True, "approval", "draft")
    released = await books.call("POST", f"/orders/{order['id']}/release-hold", {})
    assert released.body == {"data": {"success": True, "order_id": order["id"]}}
    assert (await _confirm(books, order))[1]["order_status"] == "confirmed"
    assert (await books.call("POST", f"/orders/{order['id']}/release-hold")).code == "order_not_on_hold"


async def test_a_replayed_gate_answer_is_the_stored_one(books: Books) -> None:
    order = await books.created(books.line("HOLD-1"))
    path = f"/orders/{order['id']}/confirm"
    assert (await books.call("POST", path, {}, key="c1")).code == "approval_required"
    await books.call("POST", f"/orders/{order['id']}/release-hold")
    assert (await books.call("POST", path, {}, key="c1")).code == "approval_required"
    assert (await books.call("POST", path, {}, key="c2")).status == 200


@pytest.mark.parametrize(
    ("change", "code", "hold"),
    [
        ({"is_credit_hold": True}, "credit_hold", "credit"),
        ({"is_delinquent": True}, "account_delinquent", "delinquency"),
        ({"credit_limit": 15}, "credit_limit_exceeded", "credit"),
    ],
)
async def test_an_accounts_credit_holds_its_orders(books: Books, change: Doc, code: str, hold: str) -> None:
    await books.confirmed()
    edit = {"entity": "usd", "table": "accounts", "id": books.buyer, "set": change}
    await books.driver.control("edit", edit)
    order = await books.created()
    assert (await _confirm(books, order))[1]["code"] == code
    assert (await books.get(f"/orders/{order['id']}"))["hold_type"] == hold


async def test_a_quote_converts_into_a_new_draft_and_stays_a_quote(books: Books) -> None:
    quote = await books.created(books.line("SET", 2), document_type="quote")
    order = expect(await books.call("POST", f"/orders/{quote['id']}/convert", {}), 201).doc
    assert (order["document_type"], order["order_status"]) == ("sales_order", "draft")
    assert (order["linked_order_id"], order["order_total"]) == (quote["id"], quote["order_total"])
    kit, child = order["line_items"]
    assert child["parent_line_item_id"] == kit["id"] != quote["line_items"][0]["id"]
    assert (await books.get(f"/orders/{quote['id']}"))["document_type"] == "quote"
    assert (await books.call("POST", f"/orders/{order['id']}/convert")).code == "only_quotes_convert"


async def test_an_unpaid_unshipped_order_cancels_once(books: Books) -> None:
    for order in (await books.created(), await books.confirmed()):
        done = expect(await books.call("POST", f"/orders/{order['id']}/cancel", {}), 200).doc
        assert (done["order_status"], done["balance_due"]) == ("cancelled", 0)
        again = await books.call("POST", f"/orders/{order['id']}/cancel", {})
        assert (again.status, again.code) == (409, "order_already_cancelled")


async def test_a_paid_order_cancels_only_after_its_refund(books: Books) -> None:
    order = await books.confirmed()
    paid = await books.paid(order)
    refused = await books.call("POST", f"/orders/{order['id']}/cancel", {})
    assert (refused.status, refused.code) == (409, "order_has_payments")
    expect(await books.call("POST", f"/orders/{order['id']}/payments/{paid['id']}/refund", {}), 200)
    assert (await books.call("POST", f"/orders/{order['id']}/cancel", {})).doc["order_status"] == "cancelled"


@pytest.mark.parametrize("partial", [True, False])
async def test_a_shipped_order_neither_cancels_nor_voids(books: Books, partial: object) -> None:
    order = await books.confirmed(books.line(), books.line())
    await books.driver.control("fulfil", {"entity": "usd", "order_id": order["id"], "partial": partial})
    for verb in ("cancel", "void"):
        assert (await books.call("POST", f"/orders/{order['id']}/{verb}", {})).code == "order_fulfilled"


@pytest.mark.parametrize(
    ("sku", "state"), [("DROPSHIP-SENT-1", "dropship_po_sent"), ("MFG-DONE-1", "manufactured_wo_completed")]
)
async def test_a_linked_order_blocks_cancel_and_void(books: Books, sku: str, state: str) -> None:
    order = await books.confirmed(books.line(sku))
    for verb in ("cancel", "void"):
        answer = await books.call("POST", f"/orders/{order['id']}/{verb}", {})
        assert (answer.status, answer.code) == (409, f"{state}_blocks_so_{verb}")


async def test_a_purchase_order_cancels_only_for_a_purchaser(books: Books) -> None:
    made = await books.created(document_type="purchase_order", account_id=books.vendor)
    await books.driver.control("seed", {"entity": "usd", "key": {"scopes": ["orders:write"]}})
    answer = await books.call("POST", f"/orders/{made['id']}/cancel", {})
    assert (answer.status, answer.code) == (403, "permission_denied")


async def test_a_cancel_reaches_a_connected_marketplace_and_is_counted(books: Books) -> None:
    await books.driver.control("seed", {"entity": "usd", "settings": {"marketplace_connected": True}})
    order = await books.created()
    await books.call("POST", f"/orders/{order['id']}/cancel", {})
    assert (await books.driver.control("stats"))["marketplace_pushes"] == 1


async def test_void_reverses_a_posted_order_and_not_a_draft(books: Books) -> None:
    draft = await books.created()
    assert (await books.call("POST", f"/orders/{draft['id']}/void", {})).code == "order_not_posted"
    order = await books.confirmed()
    done = expect(await books.call("POST", f"/orders/{order['id']}/void", {}), 200).doc
    assert (done["order_status"], done["payment_status"], done["cascaded_work_orders"]) == ("voided", "voided", [])
    assert (await books.call("POST", f"/orders/{order['id']}/void", {})).code == "order_already_voided"


async def test_an_open_rma_blocks_void(books: Books) -> None:
    order = await books.confirmed()
    items = [{"order_item_id": order["line_items"][0]["id"], "quantity": 1}]
    expect(await books.call("POST", "/returns", {"original_order_id": order["id"], "items": items}), 201)
    answer = await books.call("POST", f"/orders/{order['id']}/void", {})
    assert (answer.status, answer.code) == (409, "open_rma_blocks_void")
