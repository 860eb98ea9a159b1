"""The service, put together and kept running until a signal or something that makes going on impossible."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import structlog

from connectors.envelopes import Limits
from schemas.outcome import TENANT_SET_UP
from service.api.front import Front
from service.api.health import Health
from service.api.serve import serve
from service.bootstrap import parts, telling
from service.bootstrap.admin import admin
from service.bootstrap.collector import tame_collector
from service.bootstrap.edge import Edge
from service.bootstrap.observing import (
    CourierMeter,
    DeadLetterCount,
    IntakeObserver,
    PrivacyLog,
    ReadObserver,
    RoundFailures,
    ShopMeter,
    StoryObserver,
    show_limiters,
)
from service.bootstrap.readiness import readiness
from service.bootstrap.stopping import DUTIES_S, told_to_stop
from service.bootstrap.wall_clock import WallClock
from service.bootstrap.watching import WatchObserver, erp_news, rounds, watch
from service.duties.erasing import erasing
from service.duties.policies import PolicyBook
from service.duties.reading import Pace, Reading
from service.duties.rounds import Round, releasing, renewing, walk
from service.erp.arcus.adapter import Arcus
from service.errors import Fatal, FerryError
from service.intake.dead_letters import KafkaDeadLetters
from service.intake.endings import end
from service.intake.intake import Intake
from service.intake.lane import Item
from service.intake.producer import Producer
from service.intake.reach import partitions
from service.ledger.budgets import SqlBudget, Window
from service.ledger.desk import SqlDesk
from service.ledger.ledger import LedgerDeadLetters, SqlLedger
from service.ledger.migrate import require
from service.ledger.policies import SqlPolicies
from service.ledger.sole import sole, take_over
from service.pipeline.erp_news import LANE
from service.pipeline.publish import Timing
from service.pipeline.reception import Reception
from service.pipeline.storm import Storm
from service.pipeline.story import Story
from service.ports import Decision, Mapped, Record, Routed
from service.settings import Settings
from service.telemetry import logs
from service.telemetry.build import orderferry_version
from service.telemetry.correlation import correlated
from service.telemetry.metrics import Metrics

_TABLES_S = 2.0  # people's tables and pauses take effect within this
_GAUGES_S = 1.0
_TOPICS_S = 10.0
_SWEEP_LIMIT = 500


class Tables:
    """The ledger's tables as the policy book reads them."""

    def __init__(self, desk: SqlDesk, policies: SqlPolicies) -> None:
        self._desk = desk
        self._policies = policies

    async def mappings(self, external_source: str, tenant: str) -> Sequence[Mapped]:
        """Return a tenant's tables."""
        return await self._desk.mappings(external_source, tenant)

    async def paused(self) -> frozenset[tuple[str, str]]:
        """Return the paused tenants."""
        return await self._desk.paused()

    async def keep_policy(self, version: str, text: str) -> None:
        """Keep a version of a policy."""
        await self._policies.put(version, text)

    async def kept_policy(self, version: str) -> str | None:
        """Return a version's text."""
        return await self._policies.get(version)

    async def set_up(self, external_source: str, tenant: str) -> None:
        """Let go on what came for this tenant while nobody had set it up."""
        await self._desk.reopen(external_source, tenant, TENANT_SET_UP)


