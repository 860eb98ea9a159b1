"""Looks, a few at a time: what one of them meets ends the round only after the others have ended."""

from __future__ import annotations

import pytest

from service.duties.watching import watching
from service.errors import Waiting


class Due:
    """Keys that are due, once each."""

    def __init__(self, *batches: list[str]) -> None:
        self._batches = list(batches)

    async def claim(self, *, limit: int) -> list[str]:
        assert limit > 0
        return self._batches.pop(0) if self._batches else []


async def test_every_key_is_looked_at_until_none_is_due() -> None:
    seen: list[str] = []

    async def look(key: str) -> None:
        seen.append(key)

    await watching(looks=Due(["a", "b"], ["c"]), look=look)()
    assert sorted(seen) == ["a", "b", "c"]


async def test_what_the_ledger_refuses_ends_the_round_as_itself() -> None:
    seen: list[str] = []

    async def look(key: str) -> None:
        seen.append(key)
        if key == "a":
            raise Waiting("ledger", "the database is away")

    with pytest.raises(Waiting):
        await watching(looks=Due(["a", "b"], ["c"]), look=look)()
    assert sorted(seen) == ["a", "b"]
