from decimal import Decimal

import pytest

from sandbox.arcus.errors import Doc
from sandbox.arcus.trial import Books, expect

APPLY = "/payments/multi-invoice-apply"


async def test_one_payment_is_applied_over_several_orders(books: Books) -> None:
    first, second = await books.confirmed(), await books.confirmed(books.line("TEA", 2))
    applications = [
        {"order_id": first["id"], "amount_applied": 10},
        {"order_id": second["id"], "amount_applied": Decimal("2.5")},
    ]
    body = books.payment(first, Decimal("12.5"), applications=applications, payment_date="2026-05-31", notes="a=b")
    answer = expect(await books.call("POST", APPLY, body), 201)
    assert (answer.body["idempotent_replay"], answer.doc["applied_count"]) == (False, 2)
    paid = await books.get(f"/payments/{answer.doc['id']}")
    assert (paid["order_id"], paid["amount"], paid["amount_applied"]) == (None, Decimal("12.5"), Decimal("12.5"))
    assert (paid["external_reference"], paid["payment_date"], paid["notes"]) == ("shop.example:1", "2026-05-31", "a=b")
    orders = [await books.get(f"/orders/{order['id']}") for order in (first, second)]
    assert [order["payment_status"] for order in orders] == ["paid", "partially_paid"]
    assert [order["balance_due"] for order in orders] == [0, Decimal("17.5")]
    listed = (await books.call("GET", f"/orders/{first['id']}/payments")).body
    assert (listed["count"], listed["data"][0]["id"]) == (1, paid["id"])
    assert (await books.driver.control("stats"))["processor_charges"] == 0


async def _wrong(books: Books, order: Doc, change: Doc) -> Doc:
    answer = await books.call("POST", APPLY, {**books.payment(order), **change})
    return {"status": answer.status, **answer.body}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"account_id": None}, 400, "missing_field"),
        ({"account_id": "nobody"}, 404, "not_found"),
        ({"payment_method": "card"}, 400, "validation_failed"),
        ({"amount": 0}, 400, "validation_failed"),
        ({"amount": Decimal("9.99")}, 422, "validation_failed"),
        ({"applications": []}, 400, "validation_failed"),
        ({"applications": [{"order_id": "x", "amount_applied": 1}] * 51}, 400, "validation_failed"),
        ({"applications": [{"order_id": "x", "amount_applied": 10}]}, 404, "order_not_found"),
        ({"payment_date": "2026-02-30"}, 400, "validation_failed"),
    ],
)
async def test_a_wrong_application_is_refused_and_pays_nothing(
    books: Books, change: Doc, status: int, code: str
) -> None:
    order = await books.confirmed()
    refused = await _wrong(books, order, change)
    assert (refused["status"], refused["code"]) == (status, code)
    assert (await books.get(f"/orders/{order['id']}"))["amount_paid"] == 0


async def test_more_than_the_balance_is_refused(books: Books) -> None:
    order = await books.confirmed()
    await books.paid(order, 4)
    refused = await _wrong(books, order, {})
    assert (refused["status"], refused["code"]) == (422, "amount_exceeds_balance")
    assert refused["param"] == "applications[0].amount_applied"
    twice = [{"order_id": order["id"], "amount_applied": 5}] * 2
    assert (await _wrong(books, order, {"applications": twice}))["code"] == "amount_exceeds_balance"


async def test_only_posted_documents_take_money(books: Books) -> None:
    draft = await books.created()
    assert (await _wrong(books, draft, {}))["code"] == "order_not_confirmed"
    await books.call("POST", f"/orders/{draft['id']}/cancel", {})
    assert (await _wrong(books, draft, {}))["code"] == "order_not_payable"
    goods = await books.confirmed(document_type="return")
    assert (await _wrong(books, goods, {}))["code"] == "order_not_payable"
    other = await books.confirmed()
    assert (await _wrong(books, other, {"account_id": books.homeless}))["code"] == "account_mismatch"


