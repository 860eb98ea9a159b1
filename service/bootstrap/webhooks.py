"""Short jobs of the command line about the ERP's webhooks: which there are, a new one, a new secret."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from service.bootstrap import parts
from service.bootstrap.wall_clock import WallClock
from service.erp.arcus.endpoints import Endpoints
from service.errors import Refused
from service.http.courier import Silent
from service.ports import Endpoint, Priority
from service.settings import Settings


async def webhooks(settings: Settings) -> Sequence[tuple[str, Endpoint]]:
    """Return every endpoint with the name of its API key."""
    async with _entities(settings) as entities:
        return [
            (name, endpoint)
            for name, endpoints in entities.items()
            for endpoint in await endpoints.listed(priority=Priority.LIVE)
        ]


async def register_webhook(settings: Settings, api_key: str) -> tuple[Endpoint, str]:
    """Register `erp.webhook_url`; returns the endpoint and its secret, which nobody tells again.

    Raises Refused where it is registered already.
    """
    url = str(settings.erp.webhook_url)
    async with _entities(settings) as entities:
        endpoints = entities[api_key]
        there = [one for one in await endpoints.listed(priority=Priority.LIVE) if one.url == url]
        if there and there[0].status != "disabled":
            hint = f"it is there as {there[0].id} ({there[0].status}); `orderferry webhooks rotate` gives a new secret"
            raise Refused(f"registering {url}", 409, "already_registered", hint)
        return await endpoints.register(url, key=f"register-{uuid.uuid4().hex}")


async def rotate_webhook(settings: Settings, api_key: str) -> tuple[Endpoint, str]:
    """Give the endpoint of `erp.webhook_url` a new secret and return it. Raises Refused where there is none."""
    url = str(settings.erp.webhook_url)
    async with _entities(settings) as entities:
        endpoints = entities[api_key]
        there = [one for one in await endpoints.listed(priority=Priority.LIVE) if one.url == url]
        if not there:
            hint = "`orderferry webhooks register` makes one"
            raise Refused(f"rotating the secret of {url}", 404, "not_registered", hint)
        return there[0], await endpoints.rotate(there[0].id, key=f"rotate-{uuid.uuid4().hex}")


@asynccontextmanager
async def _entities(settings: Settings) -> AsyncIterator[dict[str, Endpoints]]:
    erps = parts.Erps(settings, clock=WallClock(), meter=Silent(), shared=None)
    try:
        yield erps.endpoints
    finally:
        await erps.aclose()
