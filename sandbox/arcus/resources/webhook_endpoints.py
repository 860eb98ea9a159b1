"""Webhook endpoints: registered, listed, changed, resumed, rotated, deleted (arcus-api.md 13.1)."""

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, invalid, missing
from sandbox.arcus.fields import choice, metadata, required_text, text
from sandbox.arcus.resources.paging import by_cursor

TABLE = "webhook_endpoints"
STATUSES = ("active", "paused", "disabled")
WRITABLE = frozenset({"url", "enabled_events", "events", "description", "status", "api_version", "metadata"})
VERSION = "2026-05-01"


def create(call: Call) -> Reply:
    """POST: the secret is shown here and never again."""
    _allowed(call)
    body, secret = call.body, _secret(call)
    doc: Doc = {
        "id": call.ids.new("webhook"),
        "object": "webhook_endpoint",
        "entity_id": call.entity.id,
        "url": _url(call),
        "description": text(body, "description"),
        "enabled_events": _events(body),
        "secret": secret,
        "secret_last4": secret[-4:],
        "status": "active",
        "mode": choice(body, "mode", ("live", "test"), default="test"),
        "api_version": text(body, "api_version") or VERSION,
        "success_count": 0,
        "failure_count": 0,
        "consecutive_failure_count": 0,
        "last_delivery_at": None,
        "created_at": call.now,
        "metadata": metadata(body),
    }
    call.tx.put(TABLE, doc)
    return Reply(doc, 201)


def listed(call: Call) -> Reply:
    """GET: newest first, without secrets."""
    _allowed(call)
    rows = [shown(doc) for doc in call.view.scan(TABLE, newest_first=True) if not doc.get("deleted")]
    return Reply(by_cursor(rows, call.query, url=call.path), wrap="never")


def one(call: Call) -> Reply:
    """GET of one, without its secret."""
    _allowed(call)
    return Reply(shown(_endpoint(call)))


def patch(call: Call) -> Reply:
    """PATCH: an endpoint that is made active again has no failures in a row."""
    _allowed(call)
    doc, body = _endpoint(call), call.body
    if unknown := [name for name in body if name not in WRITABLE]:
        raise invalid(unknown[0], "cannot be changed here.")
    changes: Doc = {}
    if "url" in body:
        changes["url"] = _url(call)
    if "enabled_events" in body or "events" in body:
        changes["enabled_events"] = _events(body)
    if "status" in body:
        changes["status"] = choice(body, "status", STATUSES)
        if changes["status"] == "active":
            changes["consecutive_failure_count"] = 0
    if "metadata" in body:
        changes["metadata"] = metadata(body)
    changes |= {name: text(body, name) for name in ("description", "api_version") if name in body}
    return Reply(shown(call.tx.put(TABLE, {**doc, **changes})))


def rotate(call: Call) -> Reply:
    """POST .../rotate_secret: the old secret is void at once; nothing is documented about a grace."""
    _allowed(call)
    secret = _secret(call)
    doc = call.tx.put(TABLE, {**_endpoint(call), "secret": secret, "secret_last4": secret[-4:]})
    return Reply({"webhook_id": doc["id"], "secret": secret, "last4": secret[-4:], "rotated_at": call.now})


def delete(call: Call) -> Reply:
    """DELETE: it is kept as disabled and listed no more."""
    _allowed(call)
    doc = call.tx.put(TABLE, {**_endpoint(call), "status": "disabled", "deleted": True})
    return Reply(shown(doc))


def shown(doc: Doc) -> Doc:
    """Return an endpoint as every answer but the first shows it."""
    return {name: value for name, value in doc.items() if name not in ("secret", "deleted")}


def _allowed(call: Call) -> None:
    """The documentation names two scopes; the profile says which one this Arcus asks for."""
    if call.profile.webhook_scope not in call.scopes:
        wanted = call.profile.webhook_scope
        raise Refusal(403, "insufficient_scope", f"The key lacks {wanted}.", extra={"required": wanted})
    named = "webhooks" if call.path.startswith("/webhooks") else "webhook_endpoints"
    if call.profile.webhook_path not in ("both", named):
        raise Refusal(404, "not_found", f"No such path: {call.path}.")


def _endpoint(call: Call) -> Doc:
    doc = call.need(TABLE, call.path_ids[0], what="webhook endpoint")
    if doc.get("deleted"):
        raise Refusal(404, "not_found", f"No webhook endpoint {doc['id']}.")
    return doc


def _url(call: Call) -> str:
    url = required_text(call.body, "url")
    if call.profile.webhook_urls == "https" and not url.startswith("https://"):
        raise invalid("url", "must be an https URL that is reachable from outside.")
    return url


def _events(body: Doc) -> list[str]:
    given = body.get("enabled_events", body.get("events"))
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise missing("enabled_events")
    return given


def _secret(call: Call) -> str:
    return f"whsec_{call.ids.request()[4:]}{call.ids.request()[4:]}"
