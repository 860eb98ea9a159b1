"""Eyes in the product: they count named events and see what must never happen, and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from schemas.outcome import Reason
from service.errors import FenceLost
from service.intake.observer import Silent as SilentIntake
from service.intake.observer import Slot
from service.ledger.ledger import SqlLedger
from service.pipeline.observer import Silent as SilentStory
from service.ports import Arrival, Busy, Closing, Intent, Lease, Opened, Priority
from tests.simulation.database import Store
from tests.simulation.virtual_time import PROCESS
from tests.simulation.weather import Weather

Handled = Callable[[str, Sequence[object]], Awaitable[None]]


def guarded(handle: Handled, weather: Weather) -> Handled:
    """Watch that a lane runs once at a time in its process."""
    running: set[str] = set()

    async def watched(key: str, work: Sequence[object]) -> None:
        if key in running:
            weather.violated(f"lane {key} runs twice in one process")
        running.add(key)
        if len({item.priority for item in work if isinstance(item, Arrival)}) > 1:
            weather.saw("replay and live on one key")
        try:
            await handle(key, work)
        except FenceLost:
            weather.saw("a lease ended under its living owner")
            raise
        finally:
            running.discard(key)

    return watched


class WatchedIntake(SilentIntake):
    """Hears of rebalances and windows."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._failed = False

    def redelivered(self, slot: Slot, offset: int) -> None:
        del slot, offset
        self._weather.saw("a record came again to its tracker")

    def committed(self, slots: int, seconds: float) -> None:
        del slots, seconds
        self._failed = False

    def commit_failed(self, why: str) -> None:
        del why
        self._failed = True
        self._weather.saw("a commit of offsets failed")

    def revoked(self, slots: Collection[Slot], *, drained: bool) -> None:
        del slots
        if self._failed:
            self._weather.saw("a commit failed in the revoke callback")
        self._failed = False
        if not drained:
            self._weather.saw("a revocation did not wait for everything in flight")

    def assigned(self, slots: Collection[Slot], *, kept: int, lost: int) -> None:
        del slots
        if kept:
            self._weather.saw("partitions were revoked and handed straight back")
        if lost:
            self._weather.saw("partitions went to somebody else")

    def paused(self, slot: Slot, why: str) -> None:
        del slot, why
        self._weather.saw("a window was full")

    def rebuilt(self, why: str) -> None:
        self._weather.saw("a Kafka client was replaced")
        if "records wait" in why:
            self._weather.saw("the watchdog took a retry or a rebalance for a stall")

    def delayed(self, key: str, why: str, seconds: float) -> None:
        del key, seconds
        if why == "ledger_down":
            self._weather.saw("a lane waited for the ledger")


class WatchedStory(SilentStory):
    """Hears of unknowns and what became of them."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather

    def unknown(self, intent: Intent, why: str) -> None:
        del intent, why
        self._weather.saw("a call ended without a clear answer")

    def resolved(self, intent: Intent, how: str) -> None:
        state = " as absent" if intent.state == "absent" else ""
        self._weather.saw(f"an unknown was resolved by {how}{state}")

    def blocked(self, effect: str, reason: Reason) -> None:
        self._weather.saw(f"{effect} blocked: {reason}")

    def round_failed(self, name: str, error: Exception) -> None:
        del error
        self._weather.saw(f"round {name} failed")


class WatchedLedger(SqlLedger):
    """The product's ledger, with a look at what comes and goes."""

    def __init__(self, *given: Any, store: Store, weather: Weather, **named: Any) -> None:
        super().__init__(*given, **named)
        self._store = store
        self._weather = weather

    async def open(self, key: str, arrivals: Sequence[Arrival]) -> Opened | Busy:
        weather = self._weather
        opened = await super().open(key, arrivals)
        if isinstance(opened, Busy):
            account = "|~account:" in key
            weather.saw("two orders of one new buyer" if account else "a key was held elsewhere")
            return opened
        weather.note(f"{self._store.now():.3f} {key} {opened.lease.fence}")
        if opened.intents:
            weather.saw("a key was taken over with an open intent")
        if any(arrival.priority is Priority.REPLAY for arrival in arrivals) and opened.posted:
            weather.saw("a replay met what was posted")
        if any(value == "older" for value in opened.absorbed.values()):
            weather.saw("something older than what is known arrived")
        if any(value == "conflict" for value in opened.absorbed.values()):
            weather.saw("two contents under one version")
        return opened

    async def begin(self, lease: Lease, intent: Intent, **named: Any) -> None:
        if intent.generation > 1:
            self._weather.saw("an effect was tried in a further generation")
        self._store.begins[PROCESS.get(), intent.id].add(lease.fence)
        await super().begin(lease, intent, **named)

    async def close(self, closing: Closing) -> None:
        key = closing.lease.key
        if any(verdict.release for verdict in closing.verdicts) and self._weather.trap("before parking", key, key):
            await asyncio.sleep(0)  # here it stands still
        await super().close(closing)
        for verdict in closing.verdicts:
            if verdict.release.startswith("account:"):
                self._weather.saw("an order waits for its account")
                met = self._store.ask(
                    "SELECT 1 FROM releases r, keys k WHERE r.release_on = ? AND k.key = ? AND r.at >= k.claimed_at",
                    verdict.release,
                    key,
                )
                if met:
                    self._weather.saw("a waiter was inserted while its parent landed")
            if verdict.reason is Reason.WAITS_FOR_ORDER:
                self._weather.saw("a payment came before its order")
