"""What looks at the ERP by itself, put together: the watch, the polls, and the endpoint of its webhooks."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from schemas.base import Ref
from service.bootstrap.parts import Erps, erp_events_topic
from service.duties.endpoint import EndpointWatch
from service.duties.polling import Polling
from service.duties.rounds import Round
from service.duties.watching import watching
from service.erp.arcus import events
from service.erp.arcus.payloads import OrderDoc
from service.erp.arcus.sight import differs
from service.errors import FerryError
from service.ledger.mirror import SqlMirror
from service.pipeline.erp_news import ErpNews
from service.pipeline.publish import Timing
from service.pipeline.watch import Watch
from service.ports import Clock, DeadLetters, Endpoint, Observation, Record
from service.settings import Settings
from service.telemetry.metrics import Metrics

LOOK_S = 1.0  # from a webhook to the reading that it asks for
_STATUSES = ("active", "paused", "disabled", "missing")


class WatchObserver:
    """The watch's view, and the endpoint's."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = structlog.get_logger("orderferry.watch")

    def looked(self, observation: Observation) -> None:
        """Count what was found, and tell drift."""
        self._metrics.looks.labels("recorded").inc()
        for drift in observation.drifts:
            self._metrics.drift_found.labels(drift.field, drift.decision.value).inc()
            self._log.warning(
                "drift",
                key=observation.key,
                kind=drift.document.kind.value,
                erp_id=drift.erp_id,
                what=drift.field,
                outcome=drift.decision.value,
            )

    def look_failed(self, key: str, error: FerryError) -> None:
        """Count and tell; it is looked at again."""
        self._metrics.looks.labels("failed").inc()
        self._log.info("look failed", key=key, why=str(error))

    def noticed(self, record: Record) -> None:
        """Count an event of the ERP by its family."""
        family = events.event_type(record.value).partition(".")[0]
        self._metrics.erp_events.labels(family if family in _FAMILIES else "other").inc()

    def endpoint_is(self, name: str, status: str) -> None:
        """Show the endpoint's status."""
        for one in _STATUSES:
            self._metrics.webhook_endpoint.labels(name, one).set(one == status)
        if status != "active":
            self._log.warning("webhook endpoint", budget=name, status=status)

    def endpoint_resumed(self, name: str, endpoint: Endpoint) -> None:
        """Tell that deliveries go on."""
        self._log.warning("webhook endpoint resumed", budget=name, erp_id=endpoint.id, status=endpoint.status)


_FAMILIES = frozenset({"order", "payment", "return", "account", "credit", "fulfillment", "webhook"})


def erp_news(
    settings: Settings, mirror: SqlMirror, observer: WatchObserver, *, dead_letters: DeadLetters
) -> ErpNews | None:
    """How the ERP's events come in; None where it delivers none."""
    topic = erp_events_topic(settings)
    if not topic:
        return None
    return ErpNews(topic=topic, read=events.notice, mirror=mirror, dead_letters=dead_letters, noticed=observer.noticed)


def watch(
    settings: Settings,
    mirror: SqlMirror,
    erps: Erps,
    observer: WatchObserver,
    *,
    forget: Callable[[Ref], None],
    timing: Timing,
) -> Watch:
    """What looks at one key."""
    accepting = {name for name, tenant in settings.tenants.items() if tenant.drift == "accept"}
    mirror.settle_s = timing.settle
    return Watch(
        mirror=mirror,
        erp_of=erps.of_known,
        accepts=lambda source, tenant: f"{source}/{tenant}" in accepting,
        observer=observer,
        forget=forget,
        timing=timing,
    )


def rounds(
    settings: Settings, mirror: SqlMirror, erps: Erps, observer: WatchObserver, watch: Watch, *, clock: Clock
) -> list[Round]:
    """The duties of looking: due keys, each entity's feeds, and each entity's endpoint."""
    erp = settings.erp
    found = [Round("watching", LOOK_S, watching(looks=mirror, look=watch.look))]
    for name, arcus in erps.each():
        polling: Polling[OrderDoc] = Polling(
            name=name,
            feed=arcus.feed,
            mirror=mirror,
            clock=clock,
            days=erp.poll_days,
            settle_s=erp.settle_horizon_s,
            orders_every_s=erp.poll_orders_s,
            has_activity=bool(erp.activity_path),
            id_of=lambda doc: doc.id,
            ask_for=events.of_row,
            differs=differs,
        )
        found.append(Round(f"polling {name}", erp.poll_s, polling.poll))
        if erp.webhook_url is not None:
            endpoint = EndpointWatch(
                name=name,
                url=erp.webhook_url,
                endpoints=erps.endpoints[name],
                catch_up=polling.catch_up,
                observer=observer,
                clock=clock,
            )
            found.append(Round(f"endpoint {name}", erp.poll_s, endpoint.look))
    return found
