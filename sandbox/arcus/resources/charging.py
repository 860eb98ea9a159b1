"""Payment documents, and the processor behind cards: every movement of money there is counted."""

from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, Refusal, not_found
from sandbox.arcus.fields import text
from sandbox.arcus.money import ZERO

DECLINED_TOKEN = "pm_card_visa_chargeDeclined"  # noqa: S105 - Stripe's public test token
CARDS = frozenset({"card", "ach"})
# what a request calls a tender -> what the payment object calls it
METHODS = {
    "card": "credit_card",
    "ach": "ach",
    "cash": "cash",
    "check": "check",
    "wire": "wire",
    "credit": "store_credit",
    "terms": "other",
    "external": "other",
}
UNPAYABLE = frozenset({"cancelled", "voided"})


@dataclass(frozen=True, slots=True)
class Money:
    """What a new payment says beyond its amount."""

    tender: str
    amount: Decimal
    account_id: str
    order_id: str | None = None
    applications: list[tuple[str, Decimal]] = field(default_factory=list)
    external_reference: str | None = None
    payment_date: str | None = None


def payment(call: Call, money: Money, *, status: str = "succeeded", intent: str | None = None) -> Doc:
    """Return a new payment document."""
    body = call.body
    applied = [
        {"id": call.ids.new("apl"), "order_id": order_id, "amount_applied": part, "amount_refunded": ZERO}
        for order_id, part in money.applications
    ]
    return {
        "id": call.ids.new("payment"),
        "object": "payment",
        "entity_id": call.entity.id,
        "account_id": money.account_id,
        "order_id": money.order_id,
        "method": METHODS[money.tender],
        "payment_method": money.tender,
        "amount": money.amount,
        "amount_applied": sum((part for _, part in money.applications), ZERO),
        "amount_refunded": ZERO,
        "currency": call.entity.currency,
        "reference": text(body, "reference"),
        "external_reference": money.external_reference,
        "check_number": text(body, "check_number"),
        "stripe_payment_intent_id": intent,
        "payment_method_id": text(body, "payment_method_id"),
        "status": status,
        "payment_date": money.payment_date or call.today,
        "received_at": call.now,
        "notes": text(body, "notes"),
        "metadata": {},
        "applications": applied,
        "refunds": [],
        "created_at": call.now,
        "updated_at": call.now,
    }


def charge(call: Call, money: Money, method: Doc, *, capture: bool = True) -> Doc:
    """Move money by card or bank: counted, or declined by name."""
    if method["stripe_payment_method_id"] == DECLINED_TOKEN:
        raise Refusal(422, "card_declined", "The card was declined.", param="payment_method_id")
    if capture:
        call.effects["processor_charges"] += 1
    intent = f"pi_{call.ids.new('intent').replace('-', '')[:24]}"
    made = payment(call, money, status="succeeded" if capture else "pending", intent=intent)
    return {**made, "payment_method_id": method["id"]}


def saved_method(call: Call, ident: object, *, param: str) -> Doc:
    """Return a saved method of this entity."""
    found = call.view.get("payment_methods", ident) if isinstance(ident, str) else None
    if found is None:
        raise not_found("payment method", str(ident), code="payment_method_not_found", param=param)
    return found


def payable(call: Call, order: Doc, *, param: str | None = None) -> None:
    """Refuse money for a document that cannot take it."""
    kind, status = order["document_type"], order["order_status"]
    if kind not in ("sales_order", "invoice") or status in UNPAYABLE:
        raise Refusal(422, "order_not_payable", f"A {status} {kind} takes no payment.", param=param)
    if status in ("draft", "on_hold"):
        raise Refusal(422, "order_not_confirmed", "Confirm the order before paying it.", param=param)
    if kind != "invoice" and call.profile.invoice_only_payments:
        raise Refusal(422, "invoice_required", "Payments apply to posted invoices only.", param=param)
