"""Rows that Debezium tells of, with its envelope, flattened, or inside a CloudEvent; and what of them is no event.

With the outbox router the value is the payload column alone, and needs nothing of this.
"""

from __future__ import annotations

from connectors.envelopes.jsontext import parse
from connectors.envelopes.layer import Ended, Opened, said_by
from connectors.envelopes.unwrapped import Limits
from connectors.errors import Undecodable
from schemas.outcome import Reason

_TIMES = frozenset({"ts_ms", "ts_us", "ts_ns"})
_TRUE = (True, "true")
_HEARTBEAT = Ended(Reason.HEARTBEAT, "a heartbeat of Debezium: it only says that the connector is alive")
_GONE = Ended(
    Reason.ROW_DELETED,
    "Debezium tells that a row was deleted at the sender, as an outbox does after sending; the shop deleted nothing",
)
_TOMBSTONE = Ended(Reason.TOMBSTONE, "a tombstone for compaction, which Debezium sends after the deletion of a row")


def change(value: dict[str, object]) -> Opened | Ended | None:
    """The row after a change; None where this is no change."""
    if value and value.keys() <= _TIMES:
        return _HEARTBEAT
    if value.get("__deleted") in _TRUE or value.get("__op") == "d":  # flattened, with `delete.tombstone.handling.mode`
        return _GONE
    op = value.get("op")
    if op == "m" and isinstance(message := value.get("message"), dict):
        return Opened(message.get("content"))
    if not ("after" in value and ("before" in value or op is not None)) and not (op == "t" and "source" in value):
        return None
    row = value.get("after")
    return _GONE if row is None else Opened(row, said_by(value))


def cloud_event(value: dict[str, object]) -> Opened | Ended | None:
    """The change in a CloudEvent of Debezium, whose type and source name the connector and never the shop."""
    if "iodebeziumop" not in value:
        return None
    return _GONE if value["iodebeziumop"] == "d" else Opened(value.get("data"))


def tombstone(key: bytes | None) -> Ended | None:
    """A record without a value whose key is that of a row: an object, as no other producer's is."""
    try:
        found = parse(key or b"", Limits())
    except Undecodable:
        return None
    return _TOMBSTONE if isinstance(found, dict) else None
