"""The whole HTTP side of a process: webhooks on the shortest way, the admin API behind its guard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send

from service.api.admin.guard import Guard
from service.api.admin.refusals import refusals
from service.api.admin.router import Admin, router
from service.api.app import create_app
from service.api.health import Health
from service.api.webhooks.described import paths
from service.api.webhooks.door import Door


class Front:
    """An ASGI application. FastAPI's own way costs a webhook more than its proof does, so webhooks do not take it."""

    def __init__(
        self, *, health: Callable[[], Health], metrics: CollectorRegistry, doors: Sequence[Door], admin: Admin
    ) -> None:
        self.app = create_app(health=health, metrics=metrics, openapi_url="/openapi.json")
        self.app.include_router(router(admin))
        refusals(self.app)
        _describe(self.app, doors)
        self._doors = {f"/webhooks/{door.vendor.name}": door for door in doors}
        self._guard = Guard(self.app, tokens=admin.tokens)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the request to where it belongs."""
        path: str = scope.get("path", "")
        if (door := self._doors.get(path)) is not None and scope["type"] == "http":
            await door(scope, receive, send)
        elif path == "/admin" or path.startswith("/admin/"):
            await self._guard(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _describe(app: FastAPI, doors: Sequence[Door]) -> None:
    """Add the webhooks to the OpenAPI: they are no routes of FastAPI."""
    known: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        told = known()
        told["paths"].update(paths(door.vendor for door in doors))
        return told

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
