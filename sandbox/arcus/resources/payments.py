"""Payments on one order, batches of them, and the reads."""

from decimal import Decimal

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, invalid
from sandbox.arcus.fields import children, choice, required_text, text
from sandbox.arcus.money import positive
from sandbox.arcus.resources import charging, credit_memos, hydrate
from sandbox.arcus.resources.totals import with_balance

TENDERS = frozenset({"card", "ach", "cash", "check", "credit", "terms"})


def create(call: Call) -> Reply:
    """POST /orders/{id}/payments: cards and ACH through the processor, the rest recorded by hand."""
    order = call.order(call.path_ids[0])
    paid = _pay(call, order, call.body, path="")
    return Reply(paid, 201, subjects=(order["account_id"],), order_id=order["id"])


def _pay(call: Call, order: Doc, body: Doc, *, path: str) -> Doc:
    for secret in ("card_number", "cvc"):
        if secret in body:
            raise invalid(path + secret, "card data is never accepted here.")
    tender = choice(body, "payment_method", TENDERS, path=path)
    amount = positive(body.get("amount"), param=f"{path}amount", smallest=call.smallest)
    charging.payable(call, order, param=f"{path}order_id" if path else None)
    if tender == "check" and call.profile.check_number_required and not text(body, "check_number"):
        raise invalid(f"{path}check_number", "a check needs its number.")
    balance: Decimal = order["balance_due"]
    if balance <= 0 or (amount > balance and not call.profile.overpayment_credits):
        raise Refusal(422, "amount_exceeds_balance", f"Only {balance} is due.", param=f"{path}amount")
    applied = min(amount, balance)
    money = charging.Money(tender, amount, order["account_id"], order["id"], [(order["id"], applied)])
    if tender in charging.CARDS:
        method = charging.saved_method(call, body.get("payment_method_id"), param=f"{path}payment_method_id")
        paid = charging.charge(call, money, method)
    else:
        paid = charging.payment(call, money)
    call.tx.put("payments", paid)
    call.tx.put("orders", with_balance(call, order, paid=applied))
    if amount > applied:
        credit_memos.issue(
            call, order["account_id"], amount - applied, reason="duplicate_payment", source_order_id=order["id"]
        )
    return paid


def batch(call: Call) -> Reply:
    """POST /payments/batch: all or none."""
    lines = children(call.body, "payments", at_most=50)
    if not lines:
        raise invalid("payments", "at least one.")
    subjects = []
    for index, line in enumerate(lines):
        path = f"payments[{index}]."
        order = call.order(required_text(line, "order_id", path=path), code="order_not_found", param=f"{path}order_id")
        paid = _pay(call, order, line, path=path)
        subjects += [order["id"], paid["id"]]
    return Reply({}, wrap="never", subjects=tuple(subjects))


def one(call: Call) -> Reply:
    """GET /payments/{id}."""
    paid = call.need("payments", call.path_ids[0], what="payment")
    if "account" in call.expand:
        paid = {**paid, "account": call.view.get("accounts", paid["account_id"])}
    if "order" in call.expand:
        paid = {**paid, "order": call.view.get("orders", paid["order_id"] or "")}
    return Reply(paid)


def of_order(call: Call) -> Reply:
    """GET /orders/{id}/payments."""
    order = call.order(call.path_ids[0])
    found = hydrate.payments(call, order["id"])
    return Reply({"object": "list", "order_id": order["id"], "data": found, "count": len(found)}, wrap="never")
