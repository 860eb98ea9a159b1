"""Credit memos of the `/credits` family: issued to an account, applied to orders."""

from decimal import Decimal

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.fields import choice, required_text, text
from sandbox.arcus.money import ZERO, positive
from sandbox.arcus.resources import charging
from sandbox.arcus.resources.paging import integer
from sandbox.arcus.resources.totals import with_balance

REASONS = ("return", "write_off", "goodwill", "price_adjustment", "duplicate_payment", "other")


def create(call: Call) -> Reply:
    """POST /credits."""
    body = call.body
    account_id = required_text(body, "account_id")
    amount = positive(body.get("amount"), param="amount", smallest=call.smallest)
    reason = choice(body, "reason", REASONS, default="other")
    memo = issue(call, account_id, amount, reason=reason, notes=text(body, "notes"))
    origin = {"source_type": text(body, "source_type"), "source_id": text(body, "source_id")}
    memo = call.tx.put("credits", {**memo, **origin, "expires_at": body.get("expires_at")})
    return Reply(memo, 201, subjects=(account_id,))


def issue(
    call: Call,
    account_id: str,
    amount: Decimal,
    *,
    reason: str,
    notes: str | None = None,
    source_order_id: str | None = None,
    source_return_id: str | None = None,
) -> Doc:
    """Stage a new memo and raise the account's credit."""
    account = call.need("accounts", account_id, what="account", param="account_id")
    credit = account["credit_balance"] + amount
    call.tx.put("accounts", {**account, "credit_balance": credit, "updated_at": call.now})
    memo: Doc = {
        "id": call.ids.new("credit"),
        "object": "credit_memo",
        "entity_id": call.entity.id,
        "credit_memo_number": call.tx.number("CM"),
        "account_id": account_id,
        "amount": amount,
        "amount_applied": ZERO,
        "amount_refunded": ZERO,
        "currency": call.entity.currency,
        "reason": reason,
        "source_type": None,
        "source_id": None,
        "source_return_id": source_return_id,
        "source_order_id": source_order_id,
        "status": "issued",
        "notes": notes,
        "expires_at": None,
        "issued_at": call.now,
        "voided_at": None,
        "created_at": call.now,
        "updated_at": call.now,
    }
    return call.tx.put("credits", memo)


def listed(call: Call) -> Reply:
    """GET /credits: newest first, at most 200 and no way to page further."""
    limit = integer(call.query, "limit", default=50, low=1, high=200)
    account_id = call.query.get("account_id")
    if account_id is None:
        found = list(call.view.scan("credits"))
    else:
        found = list(call.view.find("credit_account", account_id))
    balance = sum((memo["amount"] - memo["amount_applied"] for memo in found), ZERO)
    page = {"object": "list", "data": found[::-1][:limit], "count": len(found), "credit_balance": balance}
    return Reply(page, wrap="never")


def apply(call: Call) -> Reply:
    """POST /credits/{id}/apply: pays an order from the account's credit."""
    memo = call.need("credits", call.path_ids[0], what="credit memo")
    ident = required_text(call.body, "order_id")
    order = call.need("orders", ident, what="order", code="order_not_found", param="order_id")
    if order["account_id"] != memo["account_id"]:
        raise Refusal(422, "account_mismatch", "The order belongs to another account.", param="order_id")
    charging.payable(call, order, param="order_id")
    left = memo["amount"] - memo["amount_applied"]
    sent = call.body.get("amount")
    part = min(left, order["balance_due"]) if sent is None else positive(sent, param="amount", smallest=call.smallest)
    if not 0 < part <= left:
        raise Refusal(422, "amount_exceeds_credit", f"Only {left} is left on this credit.", param="amount")
    if part > order["balance_due"]:
        raise Refusal(422, "amount_exceeds_balance", f"Only {order['balance_due']} is due.", param="amount")
    money = charging.Money("credit", part, order["account_id"], order["id"], [(order["id"], part)])
    paid = call.tx.put("payments", {**charging.payment(call, money), "credit_memo_id": memo["id"]})
    call.tx.put("orders", with_balance(call, order, paid=part))
    account = call.need("accounts", memo["account_id"], what="account")
    call.tx.put("accounts", {**account, "credit_balance": account["credit_balance"] - part})
    used = memo["amount_applied"] + part
    status = "fully_applied" if used == memo["amount"] else "partially_applied"
    memo = call.tx.put("credits", {**memo, "amount_applied": used, "status": status, "updated_at": call.now})
    return Reply(memo, subjects=(order["id"], paid["id"]), order_id=order["id"])
