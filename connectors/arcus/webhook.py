"""A verified event of Arcus as a record for the topic of ERP events: its bytes, its headers, its id, its document.

An event is a hint and no more (arcus-api.md 13): whoever reads the topic reads the document again from the ERP.
"""

from __future__ import annotations

from pydantic_core import from_json

from connectors.webhook import Headers, Outgoing, identifier, kept, key_of

PREFIXES = ("arcus-",)
EVENT_ID = "x-orderferry-event-id"
"""`evt_...`: the same on every delivery of one event."""
API_KEY = "x-orderferry-api-key-name"
"""Name of the API key in the settings, and with it the ERP entity, whose secret proved the delivery."""


def records(body: bytes, headers: Headers, *, api_key: str) -> tuple[Outgoing, ...]:
    """The one record of an event, keyed by ERP entity and order: a payment lies beside its order."""
    try:
        event = from_json(body)
    except ValueError:
        event = None
    read = event if isinstance(event, dict) else {}
    ours = ((EVENT_ID, identifier(read.get("id")).encode()), (API_KEY, api_key.encode()))
    data = read.get("data")
    document = data.get("object") if isinstance(data, dict) else None
    about = document if isinstance(document, dict) else {}
    root = identifier(about.get("order_id")) or identifier(about.get("id"))
    return (Outgoing(key_of(identifier(read.get("entity_id")), root), body, (*kept(headers, PREFIXES), *ours)),)
