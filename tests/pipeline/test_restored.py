"""A ledger that was restored to an earlier time: what it forgot is found in the ERP (correctness 18)."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import Waiting
from tests.pipeline.journeys import JOURNEYS, PLAIN, SOLD, Journey
from tests.pipeline.rig import QUICK, Books, Rig, arrival, key_of
from tests.pipeline.test_failing_erp import settled
from tests.pipeline.test_unknowns import only
from tests.plan.world import order, payment

FOR_A_PERSON = {"cancel after refund": {"payment 91": "parked/parent_parked", "payment 95": "parked/parent_parked"}}
"""What the ledger forgot of an order that is cancelled by now is not taken for granted, and never booked again."""

by_name = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.name.replace(" ", "-"))


def counts(books: Books) -> dict[str, int]:
    return {name: len(rows) for name, rows in books.tables.items()}


async def forgotten(rig: Rig, template: Path, folder: Path) -> Rig:
    shutil.copy(template, folder / "restored.sqlite3")
    return replace(rig, url=f"sqlite:///{folder / 'restored.sqlite3'}")


@by_name
async def test_what_the_ledger_forgot_is_found_in_the_erp(
    rig: Rig, journey: Journey, ledger_template: Path, tmp_path: Path
) -> None:
    first = await rig.pod("first", policies=[journey.policy])
    rig.lie(**only("frozen", "POST /accounts", frozen_ms=20))
    with suppress(Waiting):  # a generation that had no effect: the restored ledger counts from one again
        await first.story.handle(key_of(journey.roots[0]), [arrival(*journey.events[0])])
    rig.lie({})
    for facts in journey.events:
        await first.see(*facts)
    await settled(first, journey)
    before = counts(await rig.books())
    restored = await forgotten(rig, ledger_template, tmp_path)
    timing = replace(QUICK, call=0.1, restored_at=time.time())
    second = await restored.pod("second", policies=[journey.policy], timing=timing)
    for facts in journey.events:
        await second.see(*facts)
    await settled(second, journey)
    await replace(journey, verdicts=FOR_A_PERSON.get(journey.name, journey.verdicts)).check(
        second, await restored.books()
    )
    assert counts(await restored.books()) == before


async def test_what_comes_after_the_restore_is_sent_at_once(rig: Rig) -> None:
    pod = await rig.pod(timing=replace(QUICK, restored_at=PLAIN.version.at.timestamp() - 3600))
    for facts in SOLD.events:
        await pod.see(*facts)
    asked = await rig.requests()
    plain = await rig.pod("plain")
    await plain.see(order(external_id="2", name="#1002", placed_at=PLAIN.placed_at))
    await plain.see(payment("92", order_id="2"))
    assert await rig.requests() - asked <= asked


async def test_absence_after_a_restore_is_proven_before_anything_is_sent(rig: Rig) -> None:
    restored_at = time.time()
    pod = await rig.pod(timing=replace(QUICK, call=0.5, settle=0.5, restored_at=restored_at))
    await pod.see(PLAIN)
    await pod.see(payment())
    assert time.time() >= restored_at + 1.0
    assert await pod.said() == {"order 1": "posted", "payment 91": "posted"}
    (await rig.books()).sound()
