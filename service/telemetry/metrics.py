"""Every metric by name. Prefix `orderferry_`, base units, labels of few values: never an id, never a person."""

from __future__ import annotations

import platform

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)

CALL_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""One call of the ERP: the sandbox answers in 10 ms, the default deadline is 30 s."""
JOURNEY_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400)
"""From the shop to the ERP: from a fraction of a second to a day of waiting for a person."""
WEBHOOK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""One webhook: Kafka on loopback takes a record in 3 ms, and Intuit hangs up after 3 s."""
COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)
TRIES = (1, 2, 3, 4, 5, 8, 13, 21)


class Metrics:
    """All metrics of one process, in a registry of its own."""

    def __init__(self, *, version: str, processes: bool = True) -> None:
        self.registry = CollectorRegistry()
        if processes:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        self._outcomes()
        self._intake()
        self._erp()
        self._limits()
        self._shop()
        self._ledger()
        self._edge()
        build = Info("orderferry_build", "Version of Orderferry and of Python.", registry=self.registry)
        build.info({"version": version, "python": platform.python_version()})

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"orderferry_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"orderferry_{name}", words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"orderferry_{name}", words, labels, buckets=buckets, registry=self.registry)

    def _outcomes(self) -> None:
        self.outcomes = self._counter(
            "outcomes_total", "Events that ended, by outcome and reason.", "source", "outcome", "reason"
        )
        self.events = self._counter("events_total", "Events that ended, by the shop's topic.", "source", "topic")
        self.parked = self._gauge("parked", "Documents that are parked now, by reason.", "reason")
        self.dead_letters = self._counter(
            "dead_letters_total", "Records that could not be decoded, by where they are kept.", "reason", "kept_in"
        )
        self.digests = self._counter(
            "digests_total",
            "Digests of parked work, by channel (webhook, chat, mail) and outcome (sent, nothing, failed).",
            "channel",
            "outcome",
        )
        self.privacy_open = self._gauge(
            "privacy_requests_open", "Requests about persons that are not carried out, or wait for an answer."
        )
        self.source_to_ack = self._histogram(
            "source_to_ack_seconds",
            "From the shop's time of an event to the ERP's acknowledgement of its last effect.",
            JOURNEY_S,
            "source",
        )

    def _intake(self) -> None:
        self.lag = self._gauge("lag", "Records not yet settled, by partition.", "topic", "partition")
        self.in_flight = self._gauge("in_flight", "Keys that are being worked on now.")
        self.window_fill = self._gauge(
            "window_fill", "Share of the reading window in use, by what bounds it (records, bytes).", "bound"
        )
        self.waits = self._gauge("waits", "Named waits that hold work back now, by name.", "wait")
        self.assigned = self._gauge("assigned_partitions", "Partitions that this process reads.")
        self.rebalances = self._counter("rebalances_total", "Times that partitions were handed around.")
        self.stalls = self._counter(
            "stalls_total",
            "Times that the Kafka client failed or the watchdog met a stall, by what was done (rebuilt).",
            "action",
        )
        self.loop_lag = self._gauge("loop_lag_seconds", "How late the event loop ran its last probe.")

    def _erp(self) -> None:
        self.erp_requests = self._counter(
            "erp_requests_total",
            "Calls of the ERP, by attempt (first, resend) and answer (2xx, 4xx, 429, 5xx, no_answer, no_connection).",
            "attempt",
            "class",
        )
        self.erp_request_seconds = self._histogram(
            "erp_request_seconds",
            "How long a call of the ERP took, waiting for the rate not included.",
            CALL_S,
            "attempt",
        )
        self.erp_attempts = self._histogram(
            "erp_attempts", "Calls that one effect needed until its outcome was known.", TRIES, "effect"
        )
        self.unknowns = self._counter(
            "unknowns_total",
            "Calls without a clear answer, by how they were resolved (key, look_up, person).",
            "resolved",
        )
        self.erp_events = self._counter("erp_events_total", "Events of the ERP that were read, by family.", "family")
        self.looks = self._counter(
            "looks_total",
            "Keys whose documents were read again in the ERP, by how it ended (recorded, failed).",
            "ended",
        )
        self.looks_waiting = self._gauge("looks_waiting", "Documents that wait to be read again in the ERP.")
        self.drift_found = self._counter(
            "drift_found_total", "Fields that people changed in the ERP after us.", "field", "decision"
        )
        self.drift = self._gauge(
            "drift", "Fields that people changed there, by decision (accepted, alerted, followed).", "decision"
        )
        self.webhook_endpoint = self._gauge(
            "webhook_endpoint", "Whether the ERP's webhook endpoint of an API key has this status.", "budget", "status"
        )
        self.in_doubt = self._gauge("in_doubt", "Effects that only a person can resolve now.")

    def _limits(self) -> None:
        self.limiter_used = self._gauge(
            "limiter_used", "Calls of this process that count against the budget now.", "budget"
        )
        self.limiter_paused = self._gauge(
            "limiter_paused_seconds", "How long the ERP asked us to pause, from now.", "budget"
        )
        self.limiter_waiting = self._gauge("limiter_waiting", "Calls that wait for the rate now, of all keys.", "lane")
        self.concurrency_limit = self._gauge("concurrency_limit", "Calls that may be under way at once, as adapted.")
        self.calls_in_flight = self._gauge("calls_in_flight", "Calls of the ERP under way now.")
        self.breaker = self._gauge("breaker_state", "The ERP's breaker: 0 closed, 1 half open, 2 open.")

    def _shop(self) -> None:
        self.shop_reads = self._counter(
            "shop_reads_total",
            "Orders read from a shop, by result (news, nothing_new, not_shown, too_young, invalid, failed, refused).",
            "result",
        )
        self.shop_requests = self._counter(
            "shop_requests_total",
            "Calls of the shops, by answer (2xx, 4xx, 429, 5xx, no_answer, no_connection).",
            "class",
        )
        self.shop_points = self._gauge(
            "shop_points", "Share of its points that the shop with the fewest has left; 1 before the first read."
        )

    def _edge(self) -> None:
        self.webhooks = self._counter(
            "webhooks_total",
            "Webhooks, by source and outcome (taken, unproven, closed, too_large, too_slow, full, no_kafka ...).",
            "source",
            "outcome",
        )
        self.webhook_seconds = self._histogram(
            "webhook_seconds", "From the head of a webhook to its answer.", WEBHOOK_S, "source"
        )

    def _ledger(self) -> None:
        self.ledger_commit = self._histogram("ledger_commit_seconds", "How long a group commit took.", COMMIT_S)
        self.ledger_batch = self._histogram("ledger_batch_size", "Members of a group commit.", BATCH)
        self.intents_open = self._gauge("intents_open", "Calls whose intent is committed and whose outcome is not.")
