"""The endpoint that the ERP sends its events to: one that it paused is resumed, and what it skipped is caught up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.ports import Clock, Endpoint, Priority


class Endpoints(Protocol):
    """The endpoints of one entity. Raises Retryable, Unknown, Refused or Waiting."""

    async def listed(self, *, priority: Priority) -> Sequence[Endpoint]:
        """Return every endpoint."""
        ...

    async def resume(self, ident: str, *, key: str) -> Endpoint:
        """Let a paused endpoint deliver again."""
        ...


class Observer(Protocol):
    """Hears how the endpoint is."""

    def endpoint_is(self, name: str, status: str) -> None:
        """Note the status: `active`, `paused`, `disabled`, or `missing`."""
        ...

    def endpoint_resumed(self, name: str, endpoint: Endpoint) -> None:
        """Note that deliveries go on."""
        ...


@dataclass(frozen=True, kw_only=True)
class EndpointWatch:
    """Watches the endpoint of one API key."""

    name: str
    url: str
    endpoints: Endpoints
    catch_up: Callable[[], Awaitable[None]]
    observer: Observer
    clock: Clock

    async def look(self) -> None:
        """Resume a paused endpoint, then read what was not delivered. A disabled one is a person's doing."""
        found = [one for one in await self.endpoints.listed(priority=Priority.POLLING) if one.url == self.url]
        ours = next((one for one in found if one.status == "active"), found[0] if found else None)
        self.observer.endpoint_is(self.name, "missing" if ours is None else ours.status)
        if ours is None or ours.status != "paused":
            return
        # A key of its own every time: under an old one the ERP would only repeat its answer.
        resumed = await self.endpoints.resume(ours.id, key=f"resume-{ours.id}-{self.clock.now():.3f}")
        self.observer.endpoint_resumed(self.name, resumed)
        await self.catch_up()
        self.observer.endpoint_is(self.name, resumed.status)
