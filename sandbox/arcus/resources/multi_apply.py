"""POST /payments/multi-invoice-apply: one payment over several orders, the only place for an external reference."""

from decimal import Decimal

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, invalid
from sandbox.arcus.fields import children, choice, day, required_text, text
from sandbox.arcus.money import ZERO, positive
from sandbox.arcus.resources import charging
from sandbox.arcus.resources.totals import with_balance

TENDERS = frozenset({"check", "ach", "wire", "external", "cash", "credit"})
TOLERANCE = Decimal("0.005")
MOST = 50


def apply(call: Call) -> Reply:
    """Create the payment row and its applications in one transaction."""
    body = call.body
    account_id = required_text(body, "account_id")
    call.need("accounts", account_id, what="account", param="account_id")
    tender = choice(body, "payment_method", TENDERS)
    amount = positive(body.get("amount"), param="amount", smallest=call.smallest)
    date = _open_day(call)
    applied = _applications(call, account_id, amount)
    money = charging.Money(
        tender,
        amount,
        account_id,
        applications=[(order["id"], part) for order, part in applied],
        external_reference=text(body, "external_reference"),
        payment_date=date,
    )
    paid = call.tx.put("payments", charging.payment(call, money))
    shown = {
        "id": paid["id"],
        "entity_id": call.entity.id,
        "amount": amount,
        "payment_method": tender,
        "status": paid["status"],
        "journal_entry_id": call.ids.new("je"),
        "applied_count": len(applied),
        "applications": paid["applications"],
    }
    orders = [order["id"] for order, _ in applied]
    only = orders[0] if len(orders) == 1 else None
    return Reply(shown, 201, "always", {"idempotent_replay": False}, (account_id, *orders), only)


def _open_day(call: Call) -> str:
    date = day(call.body, "payment_date") or call.today
    closed = call.entity.settings.get("closed_before")
    if closed is not None and date < closed:
        hint = f"The accounting period of {date} is closed; the first open day is {closed}."
        raise Refusal(422, "period_closed", hint, param="payment_date")
    return date


def _applications(call: Call, account_id: str, amount: Decimal) -> list[tuple[Doc, Decimal]]:
    """Return each order as paid, staged, with its part."""
    sent = children(call.body, "applications", at_most=MOST)
    if not sent:
        raise invalid("applications", f"from 1 to {MOST}.")
    applied = [_application(call, account_id, part, f"applications[{index}].") for index, part in enumerate(sent)]
    if abs(sum((part for _, part in applied), ZERO) - amount) > TOLERANCE:
        raise invalid("applications", f"the applied amounts do not add up to {amount}.", status=422)
    return applied


def _application(call: Call, account_id: str, sent: Doc, path: str) -> tuple[Doc, Decimal]:
    ident = required_text(sent, "order_id", path=path)
    order = call.need("orders", ident, what="order", code="order_not_found", param=f"{path}order_id")
    part = positive(sent.get("amount_applied"), param=f"{path}amount_applied", smallest=call.smallest)
    if order["account_id"] != account_id:
        raise Refusal(422, "account_mismatch", "The order belongs to another account.", param=f"{path}order_id")
    charging.payable(call, order, param=f"{path}order_id")
    if part > order["balance_due"]:
        hint = f"Only {order['balance_due']} is due on {order['order_number']}."
        raise Refusal(422, "amount_exceeds_balance", hint, param=f"{path}amount_applied")
    return call.tx.put("orders", with_balance(call, order, paid=part)), part
