"""Every happy path against an ERP that answers: in order, in any order, all at once, and all again."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from service.ports import Arrival, Priority
from tests.pipeline.journeys import GONE, INVOICE, JOURNEYS, QUIET, Journey
from tests.pipeline.rig import Rig, arrival

in_any_order = [one for one in JOURNEYS if one.in_any_order]
by_name = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.name.replace(" ", "-"))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("journey", QUIET, ids=lambda one: one.name.replace(" ", "-"))
async def test_what_was_over_before_it_was_posted_asks_nothing_of_the_erp(
    rig: Rig, journey: Journey, seed: int
) -> None:
    pod = await rig.pod(policies=[journey.policy])
    shuffled = [(fact,) for facts in journey.events for fact in facts]
    random.Random(seed).shuffle(shuffled)  # noqa: S311  reproducible on purpose
    for facts in (*shuffled, *shuffled):
        await pod.see(*facts)
    await journey.check(pod, await rig.books())
    assert await rig.requests() == 0


@by_name
async def test_what_the_shop_says_stands_in_the_erp_and_again_it_changes_nothing(rig: Rig, journey: Journey) -> None:
    pod = await rig.pod(policies=[journey.policy])
    for facts in journey.events:
        await pod.see(*facts)
    await journey.check(pod, await rig.books())
    calls = await rig.requests()
    for facts in journey.events:
        await pod.see(*facts)
        again = await pod.see(*facts, priority=Priority.REPLAY)
        outcome, _ = await pod.ended(again)
        assert outcome in {"unchanged", "superseded"}
    for root in journey.roots:
        await pod.wake(root)
    fresh = await rig.pod("b", policies=[journey.policy])
    for facts in journey.events:
        await fresh.see(*facts)
    assert await rig.requests() == calls
    await journey.check(fresh, await rig.books())


@pytest.mark.parametrize("journey", in_any_order, ids=lambda one: one.name.replace(" ", "-"))
async def test_events_that_come_together_are_one_look(rig: Rig, journey: Journey) -> None:
    pod = await rig.pod(policies=[journey.policy])
    lanes: dict[str, list[Arrival]] = defaultdict(list)
    for facts in journey.events:
        event = arrival(*facts)
        lanes[event.event.key.root].append(event)
    for root, work in lanes.items():
        await pod.handle(root, *work)
    await journey.check(pod, await rig.books())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("journey", in_any_order, ids=lambda one: one.name.replace(" ", "-"))
async def test_the_order_of_arrival_changes_nothing(rig: Rig, journey: Journey, seed: int) -> None:
    pod = await rig.pod(policies=[journey.policy])
    shuffled = [(fact,) for facts in journey.events for fact in facts]
    random.Random(seed).shuffle(shuffled)  # noqa: S311  reproducible on purpose
    for facts in shuffled:
        await pod.see(*facts)
    await journey.check(pod, await rig.books())


@pytest.mark.parametrize("journey", [INVOICE, GONE], ids=lambda one: one.name.replace(" ", "-"))
async def test_a_strict_erp_takes_invoices_that_post_as_they_are_created(strict: Rig, journey: Journey) -> None:
    pod = await strict.pod(policies=[journey.policy])
    for facts in journey.events:
        await pod.see(*facts)
    await journey.check(pod, await strict.books())
    assert [name for name, _, _ in await pod.states()] == ["order:1/create#1", "payment:91/record"]
