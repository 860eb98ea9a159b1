"""The activity log: one event for every committed write, newest first, read only."""

from collections.abc import Iterator

from sandbox.arcus.call import Call, Happening, Reply
from sandbox.arcus.errors import Doc
from sandbox.arcus.resources.paging import by_cursor

SINGULAR = {"orders": "order", "accounts": "account", "payments": "payment", "credits": "credit", "returns": "return"}


def listed(call: Call) -> Reply:
    """GET /activity."""
    return Reply(by_cursor(_events(call), call.query, url="/v1/activity"), wrap="never")


def of_resource(call: Call) -> Reply:
    """GET /resources/{type}/{id}/activity."""
    kind, ident = call.path_ids
    rows = (event for event in _events(call) if event["resource_type"] == kind and event["resource_id"] == ident)
    return Reply(by_cursor(rows, call.query, url=call.path), wrap="never")


def _events(call: Call) -> Iterator[Doc]:
    query = call.query
    names = [name for name in ("resource_type", "resource_id", "action") if name in query]
    since = query.get("created_after", "")
    for happening in reversed(call.activity):
        event = _event(call, happening)
        if event["created_at"] < since:
            return
        if all(event[name] == query[name] for name in names):
            yield event


def _event(call: Call, happening: Happening) -> Doc:
    kind = SINGULAR.get(happening.resource, happening.resource)
    verb = happening.route.rpartition("/")[2]
    return {
        "id": f"act_{happening.seq:032x}",
        "object": "activity_event",
        "entity_id": call.entity.id,
        "created_at": happening.at,
        "actor": {"type": happening.actor, "id": call.entity.code, "label": None, "on_behalf_of": None},
        "action": f"{kind}.{'created' if verb == happening.resource else verb.strip('{}') or 'updated'}",
        "resource_type": kind,
        "resource_id": happening.resource_id,
        "severity": "info",
        "outcome": "success",
        "error_code": None,
        "request_id": happening.request_id,
    }