class Service:
    """Everything of one process. `run` owns its life."""

    def __init__(self, settings: Settings, ledger: SqlLedger, metrics: Metrics, *, rewind_s: float) -> None:
        self._settings = settings
        self._ledger = ledger
        self._metrics = metrics
        self._clock = WallClock()
        self._desk = SqlDesk(ledger.database)
        self._book = PolicyBook(base=parts.policies(settings), tables=Tables(self._desk, SqlPolicies(ledger.database)))
        self._erps = parts.Erps(settings, clock=self._clock, meter=CourierMeter(metrics), shared=self._shared())
        self._shops = parts.Shops(settings, clock=self._clock, meter=ShopMeter(metrics))
        observer = StoryObserver(metrics)
        erp = settings.erp
        timing = Timing(call=erp.call_deadline_s, settle=erp.settle_horizon_s, restored_at=ledger.restored_at)
        self._story = Story(
            ledger=ledger,
            erp_of=self._erps.of,
            policies=self._book,
            clock=self._clock,
            observer=observer,
            timing=timing,
        )
        self._watching = WatchObserver(metrics)
        self._watch = watch(
            settings, ledger.mirror, self._erps, self._watching, forget=self._story.forget, timing=timing
        )
        self._missing_topics: list[str] | None = None
        self._ledger_trouble = ""
        """Why the ledger could not be read when it was asked last."""
        self._producer = Producer(parts.connection(settings.kafka))
        letters = DeadLetterCount(metrics)
        self._edge = Edge(settings, metrics)
        dead_letters = letters.topic(
            KafkaDeadLetters(
                producer=self._producer,
                topic=settings.kafka.dead_letter_topic,
                fallback=letters.ledger(LedgerDeadLetters(ledger)),
            )
        )
        self._erp_news = erp_news(settings, ledger.mirror, self._watching, dead_letters=dead_letters)
        self._reception = Reception(
            story=self._story,
            dead_letters=dead_letters,
            observer=observer,
            zones=parts.Zones(settings),
            default_tenant=settings.kafka.default_tenant,
            limits=Limits(max_bytes=settings.intake.max_record_bytes),
            replay_topic=settings.kafka.replay_topic,
            storm=Storm(share=settings.intake.bad_share, window=settings.intake.bad_window),
        )
        self._intake = Intake(
            consumer_settings=parts.consumer(settings, rewind_s=rewind_s),
            route=self._route,
            handle=self._handle,
            marks=ledger.offsets,
            clock=self._clock,
            limits=parts.window(settings),
            observer=IntakeObserver(metrics),
        )

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT; returns the exit code. Raises Fatal."""
        log = structlog.get_logger("orderferry.service")
        await self._book.refresh()
        app = Front(
            health=self.health,
            metrics=self._metrics.registry,
            doors=self._edge.doors,
            admin=admin(self._settings, health=self.health, own=self._desk),
        )
        http = self._settings.http
        # Left in this order: what was taken over HTTP is acknowledged before its producer ends.
        async with contextlib.aclosing(self._edge), serve(app, host=http.host, port=http.port) as port:
            log.info("service started", port=port, tier=self._settings.erp.tier, tenants=len(self._settings.tenants))
            duties = [asyncio.create_task(self._walk(round_), name=round_.name) for round_ in self._rounds()]
            reading = asyncio.create_task(self._intake.run(), name="intake")
            told = told_to_stop()
            try:
                await asyncio.wait([reading, told, *duties], return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    self._erps.leave()
                    self._shops.leave()
                    await self._intake.stop(self._settings.intake.drain_s)
                await reading
                for duty in duties:
                    if duty.done():
                        duty.result()  # a duty never ends by itself: this raises why it did
            finally:
                await end([reading, told, *duties], seconds=DUTIES_S)
                await self._producer.close()
                await self._erps.aclose()
                await self._shops.aclose()
        log.info("service stopped")
        return 0

    def _route(self, record: Record) -> Sequence[Routed]:
        if self._erp_news is not None and record.topic == self._erp_news.topic:
            return self._erp_news.route(record)
        return self._reception.route(record)

    async def _handle(self, key: str, items: Sequence[Item]) -> None:
        work = [item.payload for item in items]
        with correlated(key):
            if self._erp_news is not None and key.startswith(LANE):
                await self._erp_news.handle(work)
            else:
                await self._reception.handle(key, work)

    def _shared(self) -> SqlBudget | None:
        """Several processes share the ERP's budget through PostgreSQL; a SQLite ledger has one process."""
        limit = parts.tier(self._settings.erp)
        if self._ledger.database.is_sqlite or (limit.per_window is None and limit.per_burst is None):
            return None
        return SqlBudget(
            self._ledger.database,
            windows=(
                Window(limit.per_window, limit.window_s + limit.margin_s),
                Window(limit.per_burst, limit.burst_s + limit.burst_margin_s),
            ),
        )

    def _rounds(self) -> list[Round]:
        ledger = self._settings.ledger
        wake = releasing(due=self._ledger.sweep, wake=self._intake.wake, limit=_SWEEP_LIMIT)
        return [
            Round("tables", _TABLES_S, self._read_tables),
            Round("leases", ledger.lease_seconds / 4, renewing(story=self._story, ledger=self._ledger)),
            Round("releasing", ledger.sweep_s, wake),
            Round("gauges", _GAUGES_S, self._gauges),
            Round("parked", ledger.sweep_s, self._count_parked),
            Round("topics", _TOPICS_S, self._look_for_topics),
            *self._reads(),
            *self._edge.rounds(),
            *rounds(self._settings, self._ledger.mirror, self._erps, self._watching, self._watch, clock=self._clock),
            *telling.rounds(
                self._settings, self._desk, self._metrics, transport=self._erps.transport, clock=self._clock
            ),
            Round("privacy", ledger.sweep_s, erasing(requests=self._ledger.privacy, tell=PrivacyLog())),
        ]

    def _reads(self) -> list[Round]:
        """Reading back, where any shop can be read."""
        if not self._shops.each():
            return []
        given = self._settings.shopify
        reading = Reading(
            desk=self._desk,
            shop_of=self._shops.of,
            deliver=self._intake.wake,
            clock=self._clock,
            observer=ReadObserver(self._metrics),
            pace=Pace(again_s=given.again_s, again_max_s=given.again_max_s, settle_s=given.settle_s),
        )
        return [Round("reading", given.every_s, reading)]

    async def _read_tables(self) -> None:
        try:
            await self._book.refresh()
        except (TimeoutError, FerryError, OSError) as error:
            self._ledger_trouble = str(error) or type(error).__name__
            raise
        self._ledger_trouble = ""

    async def _walk(self, round_: Round) -> None:
        await walk(round_, clock=self._clock, failures=RoundFailures())

    async def _gauges(self) -> None:
        now = self._intake.health()
        metrics = self._metrics
        metrics.in_flight.set(now.in_flight)
        metrics.window_fill.labels("records").set(now.window_fill)
        metrics.window_fill.labels("bytes").set(now.window_bytes / self._settings.intake.window_bytes)
        metrics.lag.clear()
        for (topic, partition), lag in now.lag.items():
            metrics.lag.labels(topic, str(partition)).set(lag)
        metrics.waits.clear()
        for wait, lanes in now.waits.items():
            metrics.waits.labels(wait).set(lanes)
        metrics.concurrency_limit.set(self._erps.room.concurrency.limit)
        metrics.calls_in_flight.set(self._erps.room.in_flight)
        open_, doubtful = await self._ledger.sweep.unfinished()
        metrics.intents_open.set(open_)
        metrics.in_doubt.set(doubtful)
        waiting, drift = await self._ledger.mirror.counts()
        metrics.looks_waiting.set(waiting)
        for decision in Decision:
            metrics.drift.labels(decision.value).set(drift.get(decision.value, 0))
        metrics.privacy_open.set(await self._ledger.privacy.unfinished())
        show_limiters(metrics, self._erps.limiters, now=time.monotonic())
        now_s = self._clock.now()
        metrics.shop_points.set(min((shop.points.share(now_s) for _, shop in self._shops.each()), default=1.0))

    async def _look_for_topics(self) -> None:
        """A topic that does not exist keeps aiokafka from assigning any partition, and it says nothing (K9)."""
        if self._missing_topics is not None and not self._missing_topics:
            return
        consumer = parts.consumer(self._settings)
        there = await partitions(consumer.connection, topics=consumer.topics, pattern=consumer.pattern)
        self._missing_topics = [name for name, count in there.items() if not count]
        if self._missing_topics:
            structlog.get_logger("orderferry.service").error("topics missing", topics=", ".join(self._missing_topics))

    async def _count_parked(self) -> None:
        counts: dict[str, int] = {}
        for parked in await self._desk.parked(limit=100_000):
            counts[parked.reason.value] = counts.get(parked.reason.value, 0) + 1
        self._metrics.parked.clear()
        for reason, count in counts.items():
            self._metrics.parked.labels(reason).set(count)

    def health(self) -> Health:
        """Return what `/livez` and `/readyz` say."""
        ledger = self._ledger_trouble or ("" if self._book.fresh() else "it does not answer")
        return readiness(self._intake.health(), missing_topics=self._missing_topics or (), ledger=ledger)

    def erps(self) -> list[tuple[str, Arcus]]:
        """Every ERP entity by the name of its key."""
        return self._erps.each()


