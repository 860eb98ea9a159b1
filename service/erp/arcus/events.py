"""Arcus's events and activity as notices: pure. Nothing in them is believed but which document to read again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.base import Kind
from service.erp.arcus.payloads import OrderDoc
from service.erp.arcus.sight import tagged
from service.erp.arcus.wire import Doc, decode
from service.ports import Notice

NAME = "arcus"
SAME = {"payment.succeeded": "payment.received"}
"""Two names of one event (arcus-api.md 13.3)."""


def event_type(body: bytes | None) -> str:
    """Return an event's name, the older of two that mean the same; empty where there is none."""
    event = decode(body or b"") or {}
    name = event.get("type")
    return SAME.get(name, name) if isinstance(name, str) else ""


def notice(body: bytes | None) -> Notice | None:
    """Read an event as it was delivered; None where it is none."""
    event = decode(body or b"")
    if event is None or not _text(event, "id") or not _text(event, "type"):
        return None
    data = event.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    document: Doc = found if isinstance(found, dict) else {}
    return Notice(
        erp=NAME,
        event_id=_text(event, "id"),
        erp_id=_text(document, "id"),
        related=tuple(_related(document)),
        key=_key(document.get("metadata")),
        version=_text(document, "updated_at"),
        happened_at=moment(_text(event, "created_at")),
    )


def of_activity(entry: Doc) -> Notice | None:
    """Read an entry of the activity log; None where nothing was changed, or nobody says what."""
    if entry.get("outcome", "success") != "success" or not _text(entry, "id"):
        return None
    return Notice(
        erp=NAME,
        event_id=_text(entry, "id"),
        erp_id=_text(entry, "resource_id"),
        happened_at=moment(_text(entry, "created_at")),
    )


def of_row(doc: OrderDoc) -> Notice:
    """Ask for an order whose row in the list is not what was last read."""
    return Notice(erp=NAME, event_id="", erp_id=doc.id, key=_key(doc.metadata), version=doc.updated_at)


def moment(text: str) -> float:
    """Return a time as unix seconds; 0 where it is none."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return parsed.timestamp() if parsed.tzinfo else 0.0


def _related(document: Doc) -> Iterator[str]:
    """Name what a document belongs to: the orders of a payment, the original of a return, the winner of a merge."""
    for name in ("order_id", "original_order_id", "source_order_id", "merged_into_account_id"):
        if found := _text(document, name):
            yield found
    applications = document.get("applications")
    for part in applications if isinstance(applications, list) else ():
        if isinstance(part, dict) and (found := _text(part, "order_id")):
            yield found


def _key(metadata: object) -> str:
    """Return our key, where the tag names one; a return's is its order's, which only the ledger knows."""
    ref = tagged(metadata) if isinstance(metadata, dict) else None
    if ref is None or ref.kind not in {Kind.ORDER, Kind.ACCOUNT}:
        return ""
    root = ref.external_id if ref.kind is Kind.ORDER else f"~account:{ref.external_id}"
    return f"{ref.external_source}|{ref.tenant}|{root}"


def _text(doc: Doc, name: str) -> str:
    value = doc.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
