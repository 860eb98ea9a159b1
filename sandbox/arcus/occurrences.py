"""What a commit means in the words of webhooks: which events follow from a document's change (arcus-api.md 13.3)."""

from collections.abc import Iterator

from sandbox.arcus.errors import Doc
from sandbox.arcus.profile import Profile

FAMILIES = {"orders": "order", "payments": "payment", "accounts": "account", "credits": "credit", "returns": "return"}
STATES = {
    "confirmed": "order.confirmed",
    "open": "order.confirmed",
    "cancelled": "order.cancelled",
    "voided": "order.voided",
}


def occurrences(table: str, before: Doc | None, after: Doc, profile: Profile) -> Iterator[str]:
    """Name the events of one document's change, in order."""
    family = FAMILIES.get(table)
    if family is None or before == after:
        return
    if table == "payments":
        yield from _of_payment(before, after, profile)
    elif table == "orders":
        yield from _of_order(before, after)
    elif before is None:
        yield f"{family}.created"
    else:
        merged = table == "accounts" and after["merged_into_account_id"] and not before["merged_into_account_id"]
        yield "account.merged" if merged else f"{family}.updated"


def _of_payment(before: Doc | None, after: Doc, profile: Profile) -> Iterator[str]:
    if before is None:
        yield profile.payment_event
    elif after["amount_refunded"] > before["amount_refunded"]:
        yield "payment.refunded"


def _of_order(before: Doc | None, after: Doc) -> Iterator[str]:
    if before is None:
        yield "order.created"
    was = before or {"order_status": "draft", "payment_status": "unpaid"}
    named = STATES.get(after["order_status"]) if after["order_status"] != was["order_status"] else None
    paid = after["payment_status"] == "paid" != was["payment_status"]
    if named:
        yield named
    if paid:
        yield "order.paid"
    if before is not None and not named and not paid:
        changed = after["payment_status"] != was["payment_status"]
        yield "order.payment_status_changed" if changed else "order.updated"


def wanted(name: str, enabled: list[str]) -> bool:
    """Whether an endpoint subscribed to an event: by `*`, by its family, or by its name."""
    return any(one in ("*", name, f"{name.partition('.')[0]}.*") for one in enabled)
