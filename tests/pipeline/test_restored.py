"""A ledger that was restored to an earlier time: what it forgot is found in the ERP (correctness 18)."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.event import Fact
from service.errors import Waiting
from service.plan.policy import Targets
from tests.pipeline.journeys import BUYER, CANCEL, CANCEL_REFUNDED, JOURNEYS, PLAIN, POST, QUIET, SOLD, Journey
from tests.pipeline.rig import QUICK, Books, Rig, arrival, key_of, policy
from tests.pipeline.test_failing_erp import settled
from tests.pipeline.test_unknowns import account_stands, edit, only, product
from tests.plan.world import at, cash_back, line, money, order, payment, refund

D = Decimal
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
    await journey.check(second, await restored.books())
    assert counts(await restored.books()) == before


@pytest.mark.parametrize(
    ("journey", "posted"),
    [(CANCEL_REFUNDED, 4), (CANCEL_REFUNDED, 2), (CANCEL, 2), (CANCEL, 1)],
    ids=["cancelled", "paid", "cancelled on terms", "on terms"],
)
async def test_a_sale_that_the_ledger_forgot_is_not_taken_for_one_that_never_was(
    rig: Rig, journey: Journey, posted: int, ledger_template: Path, tmp_path: Path
) -> None:
    first = await rig.pod("first")
    for facts in journey.events[:posted]:
        await first.see(*facts)
    restored = await forgotten(rig, ledger_template, tmp_path)
    second = await restored.pod("second", timing=replace(QUICK, call=0.1, restored_at=time.time()))
    await second.handle("1", *(arrival(*facts) for facts in journey.events))  # the newest word is: cancelled
    await settled(second, journey)
    await replace(journey, verdicts={}).check(second, await restored.books())


FEES = Targets(shipping="fee:Shipping", fees="fee:Handling")
CHANGES: tuple[tuple[Fact, ...], ...] = (
    (order(line("11", quantity=2, price="10.00"), shipping=(POST,), fees=money("1.50"), **BUYER),),
    (payment("91", "26.50"),),
    (refund("81", transaction_ids=("95",)), cash_back("95", "5.00", refund_id="81")),
    (refund("82", minutes=20, transaction_ids=("96",)), cash_back("96", "7.00", refund_id="82")),
)
"""Two fees on one document, and two times cash given back on one payment: the ERP tells only what they come to."""


STEPS = {
    "a create without an answer": ("order:1/create#1", "POST /orders"),
    "a confirm without an answer": ("order:1/confirm#1", "POST /orders/{}/confirm"),
}


@pytest.mark.parametrize("known", ["nothing", "a create without an answer", "a confirm without an answer", "the order"])
async def test_changes_of_one_value_are_found_again_one_by_one(
    rig: Rig, ledger_template: Path, tmp_path: Path, known: str
) -> None:
    """What the look-up reads is what they all came to, and the restored ledger knows of none, of one, or of some."""
    named, file = [policy(targets=FEES)], tmp_path / "first.sqlite3"
    shutil.copy(ledger_template, file)
    first = await replace(rig, url=f"sqlite:///{file}").pod("first", policies=named)
    if known != "nothing":
        await account_stands(first)
    if (step := STEPS.get(known)) is not None:
        impatient = replace(QUICK, patience=0)
        failing = await replace(rig, url=f"sqlite:///{file}").pod("failing", policies=named, timing=impatient)
        lies = {"commit_then_drop": [step[1]], "error_before": ["GET /orders", "GET /orders/{}"]}
        rig.lie(dict.fromkeys(lies, 1.0), only=lies)
        await failing.see(*CHANGES[0])
        assert (step[0], 1, "open") in await failing.states()
        rig.lie({})
    elif known == "the order":
        await first.see(*CHANGES[0])
    restored = replace(rig, url=f"sqlite:///{tmp_path / 'restored.sqlite3'}")
    with closing(sqlite3.connect(file)) as now, closing(sqlite3.connect(tmp_path / "restored.sqlite3")) as copy:
        now.backup(copy)
    for facts in CHANGES:
        await first.see(*facts)
    before, books = counts(await rig.books()), await rig.books()
    sale = next(one for one in books.documents() if one["metadata"]["external_id"] == "1")
    assert (D(sale["order_total"]), D(sale["fee_total"])) == (D("26.50"), D("6.50"))
    second = await restored.pod("second", policies=named, timing=replace(QUICK, call=0.1, restored_at=time.time()))
    for facts in CHANGES:
        await second.see(*facts)
    assert set((await second.said()).values()) == {"posted"}
    assert all(state in {"done", "absent"} for _, _, state in await second.states())
    after = await restored.books()
    assert counts(after) == before
    again = next(one for one in after.documents() if one["metadata"]["external_id"] == "1")
    assert (D(again["order_total"]), D(again["amount_paid"])) == (D("26.50"), D(sale["amount_paid"]))
    assert after.payments() == books.payments() == {"91": ("external", D("26.50"), D("12.00"))}


@pytest.mark.parametrize("journey", QUIET, ids=lambda one: one.name.replace(" ", "-"))
async def test_what_never_was_is_proven_absent_after_a_restore(rig: Rig, journey: Journey) -> None:
    pod = await rig.pod(timing=replace(QUICK, call=0.1, settle=0.1, restored_at=time.time()))
    for facts in journey.events:
        await pod.see(*facts)
    await journey.check(pod, await rig.books())
    assert await rig.requests() > 0


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


async def test_what_is_done_to_an_order_created_after_the_restore_is_not_looked_for(rig: Rig) -> None:
    pod = await rig.pod(timing=replace(QUICK, call=0.1, settle=0.1, restored_at=time.time()))
    await pod.see(PLAIN)
    assert ("order:1/confirm#1", 1, "done") in await pod.states()
    requests = (await rig.driver.control("stats"))["requests"]
    assert sum(requests.get("GET /orders/{}", {}).values()) == 0, requests


async def test_a_key_that_a_forgotten_refusal_holds_is_given_up_once_absence_is_proven(
    rig: Rig, ledger_template: Path, tmp_path: Path
) -> None:
    """The ERP keeps what it answered under a key, and the restored ledger asks for other bytes under the same one."""
    first = await rig.pod("first")
    await account_stands(first)
    tea = await product(rig, "SKU-11")
    await edit(rig, "products", tea, is_active=False)
    await first.see(PLAIN)
    assert (await first.said())["order 1"] == "parked/erp_refused"
    restored = await forgotten(rig, ledger_template, tmp_path)
    await edit(rig, "products", tea, is_active=True)
    second = await restored.pod("second", timing=replace(QUICK, call=0.1, restored_at=time.time()))
    await second.see(PLAIN.model_copy(update={"version": at(30), "note": "please ring twice"}))
    assert (await rig.driver.control("stats"))["error_codes"]["idempotency_key_mismatch"] == 1
    create = [("order:1/create#1", 1, "absent"), ("order:1/create#1", 2, "done")]
    assert [state for state in await second.states() if "/create" in state[0] and "order" in state[0]] == create
    (await restored.books()).sound()
