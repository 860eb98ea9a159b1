"""What stands between a draft and its posting: approval, credit, delinquency."""

from dataclasses import dataclass

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.resources import stock
from sandbox.arcus.resources.accounts import credit_exposure

HOLD_PREFIX = "HOLD-"


@dataclass(frozen=True, slots=True)
class Gate:
    """Why an order is held."""

    hold_type: str
    code: str
    reason: str


APPROVAL = Gate("approval", "approval_required", "The order needs approval.")
CREDIT_HOLD = Gate("credit", "credit_hold", "The account is on credit hold.")
CREDIT_LIMIT = Gate("credit", "credit_limit_exceeded", "The order exceeds the account's credit limit.")
DELINQUENT = Gate("delinquency", "account_delinquent", "The account is past due.")


def gate_of(call: Call, order: Doc, account: Doc) -> Gate | None:
    """Return what holds this order; a released order passes."""
    if order["released_at"] is not None or order["document_type"] in ("return", "purchase_order"):
        return None
    if any(line["sku"].startswith(HOLD_PREFIX) for line in order["line_items"]):
        return APPROVAL
    if account["is_credit_hold"]:
        return CREDIT_HOLD
    if account.get("is_delinquent"):
        return DELINQUENT
    limit = account["credit_limit"]
    if limit is not None and credit_exposure(call, account) + order["order_total"] > limit:
        return CREDIT_LIMIT
    return None


def held(call: Call, order: Doc, gate: Gate) -> Doc:
    """Return the order on hold."""
    return {
        **order,
        "order_status": call.profile.hold_word,
        "is_on_hold": True,
        "hold_type": gate.hold_type,
        "hold_reason": gate.reason,
        "updated_at": call.now,
    }


def post(call: Call, order: Doc) -> Doc:
    """Return the order posted, with what stock there is reserved for every line."""
    if order["document_type"] not in ("return", "purchase_order"):
        open_lines = [(index, line) for index, line in enumerate(order["line_items"]) if not line["quantity_allocated"]]
        taken = stock.reserve(call, open_lines, order["location_id"], whole=False)
        lines = [
            {**line, "quantity_allocated": taken.get(line["id"], line["quantity_allocated"])}
            for line in order["line_items"]
        ]
        order = {**order, "line_items": lines}
    return {**order, "order_status": call.profile.confirmed_word, "updated_at": call.now}


def posted_at_create(call: Call, order: Doc, account: Doc) -> Doc:
    """Return an invoice that posts as it is created, unless a gate holds it or it is empty."""
    if not order["line_items"]:
        return order
    gate = gate_of(call, order, account)
    return held(call, order, gate) if gate is not None else post(call, order)


def refuse(gate: Gate) -> Refusal:
    """Return the refusal of a held order; what put it on hold is kept."""
    return Refusal(422, gate.code, gate.reason, keep=True)
