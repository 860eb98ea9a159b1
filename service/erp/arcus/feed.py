"""What changed in Arcus without a webhook saying so: the activity log, and the order list beside what was last read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.erp.arcus.client import Client
from service.erp.arcus.events import moment, of_activity
from service.erp.arcus.payloads import OrderDoc
from service.erp.arcus.reads import Reads
from service.erp.arcus.wire import Doc
from service.errors import Retryable
from service.ports import Notice, Priority

PAGE = 100
MOST_PAGES = 100
"""Pages of one reading: 10,000 entries. What lies behind them is found by the order list."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """Reads the feeds of one entity. Raises Retryable, Refused or Waiting."""

    client: Client
    reads: Reads

    async def activity(self, since: str, *, priority: Priority) -> tuple[Sequence[Notice], str]:
        """Return what was done since a moment, and the time of the newest of it.

        Newest first, as nothing else is documented; the reading stops at the first older entry, whether or not Arcus
        heeds the filter.
        """
        found: list[Notice] = []
        newest, place = since, {"limit": str(PAGE), "created_after": since}
        for _ in range(MOST_PAGES):
            rows, more = await self._page(place, priority)
            times = [str(entry.get("created_at", "")) for entry in rows]
            newest = max([newest, *times], key=moment)
            young = [entry for entry, at in zip(rows, times, strict=True) if moment(at) >= moment(since)]
            found += [notice for entry in young if (notice := of_activity(entry)) is not None]
            if not more or len(young) < len(rows):
                break
            place["starting_after"] = str(rows[-1].get("id"))
        return found, newest

    async def _page(self, place: dict[str, str], priority: Priority) -> tuple[list[Doc], bool]:
        what = "read the activity log"
        page = await self.client.read(self.client.settings.activity_path, place, what=what, priority=priority)
        data = page.get("data")
        if not isinstance(data, list):
            raise Retryable(what, "the answer has no list")
        rows = [entry for entry in data if isinstance(entry, dict)]
        return rows, bool(rows) and page.get("has_more") is True

    async def orders(self, since: str, *, priority: Priority) -> Sequence[OrderDoc]:
        """Return every order created since a moment, without lines."""
        return await self.reads.recent(created_after=since, priority=priority)
