"""The admin API, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from service.api.admin.router import Admin
from service.api.health import Health
from service.bootstrap.desk import desk
from service.ports import Desk
from service.settings import Settings
from service.settings.secrets import plain
from service.settings.tables import wrong
from service.telemetry.build import orderferry_version


def admin(settings: Settings, *, health: Callable[[], Health], own: Desk | None = None) -> Admin:
    """Build it. `own` is the desk of this process; without one, each request opens the ledger as a command does."""

    @asynccontextmanager
    async def ours() -> AsyncIterator[Desk]:
        if own is None:
            async with desk(settings) as opened:
                yield opened
        else:
            yield own

    opening: Callable[[], AbstractAsyncContextManager[Desk]] = ours
    return Admin(
        tokens=plain(settings.http.admin_tokens),
        desk=opening,
        health=health,
        tenants=settings.tenants.keys(),
        wrong=wrong,
        version=orderferry_version(),
    )