async def run(settings: Settings) -> int:
    """Run the service until SIGTERM or SIGINT; returns the exit code. Raises Fatal."""
    logs.configure(level=settings.logging.level, form=settings.logging.format)
    if problems := parts.consumer(settings).problems():
        raise Fatal("these settings of Kafka would lose order or do work twice: " + "; ".join(problems))
    metrics = Metrics(version=orderferry_version())

    def committed(members: int, seconds: float) -> None:
        metrics.ledger_batch.observe(members)
        metrics.ledger_commit.observe(seconds)

    given = settings.ledger
    await require(given.url.get_secret_value())
    ledger = await SqlLedger.open_at(
        given.url.get_secret_value(),
        erp=settings.erp.kind,
        owner=parts.owner(),
        lease_seconds=given.lease_seconds,
        pool_size=given.pool_size,
        depth=given.batches_in_flight,
        largest_batch=given.batch_size,
        on_commit=committed,
    )
    tame_collector()
    with contextlib.ExitStack() as held:
        try:
            if ledger.database.is_sqlite:
                held.enter_context(sole(ledger.database))
                await take_over(ledger.database)
            rewound = await ledger.offsets.rewound(settings.kafka.group_id)
            rewind_s = given.rewind_s if rewound else 0.0
            return await Service(settings, ledger, metrics, rewind_s=rewind_s).run()
        finally:
            await ledger.stop()
