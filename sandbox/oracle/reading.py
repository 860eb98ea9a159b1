"""Raw records to what they say: its own reading of Shopify's bodies, shared with nobody."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from sandbox.oracle.decimals import KNOWN_CURRENCIES, ZERO

Doc = dict[str, Any]
Sort = Literal["order", "transaction", "refund", "edit", "deletion", "stub"]
_ORDERS = frozenset(
    f"orders/{verb}" for verb in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")
)
_TOPICS = {"order_transactions/create": "transaction", "refunds/create": "refund", "orders/edited": "edit"}
_STEPS = ("pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a record says about one entity of one root document."""

    sort: Sort
    tenant: str
    root: str
    ident: str
    body: Doc
    at: datetime
    triggered: str
    rank: tuple[int, ...]
    valid: bool = True

    def newer_than(self, other: "Said") -> bool:
        """Whether it stands above another about the same entity."""
        if self.at != other.at:
            return self.at > other.at
        if self.triggered and other.triggered and self.triggered != other.triggered:
            return self.triggered > other.triggered
        return self.rank > other.rank


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record for the dead letters."""

    why: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record that is nobody's business."""

    topic: str


def read(value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> list[Said] | Unreadable | Foreign:
    """Return everything that one record says, or why it says nothing."""
    named = {name.lower(): text.decode("latin-1") for name, text in headers}
    if value is None:
        return Unreadable("no value")
    try:
        body = json.loads(value.decode("utf-8"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        return Unreadable(type(error).__name__)
    topic, tenant = named.get("x-shopify-topic", ""), named.get("x-shopify-shop-domain", "")
    sort = "order" if topic in _ORDERS else _TOPICS.get(topic, "deletion" if topic == "orders/delete" else "")
    if not topic or not isinstance(body, dict):
        return Unreadable("no topic")
    if not sort:
        return Foreign(topic)
    return _SPEAKERS[sort](tenant, named.get("x-shopify-triggered-at", ""), body)


def moment(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _order(tenant: str, triggered: str, body: Doc) -> list[Said]:
    root = str(body["id"])
    if "line_items" not in body:
        at = moment(triggered[:26] + "+00:00") if triggered else datetime.min.replace(tzinfo=UTC)
        return [Said("stub", tenant, root, root, body, at, triggered, ())]
    steps = {status: step for step, status in enumerate(_STEPS)}
    shipped = {None: 0, "partial": 1, "fulfilled": 2}
    rank = (
        int(body["cancelled_at"] is not None),
        len(body["refunds"]),
        steps.get(body["financial_status"], 0),
        shipped.get(body["fulfillment_status"], 3),
    )
    valid = _valid(body)
    said = [Said("order", tenant, root, root, body, moment(body["updated_at"]), triggered, rank, valid)]
    if valid:
        for refund in body["refunds"]:
            said += _refund(tenant, triggered, refund)
    return said


def _valid(body: Doc) -> bool:
    """Whether the amounts of an order are amounts, and its currency one."""
    try:
        stated = [
            Decimal(body[name]) for name in ("total_price", "total_tax", "total_discounts", "total_line_items_price")
        ]
    except InvalidOperation:
        return False
    return all(amount.is_finite() and amount >= ZERO for amount in stated) and body["currency"] in KNOWN_CURRENCIES


def _transaction(tenant: str, _triggered: str, body: Doc) -> list[Said]:
    final = int(body["status"] in ("success", "failure", "error"))
    at = moment(body["processed_at"] or body["created_at"])
    root = str(body["order_id"])
    return [Said("transaction", tenant, root, str(body["id"]), body, at, "", (final,))]


def _refund(tenant: str, triggered: str, body: Doc) -> list[Said]:
    parts = ("refund_line_items", "order_adjustments", "refund_shipping_lines", "transactions")
    rank = (sum(len(body[name]) for name in parts),)
    root = str(body["order_id"])
    said = [Said("refund", tenant, root, str(body["id"]), body, moment(body["created_at"]), "", rank)]
    for transaction in body["transactions"]:
        said += _transaction(tenant, triggered, transaction)
    return said


def _edit(tenant: str, triggered: str, body: Doc) -> list[Said]:
    edit = body["order_edit"]
    at = moment(edit["committed_at"] or edit["created_at"])
    return [Said("edit", tenant, str(edit["order_id"]), str(edit["id"]), edit, at, triggered, ())]


def _deletion(tenant: str, triggered: str, body: Doc) -> list[Said]:
    root = str(body["id"])
    return [Said("deletion", tenant, root, root, body, datetime.max.replace(tzinfo=UTC), triggered, ())]


_SPEAKERS = {"order": _order, "transaction": _transaction, "refund": _refund, "edit": _edit, "deletion": _deletion}
