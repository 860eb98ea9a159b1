"""Looking at what stands in the ERP: whatever an event, a poll or a merged account asked for, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

AT_ONCE: Final = 8
"""Looks side by side: the budget is the bound, and this hides the ERP's latency."""
LIMIT: Final = 64


class Looks(Protocol):
    """Keys that are to be looked at."""

    async def claim(self, *, limit: int) -> Sequence[str]:
        """Return keys that are to be looked at now; no other process gets them for a while."""
        ...


def watching(*, looks: Looks, look: Callable[[str], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Look at keys until none is due. What the ledger refuses ends the round; it comes again."""

    async def do() -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> None:
            async with room:
                await look(key)

        while keys := await looks.claim(limit=LIMIT):
            # All of them end first: a group of errors is nothing that a round could be forgiven for.
            for ended in await asyncio.gather(*map(one, keys), return_exceptions=True):
                if isinstance(ended, BaseException):
                    raise ended

    return do
