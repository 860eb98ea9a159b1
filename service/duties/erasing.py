"""Requests about persons, carried out: at once as far as it goes, and again until nothing of them waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from service.ports import PrivacyCase


class Requests(Protocol):
    """The ledger's requests about persons."""

    async def take(self) -> Sequence[str]:
        """Claim requests that can be carried further now."""
        ...

    async def carry_out(self, case_id: str) -> PrivacyCase:
        """Bring one as far as it goes now."""
        ...


def erasing(*, requests: Requests, tell: Callable[[PrivacyCase], None]) -> Callable[[], Awaitable[None]]:
    """Carry out what can be carried out; `tell` hears how far each came."""

    async def do() -> None:
        for case_id in await requests.take():
            tell(await requests.carry_out(case_id))

    return do