async def test_a_closed_period_takes_no_payment(books: Books) -> None:
    await books.driver.control("close-period", {"entity": "usd", "before": "2026-06-01"})
    order = await books.confirmed()
    refused = await _wrong(books, order, {"payment_date": "2026-05-31"})
    assert (refused["status"], refused["code"]) == (422, "period_closed")
    expect(await books.call("POST", APPLY, books.payment(order, payment_date="2026-06-01")), 201)


async def test_receipts_are_found_by_account_date_and_reference(books: Books) -> None:
    order = await books.confirmed()
    await books.paid(order, 4, external_reference="shop:1", payment_date="2026-05-01")
    await books.paid(order, 6, external_reference="shop:2", payment_date="2026-05-02", payment_method="check")
    path = f"/accounting/unmatched-receipts?account_id={books.buyer}"
    page = (await books.call("GET", path)).body
    assert {row["external_reference"] for row in page["data"]} == {"shop:1", "shop:2"}
    assert (page["total"], page["page"], page["per_page"], "total_pages" in page) == (2, 1, 50, False)
    assert page["data"][0]["is_multi_application"] is True
    one = (await books.call("GET", f"{path}&date_from=2026-05-02&date_to=2026-05-02")).body
    assert [row["external_reference"] for row in one["data"]] == ["shop:2"]
    assert (await books.call("GET", f"{path}&date_from=2026-05-02&date_to=2026-05-01")).status == 400
    assert (await books.get("/accounting/unmatched-receipts?account_id=nobody"))["total"] == 0


async def test_a_manual_payment_above_the_balance_makes_a_credit_memo(books: Books) -> None:
    order = await books.confirmed()
    paid = expect(
        await books.call("POST", f"/orders/{order['id']}/payments", {"payment_method": "cash", "amount": 12.5}), 201
    ).doc
    assert (paid["amount"], paid["amount_applied"], paid["order_id"]) == (Decimal("12.5"), 10, order["id"])
    read = await books.get(f"/orders/{order['id']}")
    assert (read["amount_paid"], read["balance_due"], read["payment_status"]) == (10, 0, "paid")
    credit = await books.get(f"/credits?account_id={books.buyer}")
    assert (credit["count"], credit["credit_balance"]) == (1, Decimal("2.5"))
    again = await books.call("POST", f"/orders/{order['id']}/payments", {"payment_method": "cash", "amount": 1})
    assert again.code == "amount_exceeds_balance"


async def test_a_card_payment_moves_money_and_is_counted(books: Books) -> None:
    card, declined = (await books.get(f"/accounts/{books.buyer}/payment-methods"))["data"]
    order = await books.confirmed()
    path = f"/orders/{order['id']}/payments"
    body: Doc = {"payment_method": "card", "amount": 4, "payment_method_id": card["id"]}
    assert expect(await books.call("POST", path, body), 201).doc["stripe_payment_intent_id"].startswith("pi_")
    refused = await books.call("POST", path, {**body, "payment_method_id": declined["id"]})
    assert (refused.status, refused.code) == (422, "card_declined")
    unknown = await books.call("POST", path, {**body, "payment_method_id": "none"})
    assert (unknown.status, unknown.code) == (404, "payment_method_not_found")
    for secret in ("card_number", "cvc"):
        assert (await books.call("POST", path, {**body, secret: "1"})).body["param"] == secret
    assert (await books.driver.control("stats"))["processor_charges"] == 1


async def test_a_batch_pays_all_or_none(books: Books) -> None:
    first, second = await books.confirmed(), await books.confirmed()
    lines = [{"order_id": order["id"], "amount": 10, "payment_method": "cash"} for order in (first, second)]
    failed = await books.call("POST", "/payments/batch", {"payments": [lines[0], {**lines[1], "order_id": "x"}]})
    assert (failed.code, failed.body["param"]) == ("order_not_found", "payments[1].order_id")
    assert (await books.get(f"/orders/{first['id']}"))["amount_paid"] == 0
    assert expect(await books.call("POST", "/payments/batch", {"payments": lines}), 200).body == {}
    assert (await books.get(f"/orders/{second['id']}"))["payment_status"] == "paid"
    assert (await books.call("POST", "/payments/batch", {"payments": []})).status == 400


