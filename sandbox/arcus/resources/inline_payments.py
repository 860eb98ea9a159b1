"""`payments[]` of an order create: charged after the order is safe, so that a declined card leaves it unpaid."""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.fields import children, flag
from sandbox.arcus.money import positive
from sandbox.arcus.resources import charging
from sandbox.arcus.resources.totals import with_balance


@dataclass(frozen=True, slots=True)
class Planned:
    """One inline payment that passed validation."""

    method: Doc
    amount: Decimal
    capture: bool


def checked(call: Call) -> list[Planned]:
    """Validate before anything is written."""
    planned = []
    for index, child in enumerate(children(call.body, "payments", at_most=10)):
        path = f"payments[{index}]"
        method = charging.saved_method(call, child.get("payment_method_id"), param=f"{path}.payment_method_id")
        amount = positive(
            child.get("amount"), param=f"{path}.amount", smallest=call.smallest, status=call.profile.child_status
        )
        planned.append(Planned(method, amount, flag(child, "auto_capture", default=True)))
    return planned


def charge(call: Call, order: Doc, planned: list[Planned]) -> tuple[Doc, list[Doc]]:
    """Charge each; return the order as paid and one result per payment."""
    results = []
    for one in planned:
        applied = [(order["id"], one.amount)]
        money = charging.Money("card", one.amount, order["account_id"], order["id"], applied)
        try:
            paid = charging.charge(call, money, one.method, capture=one.capture)
        except Refusal as declined:
            failure = {"status": "failed", "error": declined.code}
            results.append({"payment_method_id": one.method["id"], "amount": one.amount, **failure})
            continue
        call.tx.put("payments", paid)
        results.append({"payment_method_id": one.method["id"], "amount": one.amount, "payment_id": paid["id"]})
        results[-1]["status"] = paid["status"]
        if one.capture:
            order = with_balance(call, order, paid=one.amount)
    return order, results
