"""The engine: builds its parts, runs them, says how it is, and ends in order (K5)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from service.intake.aiokafka_client import AiokafkaClient
from service.intake.client import Client
from service.intake.commit import Committer, Marks
from service.intake.consumer_settings import ConsumerSettings, WindowLimits
from service.intake.endings import end
from service.intake.health import Health
from service.intake.lane import Item
from service.intake.lanes import Handle, Lanes
from service.intake.observer import Observer, Silent
from service.intake.patrol import Patrol
from service.intake.reader import Reader, Route
from service.intake.rebalance import Assignment
from service.intake.session import STOP_S, Session
from service.intake.watchdog import LoopProbe, Stall
from service.ports import Clock, Priority

FAULT_DRAIN_S: Final = 10.0
"""How long what is in flight may take to end when intake stops because of a fault."""


class Intake:
    """Reads the topics of one consumer group and hands each key's records to `handle`, one flight per key.

    `route` is pure and cheap: it names the lanes of a record, none for a record that is nobody's. `handle` gets all
    waiting items of a lane; when it returns they are durable and their offsets may move. It raises Waiting for a
    named wait, Retryable or FenceLost to be called again, and anything else to stop intake: `run` raises that.
    """

    def __init__(
        self,
        *,
        consumer_settings: ConsumerSettings,
        route: Route,
        handle: Handle,
        marks: Marks,
        clock: Clock,
        limits: WindowLimits | None = None,
        observer: Observer | None = None,
        make_client: Callable[[ConsumerSettings], Client] = AiokafkaClient,
    ) -> None:
        consumer_settings.validate()
        self._settings = consumer_settings
        self._limits = limits = limits or WindowLimits()
        observer = observer or Silent()
        self._lanes = Lanes(
            handle=handle, reroute=self._reroute, done=self._done, fail=self._fail, limits=limits, observer=observer
        )
        self._assignment = Assignment(
            settings=consumer_settings,
            marks=marks,
            lanes=self._lanes,
            observer=observer,
            clock=clock,
            fail=self._fail,
        )
        self._committer = Committer(
            marks=marks,
            client=lambda: self._assignment.client,
            partitions=self._assignment.held.values,
            settings=consumer_settings,
            limits=limits,
            observer=observer,
        )
        self._assignment.committer = self._committer
        self._reader = Reader(
            route=route,
            lanes=self._lanes,
            assignment=self._assignment,
            committer=self._committer,
            limits=limits,
            observer=observer,
        )
        self._session = Session(
            make_client=lambda: make_client(consumer_settings),
            assignment=self._assignment,
            reader=self._reader,
            settings=consumer_settings,
            observer=observer,
        )
        self._probe = LoopProbe(observer.loop_lag)
        self._patrol = Patrol(
            lanes=self._lanes,
            assignment=self._assignment,
            committer=self._committer,
            reader=self._reader,
            session=self._session,
            limits=limits,
            clock=clock,
            stall=Stall(stall_s=limits.stall_s, join_s=consumer_settings.rebalance_timeout_s, now=clock.now()),
        )
        self._state = "starting"
        self._fault: BaseException | None = None
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()
        self._drain_s = FAULT_DRAIN_S

    # --- what others may do --------------------------------------------------------------------------------------

    def wake(self, key: str, payload: object, *, priority: Priority = Priority.RECOVERY) -> None:
        """Let a key be looked at although no record came; the same wake-up waits once."""
        if not self._lanes.has_wake(key, payload):
            self._lanes.push(key, Item(record=None, payload=payload, priority=priority))

    def end_wait(self, wait: str) -> int:
        """A named wait is over: its lanes go on now. Returns how many there were."""
        return self._lanes.end_wait(wait)

    def health(self) -> Health:
        """Return how it is now."""
        return self._patrol.health(state=self._state, loop_lag_s=self._probe.lag_s)

    async def stop(self, drain_s: float) -> None:
        """Take nothing more, let what is in flight end within `drain_s`, commit, leave; `run` then returns."""
        self._drain_s = drain_s
        self._ending.set()
        if self._state != "starting":
            await self._ended.wait()

    async def run(self) -> None:
        """Work until `stop`, or raise what made going on impossible."""
        self._state = "running"
        loop = asyncio.get_running_loop()
        session = loop.create_task(self._guarded(self._session.run), name="intake-session")
        others = [
            loop.create_task(self._guarded(work), name=f"intake-{name}")
            for name, work in {
                "committer": self._committer.run,
                "patrol": self._patrol.run,
                "probe": self._probe.run,
            }.items()
        ]
        try:
            await self._ending.wait()
        finally:
            self._state = "stopping"
            await self._leave(session, others)
            self._state = "stopped"
            self._ended.set()
        if self._fault is not None:
            raise self._fault

    # --- the end -------------------------------------------------------------------------------------------------

    async def _leave(self, session: asyncio.Task[None], others: Sequence[asyncio.Task[None]]) -> None:
        """Stop intake, drain, commit, leave; the client's `stop()` calls no listener (K5), so it is done here."""
        self._assignment.leaving = True
        await end([session], seconds=STOP_S)
        self._lanes.freeze()
        await self._lanes.drain(self._drain_s)
        commit_s = 2 * self._settings.commit_timeout_s + 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(commit_s):
                await self._guarded(self._committer.flush)  # a ledger that is away for good must not keep the client
        await end(others, seconds=STOP_S)
        self._assignment.fence()
        if self._assignment.client is not None:
            await self._assignment.client.stop(STOP_S)
        await self._lanes.close()

    async def _guarded(self, work: Callable[[], object]) -> None:
        try:
            await work()  # type: ignore[misc]
        except asyncio.CancelledError:
            if self._state == "running":
                self._fail(RuntimeError("a part of intake was cancelled, but nobody has stopped it"))
            raise
        except BaseException as exc:  # noqa: BLE001  nothing may end a part of intake unheard
            self._fail(exc)

    def _fail(self, error: BaseException) -> None:
        if self._fault is None:
            self._fault = error
        self._ending.set()

    def _done(self, items: Sequence[Item]) -> None:
        self._reader.done(items)

    def _reroute(self, item: Item) -> object:
        return self._reader.reroute(item)
