"""The webhook edge: a part of `run`, and `orderferry edge` as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from service.api.front import Front
from service.api.health import Health
from service.api.serve import serve
from service.api.webhooks.body import Room
from service.api.webhooks.door import Bounds, Door
from service.api.webhooks.outlet import Gate
from service.bootstrap import parts
from service.bootstrap.admin import admin
from service.bootstrap.collector import tame_collector
from service.bootstrap.observing import RoundFailures
from service.bootstrap.stopping import DUTIES_S, told_to_stop
from service.bootstrap.wall_clock import WallClock
from service.duties.rounds import Round, walk
from service.errors import Retryable
from service.intake.endings import end
from service.intake.producer import Producer
from service.intake.reach import partitions
from service.settings import Settings
from service.telemetry import logs
from service.telemetry.build import orderferry_version
from service.telemetry.metrics import Metrics

_REACH_S = 1.0


class Edge:
    """The doors and the producers behind them: one for each topic, so that one that takes nothing troubles no other."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._connection = parts.connection(settings.kafka)
        self._producers: dict[str, Producer] = {}
        self._gates: dict[str, Gate] = {}
        self._unreached = "not reached yet"
        self.doors: list[Door] = []
        given = settings.edge
        room = Room(given.max_held_bytes)
        bounds = Bounds(body_bytes=given.max_body_bytes, read_s=given.read_s)
        for vendor in parts.vendors(settings):
            gate = self._gates.setdefault(vendor.name, Gate(rest_s=given.rest_s))
            outlet = self._producers.get(vendor.topic) or Producer(
                self._connection, timeout_s=given.kafka_s, linger_ms=given.linger_ms
            )
            self._producers[vendor.topic] = outlet
            self.doors.append(Door(vendor, outlet=outlet, gate=gate, room=room, bounds=bounds, metrics=metrics))

    @property
    def open(self) -> list[str]:
        """Which endpoints can take anything."""
        return [door.vendor.name for door in self.doors if not door.vendor.closed]

    def rounds(self) -> list[Round]:
        """What it does by itself; nothing where every endpoint is closed."""
        return [Round("edge", _REACH_S, self._reach)] if self.open else []

    async def _reach(self) -> None:
        """Connect before the first webhook, and again while Kafka is away."""
        if not self.missing():
            return
        topics = frozenset(door.vendor.topic for door in self.doors if not door.vendor.closed)
        try:
            for topic in topics:
                await self._producers[topic].reach()
            there = await partitions(self._connection, topics=topics, pattern=None)
        except Retryable as error:
            self._unreached = error.why
            raise
        absent = sorted(topic for topic, count in there.items() if not count)
        self._unreached = f"no topic {', '.join(absent)}; `orderferry topics create` makes it" if absent else ""
        if absent:
            raise Retryable("webhooks", self._unreached)
        for gate in self._gates.values():
            gate.took()  # who is not ready is sent nothing, and would never find out

    def missing(self) -> Mapping[str, str]:
        """Why webhooks cannot be taken now, by name; empty where they can."""
        if self.open and self._unreached:
            return {"kafka": self._unreached}
        return {f"edge_{name}": gate.why for name, gate in self._gates.items() if gate.why}

    async def aclose(self) -> None:
        """End the producers; call it when nothing is served any more."""
        await asyncio.gather(*(producer.close() for producer in self._producers.values()))


async def edge(settings: Settings) -> int:
    """Take webhooks and people's orders until SIGTERM or SIGINT; returns the exit code. Raises Fatal."""
    logs.configure(level=settings.logging.level, form=settings.logging.format)
    log = structlog.get_logger("orderferry.edge")
    metrics = Metrics(version=orderferry_version())
    taking = Edge(settings, metrics)

    def health() -> Health:
        return Health(missing=taking.missing())

    app = Front(health=health, metrics=metrics.registry, doors=taking.doors, admin=admin(settings, health=health))
    tame_collector()
    http = settings.http
    async with contextlib.aclosing(taking), serve(app, host=http.host, port=http.port) as port:
        log.info("edge started", port=port, what=", ".join(taking.open) or "every endpoint is closed: no secret is set")
        told = told_to_stop()
        duties = [
            asyncio.create_task(walk(round_, clock=WallClock(), failures=RoundFailures()), name=round_.name)
            for round_ in taking.rounds()
        ]
        try:
            await asyncio.wait([told, *duties], return_when=asyncio.FIRST_COMPLETED)
            for duty in duties:
                if duty.done():
                    duty.result()  # a duty never ends by itself: this raises why it did
        finally:
            await end([told, *duties], seconds=DUTIES_S)
    log.info("edge stopped")
    return 0
