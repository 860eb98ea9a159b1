"""The rounds: small things done again and again, each on its own beat, none of which may stop the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.errors import FerryError
from service.pipeline.news import Wake
from service.pipeline.story import Story
from service.ports import Clock, Lease


@dataclass(frozen=True, slots=True)
class Round:
    """One duty and its beat in seconds."""

    name: str
    every_s: float
    do: Callable[[], Awaitable[None]]


class Failures(Protocol):
    """Where a failed round is reported."""

    def round_failed(self, name: str, error: Exception) -> None:
        """Note it; the round comes again."""
        ...


async def walk(round_: Round, *, clock: Clock, failures: Failures) -> None:
    """Do one duty on its beat until cancelled. What the ledger or the ERP refuses is reported and tried again."""
    while True:
        try:
            await round_.do()
        except (TimeoutError, FerryError, OSError) as error:
            failures.round_failed(round_.name, error)
        await clock.sleep(round_.every_s)


class Due(Protocol):
    """Keys that should be looked at although nothing arrives."""

    async def due(self, *, limit: int) -> Sequence[str]:
        """Return keys whose time has come, that were released, or whose condition was met."""
        ...

    async def abandoned(self, *, limit: int) -> Sequence[str]:
        """Return keys whose owner died with an intent open."""
        ...


def releasing(*, due: Due, wake: Callable[[str, Wake], object], limit: int) -> Callable[[], Awaitable[None]]:
    """Wake the keys that are due. A wake-up is a hint: the lane and the lease decide."""

    async def do() -> None:
        for key in {*await due.due(limit=limit), *await due.abandoned(limit=limit)}:
            wake(key, Wake())

    return do


class Renewing(Protocol):
    """The part of the ledger that extends leases."""

    async def renew(self, leases: Sequence[Lease]) -> set[str]:
        """Extend leases; returns the keys whose lease is lost."""
        ...


def renewing(*, story: Story, ledger: Renewing) -> Callable[[], Awaitable[None]]:
    """Extend the leases of keys in hand. A lost one is found out by the fence, at the next transaction."""

    async def do() -> None:
        leases = [opened.lease for opened in story.held.values()]
        if leases:
            await ledger.renew(leases)

    return do