async def test_only_an_uncaptured_card_payment_is_voided(books: Books) -> None:
    card = (await books.get(f"/accounts/{books.buyer}/payment-methods"))["data"][0]
    inline = [{"payment_method_id": card["id"], "amount": 4, "auto_capture": capture} for capture in (False, True)]
    order = await books.created(payments=inline)
    held, captured = order["payments"]
    path = f"/orders/{order['id']}/payments"
    assert expect(await books.call("POST", f"{path}/{held['id']}/void", {}), 200).doc["status"] == "voided"
    late = await books.call("POST", f"{path}/{captured['id']}/void", {})
    assert (late.status, late.code) == (400, "payment_not_voidable")
    manual = await books.paid(await books.confirmed())
    none = await books.call("POST", f"{path}/{manual['id']}/void", {})
    assert (none.status, none.code) == (422, "not_a_stripe_payment")


async def test_a_refund_counts_in_cents_and_opens_the_balance_again(books: Books) -> None:
    order = await books.confirmed()
    paid = await books.paid(order)
    path = f"/orders/{order['id']}/payments/{paid['id']}/refund"
    answer = expect(await books.call("POST", path, {"amount": 250, "reason": "other"}), 200)
    assert answer.body == {}
    read = await books.get(f"/payments/{paid['id']}")
    assert (read["amount_refunded"], read["status"]) == (Decimal("2.5"), "partially_refunded")
    after = await books.get(f"/orders/{order['id']}")
    assert (after["amount_paid"], after["balance_due"], after["payment_status"]) == (
        Decimal("7.5"),
        Decimal("2.5"),
        "partially_refunded",
    )
    over = await books.call("POST", path, {"amount": 751})
    assert (over.status, over.code) == (422, "refund_exceeds_payment")
    for wrong in (2.5, 0, -1, "1"):
        assert (await books.call("POST", path, {"amount": wrong})).code == "validation_failed"
    expect(await books.call("POST", path, {}), 200)
    assert (await books.get(f"/orders/{order['id']}"))["payment_status"] == "refunded"
    stats = await books.driver.control("stats")
    assert (stats["recorded_refunds"], stats["processor_refunds"]) == (2, 0)


async def test_a_refund_of_a_shared_payment_is_bounded_by_the_orders_part(books: Books) -> None:
    first, second = await books.confirmed(), await books.confirmed()
    parts = [{"order_id": order["id"], "amount_applied": 10} for order in (first, second)]
    paid = await books.paid(first, 20, applications=parts)
    over = await books.call("POST", f"/orders/{first['id']}/payments/{paid['id']}/refund", {"amount": 1001})
    assert over.code == "refund_exceeds_payment"
    expect(await books.call("POST", f"/orders/{first['id']}/payments/{paid['id']}/refund", {}), 200)
    assert (await books.get(f"/orders/{second['id']}"))["payment_status"] == "paid"
    stranger = await books.confirmed()
    assert (await books.call("POST", f"/orders/{stranger['id']}/payments/{paid['id']}/refund", {})).status == 404


async def test_a_card_refund_moves_money_and_is_counted(books: Books) -> None:
    card = (await books.get(f"/accounts/{books.buyer}/payment-methods"))["data"][0]
    order = await books.created(payments=[{"payment_method_id": card["id"], "amount": 10}])
    path = f"/orders/{order['id']}/payments/{order['payments'][0]['id']}/refund"
    expect(await books.call("POST", path, {}), 200)
    assert (await books.driver.control("stats"))["processor_refunds"] == 1
