from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.bootstrap.readiness import readiness
from service.intake.health import Health as IntakeHealth

WELL = IntakeHealth(
    state="running",
    assigned=(("shop", 0),),
    ready=True,
    paused={},
    waits={},
    lag={},
    in_flight=0,
    waiting=0,
    lanes=0,
    window_records=0,
    window_bytes=0,
    window_fill=0.0,
    loop_lag_s=0.0,
    stalled="",
)


def test_where_nothing_is_missing_it_is_ready() -> None:
    health = readiness(WELL, missing_topics=(), ledger="")
    assert (health.ready, health.alive, dict(health.missing)) == (True, True, {})


MISSING: list[tuple[dict[str, Any], str, str, str]] = [
    ({"waits": {"ledger_down": 3}}, "", "ledger", "it does not take anything"),
    ({}, "ledger_down: connection refused", "ledger", "connection refused"),
    ({"waits": {"kafka": 1}}, "", "kafka", "the brokers do not answer"),
    ({"waits": {"kafka": 1}, "stalled": "NoBrokersAvailable"}, "", "kafka", "NoBrokersAvailable"),
    ({"ready": False}, "", "assignment", "start positions"),
    ({"state": "stopping"}, "", "intake", "stopping"),
]


@pytest.mark.parametrize(("changes", "ledger", "name", "words"), MISSING)
def test_what_is_missing_is_named_and_the_process_lives_on(
    changes: dict[str, Any], ledger: str, name: str, words: str
) -> None:
    health = readiness(replace(WELL, **changes), missing_topics=(), ledger=ledger)
    assert list(health.missing) == [name]
    assert words in health.missing[name]
    assert health.alive
    assert not health.ready


def test_everything_that_is_missing_is_named_at_once() -> None:
    now = replace(WELL, waits={"kafka": 1}, ready=False)
    health = readiness(now, missing_topics=["shop", "replay"], ledger="away")
    assert list(health.missing) == ["ledger", "kafka", "topics", "assignment"]
    assert "shop, replay do not exist" in health.missing["topics"]


def test_a_stall_with_brokers_is_one_and_an_open_breaker_is_none() -> None:
    assert not readiness(replace(WELL, stalled="nothing moves"), missing_topics=(), ledger="").alive
    assert readiness(replace(WELL, waits={"breaker_open": 9}), missing_topics=(), ledger="").ready
