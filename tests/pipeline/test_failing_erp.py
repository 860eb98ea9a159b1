"""Every happy path against an ERP that fails at random by seed: nothing twice, nothing lost, to the cent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.pipeline.journeys import INVOICE, JOURNEYS, SOLD, Journey
from tests.pipeline.rig import Pod, Rig

READS = [
    "GET /orders", "GET /orders/{}", "GET /orders/{}/payments", "GET /accounts", "GET /accounts/{}", "GET /payments/{}",
    "GET /credits", "GET /accounting/unmatched-receipts",
]  # fmt: skip
WRITES = [
    "POST /accounts", "POST /accounts/{}/addresses", "POST /orders", "POST /orders/{}/items/bulk",
    "POST /orders/{}/adjustments", "POST /orders/{}/confirm", "POST /orders/{}/cancel",
    "POST /payments/multi-invoice-apply", "POST /orders/{}/payments/{}/refund", "POST /credits",
]  # fmt: skip
QUICK: dict[str, Any] = {
    "slow_ms": 10,
    "in_flight_ms": 20,
    "stale_ms": 30,
    "frozen_ms": 20,
    "throttle_after_s": 0,
    "only": {"stale_read": READS},  # the catalogue was filled a moment ago
}
EVERYTHING = {
    "commit_then_drop": 0.12,
    "error_before": 0.06,
    "error_after": 0.1,
    "throttle": 0.04,
    "slow": 0.05,
    "stale_read": 0.15,
    "truncated": 0.06,
    "empty_2xx": 0.06,
    "in_flight": 0.05,
    "frozen": 0.03,
    "gateway_garbage": 0.05,
}
by_name = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.name.replace(" ", "-"))


async def settled(pod: Pod, journey: Journey) -> None:
    """Look at every key until nothing waits to be found out."""

    async def done() -> bool:
        intents = [state for root in journey.roots for _, _, state in await pod.states(root)]
        told = [verdict for root in journey.roots for verdict in (await pod.said(root)).values()]
        return "open" not in intents and "parked/in_doubt" not in told

    await pod.until(done)


@by_name
@pytest.mark.parametrize("seed", range(4))
async def test_an_erp_that_fails_at_random_loses_and_doubles_nothing(rig: Rig, journey: Journey, seed: int) -> None:
    rig.lie(EVERYTHING, seed=seed, **QUICK)
    pod = await rig.pod(policies=[journey.policy])
    events = list(journey.events)
    if journey.in_any_order:
        random.Random(seed).shuffle(events)  # noqa: S311  reproducible on purpose
    for facts in events:
        await pod.see(*facts)
        await settled(pod, journey)
    await journey.check(pod, await rig.books())
    calls = await rig.writes()
    for facts in journey.events:
        await pod.see(*facts)
    assert await rig.writes() == calls


@by_name
@pytest.mark.parametrize("kind", ["commit_then_drop", "error_after", "truncated", "empty_2xx", "in_flight"])
async def test_an_erp_that_answers_no_first_call_loses_and_doubles_nothing(
    rig: Rig, journey: Journey, kind: str
) -> None:
    rig.lie({kind: 1.0}, **{**QUICK, "only": {kind: WRITES}, "cap": 1})
    pod = await rig.pod(policies=[journey.policy])
    for facts in journey.events:
        await pod.see(*facts)
        await settled(pod, journey)
    await journey.check(pod, await rig.books())
    how = {intent.how for root in journey.roots for intent in (await pod.told(root)).intents}
    assert how <= {"look_up", "key"}


@pytest.mark.parametrize("seed", range(4))
async def test_a_strict_erp_that_fails_at_random_loses_and_doubles_nothing(strict: Rig, seed: int) -> None:
    strict.lie(EVERYTHING, seed=seed, **QUICK)
    pod = await strict.pod(policies=[INVOICE.policy])
    for facts in INVOICE.events:
        await pod.see(*facts)
        await settled(pod, INVOICE)
    await INVOICE.check(pod, await strict.books())


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(2))
async def test_postgresql_keeps_the_same_promise(postgres_rig: Rig, seed: int) -> None:
    postgres_rig.lie(EVERYTHING, seed=seed, **QUICK)
    pod = await postgres_rig.pod()
    for facts in SOLD.events:
        await pod.see(*facts)
        await settled(pod, SOLD)
    await SOLD.check(pod, await postgres_rig.books())
