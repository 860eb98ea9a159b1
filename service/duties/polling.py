"""Asking the ERP what changed: for webhooks that were lost, and for an ERP that delivers none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Generic, Protocol, TypeVar

from schemas.standing import Standing
from service.ports import Clock, Mirror, Notice, Priority

DAY_S: Final = 86_400.0
OVERLAP_S: Final = 60.0
"""The activity log may show an entry late, and the clocks may differ; what was noticed before asks for nothing."""
AT_A_TIME: Final = 200

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)


class Feed(Protocol[Row_co]):
    """What the ERP can be asked. Raises Retryable, Refused or Waiting."""

    async def activity(self, since: str, *, priority: Priority) -> tuple[Sequence[Notice], str]:
        """Return what was done since a moment, and the time of the newest of it."""
        ...

    async def orders(self, since: str, *, priority: Priority) -> Sequence[Row_co]:
        """Return every order created since a moment."""
        ...


@dataclass(kw_only=True)
class Polling(Generic[Row]):
    """Polls one entity of the ERP."""

    name: str
    """Of its API key in the settings."""
    feed: Feed[Row]
    mirror: Mirror
    clock: Clock
    days: float
    """How far back orders are compared, and the activity log is read at first."""
    settle_s: float
    orders_every_s: float
    has_activity: bool
    id_of: Callable[[Row], str]
    ask_for: Callable[[Row], Notice]
    differs: Callable[[Standing | None, Row], bool]
    _compared_at: float = field(default=float("-inf"))

    async def poll(self) -> None:
        """Read the activity log, and now and then the order list."""
        if self.has_activity:
            await self._activity()
        if self.clock.now() - self._compared_at >= self.orders_every_s:
            await self.compare()

    async def catch_up(self) -> None:
        """Read everything now: deliveries were skipped."""
        if self.has_activity:
            await self._activity()
        await self.compare()

    async def compare(self) -> None:
        """Ask for orders whose row in the list is not what was last read."""
        now = self.clock.now()
        rows = await self.feed.orders(_iso(now - self.days * DAY_S), priority=Priority.POLLING)
        for part in _parts(rows):
            known: Mapping[str, Standing] = await self.mirror.standing([self.id_of(row) for row in part])
            changed = [self.ask_for(row) for row in part if self.differs(known.get(self.id_of(row)), row)]
            await self.mirror.notice(changed)
        self._compared_at = now

    async def _activity(self) -> None:
        place = f"activity:{self.name}"
        cursor = await self.mirror.cursor(place) or _iso(self.clock.now() - self.days * DAY_S)
        since = datetime.fromisoformat(cursor).timestamp() - OVERLAP_S - self.settle_s
        notices, newest = await self.feed.activity(_iso(since), priority=Priority.POLLING)
        for part in _parts(notices):
            await self.mirror.notice(part)
        await self.mirror.move(place, max(cursor, newest, key=datetime.fromisoformat))


Part = TypeVar("Part")


def _parts(rows: Sequence[Part]) -> Iterable[Sequence[Part]]:
    return (rows[start : start + AT_A_TIME] for start in range(0, len(rows), AT_A_TIME))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
