"""Reads from the shop what is parked because nobody said what it became; what was read goes the way of an event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from connectors.errors import Invalid
from schemas.outcome import OutcomeName, Reason
from service.duties.what_is_new import what_is_new
from service.errors import FerryError, Refused, Waiting
from service.pipeline.news import Rejected
from service.pipeline.reception import rejected
from service.pipeline.run import root_of
from service.plan.state import parked
from service.ports import Arrival, Clock, EventEnd, OrderRead, Parked, Priority, Shop, Story

READ_FOR = (Reason.NEEDS_READ, Reason.TRANSACTIONS_MISSING, Reason.SAME_VERSION_DIFFERS)
"""What only the shop can tell."""
_MOST = 10_000  # parked documents looked through at once


class Waiters(Protocol):
    """The desk, as far as this duty asks it."""

    async def parked(
        self, *, tenant: str | None = None, reason: str | None = None, limit: int = 1000
    ) -> Sequence[Parked]:
        """Return the parked documents, oldest first."""
        ...

    async def story(self, key: str) -> Story:
        """Return everything known about one key."""
        ...


class Observer(Protocol):
    """Where the duty reports to."""

    def read(self, key: str, result: str, why: str = "") -> None:
        """Note how a read ended: `news`, `nothing_new`, `not_shown`, `too_young`, `invalid`, `failed`, `refused`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two reads of one order, twice as many each time, and how old a change has to be."""

    again_s: float = 60.0
    again_max_s: float = 3_600.0
    settle_s: float = 10.0


@dataclass(slots=True)
class _Tried:
    since: frozenset[float]
    times: int
    next_at: float


@dataclass
class Reading:
    """The duty. It only delivers: the key's lane, its fence and its versions decide what comes of it.

    So a read that was overtaken changes nothing, and one that is lost on the way is done again: what it was for is
    parked until it is not.
    """

    desk: Waiters
    shop_of: Callable[[str, str], Shop | None]
    """The shop of a tenant; None where there is no token for it."""
    deliver: Callable[[str, Arrival | Rejected], object]
    clock: Clock
    observer: Observer
    pace: Pace = Pace()
    _tried: dict[str, _Tried] = field(default_factory=dict)

    async def __call__(self) -> None:
        """Read what is due: one order after the other in each shop, the shops side by side."""
        waiting = await self._waiting()
        self._tried = {key: tried for key, tried in self._tried.items() if key in waiting}
        shops: dict[tuple[str, str], list[str]] = {}
        for key, rows in waiting.items():
            if self._is_due(key, rows):
                root = root_of(key)
                shops.setdefault((root.external_source, root.tenant), []).append(key)
        await asyncio.gather(*(self._shop(name, keys, waiting) for name, keys in shops.items()))

    async def _waiting(self) -> dict[str, list[Parked]]:
        """What waits for a shop that can be read, by key, longest first."""
        found: dict[str, list[Parked]] = {}
        for reason in READ_FOR:
            for row in await self.desk.parked(reason=reason.value, limit=_MOST):
                if self.shop_of(row.document.external_source, row.document.tenant) is not None:
                    found.setdefault(row.key, []).append(row)
        return found

    def _is_due(self, key: str, rows: Sequence[Parked]) -> bool:
        tried = self._tried.get(key)
        if tried is None or tried.since != _since(rows):  # it waits for something else than the last time
            return True
        return self.clock.now() >= tried.next_at

    async def _shop(self, name: tuple[str, str], keys: Sequence[str], waiting: Mapping[str, Sequence[Parked]]) -> None:
        shop = self.shop_of(*name)
        if shop is None:
            return
        for key in keys:
            try:
                await self._read(shop, key, waiting[key])
            except Waiting:  # the whole shop waits, by its breaker: none of these orders was tried
                return

    async def _read(self, shop: Shop, key: str, rows: Sequence[Parked]) -> None:
        self._note(key, rows)
        story = await self.desk.story(key)
        try:
            read = await shop.read(root_of(key).external_id)
        except Waiting as error:
            del self._tried[key]
            self.observer.read(key, "failed", str(error))
            raise
        except FerryError as error:
            self.observer.read(key, "refused" if isinstance(error, Refused) else "failed", str(error))
            return
        result, work = self._work(key, rows, story, read)
        self.observer.read(key, result)
        if work is not None:
            self.deliver(key, work)

    def _note(self, key: str, rows: Sequence[Parked]) -> None:
        """Count the try before it is made: whatever becomes of it, the next one comes later."""
        tried = self._tried.get(key)
        times = 0 if tried is None or tried.since != _since(rows) else tried.times + 1
        pause = min(self.pace.again_s * 2 ** min(times, 30), self.pace.again_max_s)
        self._tried[key] = _Tried(_since(rows), times, self.clock.now() + pause)

    def _work(
        self, key: str, rows: Sequence[Parked], story: Story, read: OrderRead
    ) -> tuple[str, Arrival | Rejected | None]:
        """Say how the read ended, and what of it is to be delivered."""
        name = f"read/{key}/{read.at:%Y%m%dT%H%M%S}"
        if isinstance(read.event, Invalid):
            return "invalid", rejected(read.event, name, None, Priority.RECOVERY)
        if not read.shown:
            return "not_shown", _not_shown(Arrival(name, read.event, None, Priority.RECOVERY), rows[0])
        known = {one.fact.ref: one for one in story.known}
        event = what_is_new(read.event, known, at=read.at, settle=timedelta(seconds=self.pace.settle_s))
        if event is None:
            self._tried[key].next_at = self.clock.now() + self.pace.settle_s
            return "too_young", None
        return "news" if event.facts else "nothing_new", Arrival(name, event, None, Priority.RECOVERY)


def _since(rows: Sequence[Parked]) -> frozenset[float]:
    return frozenset(row.since for row in rows)


def _not_shown(arrival: Arrival, row: Parked) -> Rejected:
    """Leave the document parked under its name, and say that reading it did not help."""
    root = arrival.event.key.root
    detail = (
        f"the shop does not show order {root}: it was deleted there, or it is older than the token may read "
        "(scope read_all_orders); grant that, or discard this document"
    )
    verdict = parked(row.document, row.reason, detail, release=row.release, amount=row.amount)
    end = EventEnd(arrival, OutcomeName.PARKED, row.reason, detail)
    # The other reasons follow from what is known: the next look says them, or that they are over.
    return Rejected(arrival, verdict, end, lasting=row.reason is Reason.NEEDS_READ)
