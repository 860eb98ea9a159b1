"""Tells people what is parked, at their times: one process tells, and whoever is not reached is told a round later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from service.desk.digest import Digest, digest
from service.errors import FerryError
from service.ports import Clock, Parked

MOST = 100_000  # parked documents that are summed up


class Claims(Protocol):
    """Who tells; see the ledger's tellings."""

    async def claim(self, channel: str, slot: float) -> float | None:
        """Return when this channel was told last; None where nothing is due or another process tells."""
        ...

    async def told(self, channel: str, *, slot: float, at: float) -> None:
        """People were told of what was parked at `at`."""
        ...

    async def failed(self, channel: str) -> None:
        """Nobody was told; the next round tries again."""
        ...


class Waiters(Protocol):
    """The desk, as far as this duty asks it."""

    async def parked(self, *, limit: int) -> Sequence[Parked]:
        """Return the parked documents."""
        ...


class Observer(Protocol):
    """Where the duty reports to."""

    def digest_told(self, channel: str, outcome: str, why: str = "") -> None:
        """Note how a delivery ended: `sent`, `nothing` to tell, `failed`."""
        ...


Channel = Callable[[Digest], Awaitable[None]]
"""Sends a digest one way. Raises FerryError, OSError or TimeoutError where it did not arrive."""


def telling(
    *,
    channels: Mapping[str, Channel],
    slot: Callable[[float], float | None],
    when_empty: bool,
    claims: Claims,
    desk: Waiters,
    clock: Clock,
    observer: Observer,
) -> Callable[[], Awaitable[None]]:
    """Tell every channel whose time has come. One that fails keeps no other from being told."""

    async def tell(name: str, due: float, since: float) -> str:
        now = clock.now()
        told = digest(await desk.parked(limit=MOST), since=since, now=now)
        sends = bool(told.count) or when_empty
        if sends:
            await channels[name](told)
        await claims.told(name, slot=due, at=now)
        return "sent" if sends else "nothing"

    async def do() -> None:
        due = slot(clock.now())
        if due is None:
            return
        for name in channels:
            since = await claims.claim(name, due)
            if since is None:
                continue
            try:
                observer.digest_told(name, await tell(name, due, since))
            except (FerryError, OSError, TimeoutError) as error:
                observer.digest_told(name, "failed", str(error) or type(error).__name__)
                await claims.failed(name)

    return do
