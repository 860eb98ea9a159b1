"""One process of the product: the parts as the service puts them together, over fake ports and virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import copy_context
from typing import cast

from connectors.envelopes import Limits
from schemas.base import Kind, Ref
from schemas.event import Event
from schemas.outcome import OutcomeName, Reason, Verdict
from service.bootstrap.service import Tables
from service.duties.policies import PolicyBook
from service.duties.rounds import Round, releasing, renewing, walk
from service.errors import FerryError
from service.intake.consumer_settings import WindowLimits
from service.intake.dead_letters import KafkaDeadLetters
from service.intake.intake import Intake
from service.intake.lane import Item
from service.intake.producer import Producer
from service.ledger.desk import SqlDesk
from service.ledger.group_commit import GroupCommit
from service.ledger.ledger import LedgerDeadLetters
from service.ledger.policies import SqlPolicies
from service.pipeline.news import Rejected
from service.pipeline.publish import Timing
from service.pipeline.reception import Reception
from service.pipeline.storm import Storm
from service.pipeline.story import Story
from service.ports import Arrival, DeadLetter, EventEnd, Priority, Record, Routed
from tests.simulation.broker import Broker, Member
from tests.simulation.database import RemoteDatabase, Store
from tests.simulation.erp import CALL_S, SETTLE_S, SmallErp
from tests.simulation.histories import POLICY, histories
from tests.simulation.letters import Letters
from tests.simulation.schedule import INVALID, REPLAY_TOPIC, UNREADABLE
from tests.simulation.virtual_time import PROCESS, Process, VirtualClock, VirtualLoop
from tests.simulation.watching import WatchedIntake, WatchedLedger, WatchedStory, guarded
from tests.simulation.weather import Weather

LEASE_S = 10.0
SWEEP_S = 5.0
TABLES_S = 4.0
TIMING = Timing(call=CALL_S, settle=SETTLE_S, patience=12.0, again=6.0)
LIMITS = WindowLimits(in_flight=32, coalesce=12, records=16, payloads=6, commit_every=40, commit_after_s=0.5)
"""Small, so that windows fill and payloads are let go in a short run."""


class Pod:
    """Started, frozen, stopped and killed by a run."""

    def __init__(
        self,
        name: str,
        *,
        loop: VirtualLoop,
        store: Store,
        broker: Broker,
        erp: SmallErp,
        letters: Letters,
        weather: Weather,
    ) -> None:
        self.process = Process(name)
        self.intake: Intake | None = None
        self._loop = loop
        self._store = store
        self._broker = broker
        self._erp = erp
        self._letters = letters
        self._weather = weather
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Start it."""
        context = copy_context()
        context.run(PROCESS.set, self.process)
        self._loop.create_task(self._main(), name=self.process.name, context=context)

    def stop(self) -> None:
        """Ask it to end in order, as SIGTERM does."""
        self._stopping.set()

    def idle(self) -> bool:
        """Whether it has nothing in hand."""
        if self.process.dead:
            return True
        if self.intake is None:
            return False
        health = self.intake.health()
        return health.ready and not health.in_flight and not health.waiting

    async def _main(self) -> None:
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001  # no run may end a process
            self._weather.violated(f"{self.process.name} ended: {type(error).__name__}: {error}")
        self.process.end()

    async def _run(self) -> None:
        weather, clock = self._weather, VirtualClock(self._loop)
        database = RemoteDatabase(self._store, weather)
        commits = GroupCommit(database, owner=self.process.name, depth=1)
        ledger = WatchedLedger(
            database, commits, erp="arcus", lease_seconds=LEASE_S, history="sqlite", store=self._store, weather=weather
        )
        book = PolicyBook(
            base={(POLICY.external_source, POLICY.tenant): POLICY},
            tables=Tables(SqlDesk(database), SqlPolicies(database)),
            timer=self._loop.time,
        )
        while True:
            with suppress(FerryError):
                await book.refresh()
                break
            await clock.sleep(1.0)
        observer = WatchedStory(weather)
        story = Story(
            ledger=ledger,
            erp_of=lambda _source, _tenant: self._erp,
            policies=book,
            clock=clock,
            observer=observer,
            timing=TIMING,
        )
        dead_letters = KafkaDeadLetters(
            producer=cast("Producer", self._letters), topic="dead", fallback=LedgerDeadLetters(ledger), now=clock.now
        )
        reception = Reception(
            story=story,
            dead_letters=dead_letters,
            observer=observer,
            zones=lambda _source, _tenant: None,
            default_tenant=None,
            limits=Limits(),
            replay_topic=REPLAY_TOPIC,
            storm=Storm(),
        )
        handle = guarded(reception.handle, weather)

        async def handled(key: str, items: Sequence[Item]) -> None:
            await handle(key, [item.payload for item in items])

        self.intake = Intake(
            consumer_settings=self._broker.settings,
            route=route,
            handle=handled,
            marks=ledger.offsets,
            clock=clock,
            limits=LIMITS,
            observer=WatchedIntake(weather),
            make_client=lambda _settings: Member(self._broker, self.process, window=LIMITS.records),
        )
        rounds = [
            Round("tables", TABLES_S, book.refresh),
            Round("leases", LEASE_S / 4, renewing(story=story, ledger=ledger)),
            Round("releasing", SWEEP_S, releasing(due=ledger.sweep, wake=self.intake.wake, limit=500)),
        ]
        duties = [asyncio.create_task(walk(one, clock=clock, failures=observer), name=one.name) for one in rounds]
        reading = asyncio.create_task(self.intake.run(), name="intake")
        told = asyncio.create_task(self._stopping.wait(), name="signals")
        await asyncio.wait([reading, told, *duties], return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await self.intake.stop(CALL_S + 3)
        await reading
        for duty in duties:
            if duty.done():
                duty.result()
            duty.cancel()
        await ledger.stop()


def route(record: Record) -> list[Routed]:
    """Read a record: its value names prepared events."""
    pieces = (record.value or b"").decode().split("+")
    return [_piece(record, nth, *map(int, piece.split(":"))) for nth, piece in enumerate(pieces)]


def _piece(record: Record, nth: int, number: int, event: int) -> Routed:
    at = record.position
    if event == UNREADABLE:
        letter = DeadLetter(at, record.key, record.value, record.headers, Reason.UNDECODABLE, "no JSON")
        return Routed(f"~dead|{at.topic}|{at.partition}", letter)
    history = histories()[number]
    name = f"{at.topic}/{at.partition}/{at.offset}/{nth}"
    priority = Priority.REPLAY if at.topic == REPLAY_TOPIC else Priority.LIVE
    told = history.events[max(event, 0)]
    if event == INVALID:
        arrival = Arrival(name, Event(envelope=told.envelope, key=told.key, facts=()), at, priority)
        ref = Ref(external_source="shopify", tenant=history.tenant, kind=Kind.ORDER, external_id=history.root)
        verdict = Verdict(document=ref, outcome=OutcomeName.PARKED, reason=Reason.INVALID, detail="no price")
        return Routed(history.key, Rejected(arrival, verdict, EventEnd(arrival, verdict.outcome, Reason.INVALID)))
    return Routed(history.key, Arrival(name, told, at, priority))
