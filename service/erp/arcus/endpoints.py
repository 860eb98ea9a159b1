"""Webhook endpoints of Arcus: listed, registered, resumed, rotated (arcus-api.md 13.1), in both forms of the path.

They are written to, so no shop's event reaches this file: `adapter` does not import it.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.erp.arcus.client import Client
from service.erp.arcus.errors import CREDENTIALS
from service.erp.arcus.payloads import EndpointDoc, read
from service.erp.arcus.wire import Doc, unwrap
from service.errors import Retryable, Waiting
from service.ports import Endpoint, Priority


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The endpoints of one entity. Raises Retryable, Unknown, Refused or Waiting."""

    client: Client

    async def listed(self, *, priority: Priority) -> list[Endpoint]:
        """Return every endpoint; that there is a list is likely and not documented."""
        what = "list webhook endpoints"
        try:
            page = await self.client.read(self._path, {"limit": "100"}, what=what, priority=priority)
        except Waiting as waiting:
            raise self._explained(waiting) from waiting
        rows = page.get("data")
        if not isinstance(rows, list):
            raise Retryable(what, "the answer has no list")
        return [_endpoint(row, what) for row in rows]

    async def register(self, url: str, *, key: str) -> tuple[Endpoint, str]:
        """Register a URL for the events of the settings; returns the endpoint and its secret, which is told once."""
        settings = self.client.settings
        body: Doc = {
            "url": url,
            "enabled_events": list(settings.webhook_events),
            "description": "Orderferry",
            "api_version": settings.version,
        }
        doc = await self._write("POST", self._path, body, what=f"register the webhook endpoint {url}", key=key)
        return _endpoint(doc, "register"), str(doc.get("secret") or "")

    async def rotate(self, ident: str, *, key: str) -> str:
        """Return a new signing secret; whether the old one stays good for a while is not documented."""
        path = f"{self._path}/{ident}/rotate_secret"
        doc = await self._write("POST", path, {}, what=f"rotate the secret of webhook endpoint {ident}", key=key)
        return str(doc.get("secret") or "")

    async def resume(self, ident: str, *, key: str) -> Endpoint:
        """Let a paused endpoint deliver again; what was skipped meanwhile is not sent later."""
        what = f"resume webhook endpoint {ident}"
        return _endpoint(
            await self._write("PATCH", f"{self._path}/{ident}", {"status": "active"}, what=what, key=key), what
        )

    @property
    def _path(self) -> str:
        return f"/{self.client.settings.webhook_path.value}"

    async def _write(self, method: str, path: str, body: Doc, *, what: str, key: str) -> Doc:
        settings = self.client.settings
        try:
            answer = await self.client.write(
                method, settings.path(path), body, key=key, what=what, priority=Priority.POLLING
            )
        except Waiting as waiting:
            raise self._explained(waiting) from waiting
        return unwrap(answer)

    def _explained(self, waiting: Waiting) -> Waiting:
        """Say which scope the key should have: the documentation names two, the settings one of them."""
        if waiting.wait != CREDENTIALS:
            return waiting
        scope = self.client.settings.webhook_scope
        return Waiting(waiting.wait, f"{waiting.why}; webhooks need the scope {scope}", waiting.after)


def _endpoint(doc: object, what: str) -> Endpoint:
    found = read(EndpointDoc, doc) if isinstance(doc, dict) else None
    if found is None:
        raise Retryable(what, "the answer lacks what was asked for")
    return Endpoint(
        id=found.id,
        url=found.url,
        status=found.status,
        events=tuple(found.enabled_events),
        failures_in_a_row=found.consecutive_failure_count,
        last_delivery_at=found.last_delivery_at,
        secret_last4=found.secret_last4,
    )
