from __future__ import annotations

import ast
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.metrics import MetricWrapperBase

from service.telemetry.metrics import Metrics

NAMES = {
    "orderferry_assigned_partitions": ("gauge", ()),
    "orderferry_breaker_state": ("gauge", ()),
    "orderferry_build": ("info", ()),
    "orderferry_calls_in_flight": ("gauge", ()),
    "orderferry_concurrency_limit": ("gauge", ()),
    "orderferry_dead_letters": ("counter", ("reason", "kept_in")),
    "orderferry_drift": ("gauge", ("decision",)),
    "orderferry_drift_found": ("counter", ("field", "decision")),
    "orderferry_digests": ("counter", ("channel", "outcome")),
    "orderferry_erp_attempts": ("histogram", ("effect",)),
    "orderferry_erp_events": ("counter", ("family",)),
    "orderferry_erp_request_seconds": ("histogram", ("attempt",)),
    "orderferry_erp_requests": ("counter", ("attempt", "class")),
    "orderferry_events": ("counter", ("source", "topic")),
    "orderferry_in_doubt": ("gauge", ()),
    "orderferry_in_flight": ("gauge", ()),
    "orderferry_intents_open": ("gauge", ()),
    "orderferry_lag": ("gauge", ("topic", "partition")),
    "orderferry_ledger_batch_size": ("histogram", ()),
    "orderferry_ledger_commit_seconds": ("histogram", ()),
    "orderferry_limiter_paused_seconds": ("gauge", ("budget",)),
    "orderferry_limiter_used": ("gauge", ("budget",)),
    "orderferry_limiter_waiting": ("gauge", ("lane",)),
    "orderferry_looks": ("counter", ("ended",)),
    "orderferry_looks_waiting": ("gauge", ()),
    "orderferry_loop_lag_seconds": ("gauge", ()),
    "orderferry_outcomes": ("counter", ("source", "outcome", "reason")),
    "orderferry_parked": ("gauge", ("reason",)),
    "orderferry_privacy_requests_open": ("gauge", ()),
    "orderferry_rebalances": ("counter", ()),
    "orderferry_shop_points": ("gauge", ()),
    "orderferry_shop_reads": ("counter", ("result",)),
    "orderferry_shop_requests": ("counter", ("class",)),
    "orderferry_source_to_ack_seconds": ("histogram", ("source",)),
    "orderferry_stalls": ("counter", ("action",)),
    "orderferry_unknowns": ("counter", ("resolved",)),
    "orderferry_waits": ("gauge", ("wait",)),
    "orderferry_webhook_endpoint": ("gauge", ("budget", "status")),
    "orderferry_webhook_seconds": ("histogram", ("source",)),
    "orderferry_webhooks": ("counter", ("source", "outcome")),
    "orderferry_window_fill": ("gauge", ("bound",)),
}
"""Dashboards and alerts depend on these: a change here is a change for their owners."""

SERVICE = Path(__file__).parents[2] / "service"
SETTERS = {"inc", "set", "observe"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3", processes=False)


def wrappers(metrics: Metrics) -> dict[str, MetricWrapperBase]:
    collectors = list(metrics.registry._collector_to_names)
    return {one._name: one for one in collectors if isinstance(one, MetricWrapperBase)}


def test_the_names_types_and_labels_are_these(metrics: Metrics) -> None:
    assert {name: (one._type, one._labelnames) for name, one in wrappers(metrics).items()} == NAMES


def test_every_metric_says_what_it_counts(metrics: Metrics) -> None:
    for name, one in wrappers(metrics).items():
        assert one._documentation.endswith("."), name


def test_every_metric_is_set_somewhere() -> None:
    declared = {name for name, one in vars(Metrics(version="", processes=False)).items() if _is_metric(one)}
    told = {
        name
        for path in SERVICE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (name := _told(node)) is not None
    }
    assert declared - told == set()


def _is_metric(one: object) -> bool:
    return isinstance(one, MetricWrapperBase)


def _told(node: ast.AST) -> str | None:
    """Name the attribute of Metrics that a call changes: `metrics.lag.labels(...).set(...)` changes `lag`.

    `cache(metrics.events.labels)` keeps the children at hand for whoever changes them.
    """
    match node:
        case ast.Call(ast.Name("cache"), [ast.Attribute(ast.Attribute(holder, name), "labels")]):
            return name if ast.unparse(holder).endswith("metrics") else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in SETTERS:
        return None
    held = node.func.value
    if isinstance(held, ast.Call) and isinstance(held.func, ast.Attribute) and held.func.attr == "labels":
        held = held.func.value
    if isinstance(held, ast.Attribute) and ast.unparse(held.value).endswith("metrics"):
        return held.attr
    return None


def test_no_label_could_hold_an_id_or_a_person() -> None:
    allowed = {"source", "outcome", "reason", "topic", "partition", "attempt", "class", "effect", "resolved"}
    allowed |= {"kept_in", "bound", "wait", "action", "budget", "lane", "result"}
    allowed |= {"channel", "decision", "field", "family", "ended", "status"}
    assert {label for _, labels in NAMES.values() for label in labels} == allowed


def test_two_sets_of_metrics_do_not_meet(metrics: Metrics) -> None:
    other = Metrics(version="1.2.3", processes=False)
    metrics.outcomes.labels("shopify", "posted", "").inc()
    assert other.registry.get_sample_value("orderferry_outcomes_total") is None
    labels = {"source": "shopify", "outcome": "posted", "reason": ""}
    assert metrics.registry.get_sample_value("orderferry_outcomes_total", labels) == 1


def test_the_process_itself_is_measured_too() -> None:
    text = generate_latest(Metrics(version="1.2.3").registry).decode()
    assert "process_resident_memory_bytes" in text
    assert 'orderferry_build_info{python="3' in text
