"""The adapter against a real sandbox over real HTTP, and the smallest driver of intents there can be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from sandbox.arcus.driver import Driver
from sandbox.arcus.trial import Books
from schemas.base import Ref
from schemas.effect import Effect
from schemas.posted import Posted
from service.erp.arcus.adapter import Arcus
from service.errors import Refused, Retryable, Unknown, Waiting
from service.http.breaker import Breaker
from service.http.concurrency import Concurrency, Room
from service.http.courier import Courier
from service.http.limiter import RateLimiter
from service.http.transport import Transport
from service.http.window import Tier
from service.ports import Absent, Found, Intent, Priority, Receipt, Resolution, Unclear
from tests.erp_arcus.effects import intent_of, settings

LIVE = Priority.LIVE
TRIES = 60
PAUSE = 0.01  # seconds between two tries of the driver: its stand-in for backing off
T = TypeVar("T")


class TravelClock:
    """Real time, plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def courier_over(transport: Transport) -> Courier:
    """Everything of the courier, with no budget and a breaker that faults by seed do not open."""
    room = Room(concurrency=Concurrency())
    limiter = RateLimiter(budget="test", tier=Tier(per_window=None, per_burst=None), room=room)
    return Courier(
        transport=transport, limiter=limiter, room=room, breaker=Breaker(ratio=1.0, calls=1000, minimum=1000)
    )


@dataclass
class Bench:
    """One entity of a sandbox, the adapter for it, and what is known of its documents."""

    books: Books
    driver: Driver
    transport: Transport
    clock: TravelClock = field(default_factory=TravelClock)
    known: dict[Ref, Posted] = field(default_factory=dict)
    how: list[str] = field(default_factory=list)
    arcus: Arcus = field(init=False)

    def __post_init__(self) -> None:
        self.arcus = self.adapter()

    def adapter(self, **changes: Any) -> Arcus:
        """Build an adapter as after a start; it knows nothing."""
        given = {
            "base_url": f"{self.driver.base}/v1",
            "api_key": self.driver.keys[self.books.entity],
            "settle_horizon_s": 0.2,
            "call_deadline_s": 5.0,
        }
        config = settings(**{**given, **changes})
        return Arcus(settings=config, courier=courier_over(self.transport), clock=self.clock)

    async def intent(self, effect: Effect, account: Posted | None = None, **changes: Any) -> Intent:
        """Resolve an effect and write its intent."""
        found = await patiently(lambda: self.arcus.resolve(effect, account, priority=LIVE))
        assert isinstance(found, Resolution), found
        given = {"credential": self.arcus.credential, "erp_time": self.arcus.erp_time()}
        return intent_of(effect, self.arcus.step(effect, found), **{**given, **changes})

    async def carry(self, effect: Effect, account: Posted | None = None, **changes: Any) -> Posted:
        """Bring an effect about, whatever the ERP does, and return its document."""
        receipt = await self.publish(await self.intent(effect, account, **changes))
        for after in receipt.posted:
            before = self.known.get(after.document)
            self.known[after.document] = before.carried(after) if before else after
        return self.known[effect.document]

    async def publish(self, intent: Intent) -> Receipt:
        """Send; on an unknown look up, adopt, or send the same bytes under the same key."""
        unclear = False
        for attempt in range(1, TRIES):
            now = self.clock.now()
            again = replace(intent, attempts=attempt, attempted_at=now, deadline=now + 20)
            try:
                async with self.arcus.admit(priority=LIVE):
                    receipt = await self.arcus.publish(again, priority=LIVE)
            except (Retryable, Waiting):
                await asyncio.sleep(PAUSE)
                continue
            except Unknown:
                unclear = True
            except Refused:
                if not unclear:
                    raise
            else:
                self.how.append("key" if unclear else "answer")
                return receipt
            found = await patiently(partial(self.arcus.find, again, priority=Priority.RECOVERY))
            assert not isinstance(found, Unclear), found
            if isinstance(found, Found):
                self.how.append("look_up")
                return found.receipt
            assert self.arcus.window_open(intent)
        raise AssertionError(f"{intent.effect.name} did not end")

    async def look(self, intent: Intent) -> Found | Absent | Unclear:
        """Look an intent up once all of its answers are old enough."""
        settled = replace(intent, deadline=self.clock.now() - 60)
        return await self.arcus.find(settled, priority=Priority.RECOVERY)

    async def reread(self, posted: Posted, *, until: Callable[[Posted], bool]) -> Posted:
        """Read a document until it is as it must become: single reads may be old."""
        for _ in range(TRIES):
            now = await patiently(lambda: self.arcus.refresh(posted, priority=LIVE))
            if until(now):
                return now
            await asyncio.sleep(PAUSE)
        raise AssertionError(f"{posted.erp_number} never became what it must")

    async def state(self, table: str) -> list[dict[str, Any]]:
        """Return what the ERP's database holds."""
        dump = await self.driver.control(f"state?format=json&entity={self.books.entity}")
        rows: list[dict[str, Any]] = dump[self.books.entity][table]
        return rows

    async def counts(self) -> dict[str, int]:
        """Return what the ERP moved: charges, refunds by a processor, e-mails, pushes."""
        stats = await self.driver.control("stats")
        return {
            name: stats[name] for name in ("processor_charges", "processor_refunds", "emails", "marketplace_pushes")
        }


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Read until there is an answer."""
    for _ in range(TRIES):
        try:
            return await call()
        except (Retryable, Waiting):
            await asyncio.sleep(PAUSE)
    raise AssertionError("no answer")


def only(rows: Sequence[T]) -> T:
    """Return the one row that there must be."""
    assert len(rows) == 1, rows
    return rows[0]
