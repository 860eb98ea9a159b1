"""A ledger that was restored to an earlier time: what it forgot is found in the ERP (correctness 18)."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.event import Fact
from schemas.order import FinancialStatus, Line, Order, Shipping
from service.errors import Waiting
from service.ledger.sole import take_over
from service.pipeline.publish import Timing
from service.plan.policy import Gate, Policy, Targets
from tests.pipeline.edge import Back
from tests.pipeline.journeys import (
    BUYER,
    CANCEL,
    CANCEL_REFUNDED,
    JOURNEYS,
    NEVER_POSTED,
    PLAIN,
    POST,
    QUIET,
    SOLD,
    Journey,
)
from tests.pipeline.rig import QUICK, Books, Rig, arrival, key_of, policy
from tests.pipeline.test_crashes import AfterTheCall, first_of
from tests.pipeline.test_failing_erp import settled
from tests.pipeline.test_unknowns import account_stands, edit, only, product
from tests.plan.world import T0, at, cash_back, deletion, line, money, order, payment, refund, tax

D = Decimal
by_name = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.name.replace(" ", "-"))


def counts(books: Books) -> dict[str, int]:
    return {name: len(rows) for name, rows in books.tables.items()}


def ledger_of(rig: Rig) -> Path:
    return Path(rig.url.removeprefix("sqlite:///"))


def lately() -> Timing:
    """The timing of a process whose ledger was restored just now."""
    return replace(QUICK, call=0.1, restored_at=time.time())


async def forgotten(rig: Rig, backup: Path, folder: Path) -> Rig:
    """The same ERP beside a ledger that is restored to what it was now."""
    file = folder / "restored.sqlite3"
    with closing(sqlite3.connect(backup)) as now, closing(sqlite3.connect(file)) as copy:
        now.backup(copy)
    return replace(rig, url=f"sqlite:///{file}")


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
    timing = lately()
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
    second = await restored.pod("second", timing=lately())
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
    "a create without an answer": (0, "order:1/create#1", "POST /orders"),
    "a confirm without an answer": (0, "order:1/confirm#1", "POST /orders/{}/confirm"),
    "a fee without an answer": (0, "order:1/adjust#1:Shipping:20+5.00", "POST /orders/{}/adjustments"),
    "a refund without an answer": (2, "payment:95/refund", "POST /orders/{}/payments/{}/refund"),
}
READS = ("GET /orders", "GET /orders/{}", "GET /payments/{}")


async def left_open(rig: Rig, named: Policy, facts: Sequence[Fact], effect: str, call: str) -> None:
    """Let a pod do something that the ERP does and does not answer, and leave it so."""
    failing = await rig.pod("failing", policies=[named], timing=replace(QUICK, patience=0))
    lies = {"commit_then_drop": [call], "error_before": list(READS)}
    rig.lie(dict.fromkeys(lies, 1.0), only=lies)
    await failing.see(*facts)
    assert (effect, 1, "open") in await failing.states()
    rig.lie({})


@pytest.mark.parametrize("known", ["nothing", *STEPS, "the order"])
async def test_changes_of_one_value_are_found_again_one_by_one(rig: Rig, tmp_path: Path, known: str) -> None:
    """What the look-up reads is what they all came to, and the restored ledger knows of none, of one, or of some."""
    named = policy(targets=FEES)
    first = await rig.pod("first", policies=[named])
    if known != "nothing":
        await account_stands(first)
    if (step := STEPS.get(known)) is not None:
        done, effect, call = step
        for facts in CHANGES[:done]:
            await first.see(*facts)
        await left_open(rig, named, CHANGES[done], effect, call)
    elif known == "the order":
        await first.see(*CHANGES[0])
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    for facts in CHANGES:
        await first.see(*facts)
    before, books = counts(await rig.books()), await rig.books()
    sale = next(one for one in books.documents() if one["metadata"]["external_id"] == "1")
    assert (D(sale["order_total"]), D(sale["fee_total"])) == (D("26.50"), D("6.50"))
    second = await restored.pod("second", policies=[named], timing=lately())
    for facts in CHANGES:
        await second.see(*facts)
    assert set((await second.said()).values()) == {"posted"}
    assert all(state in {"done", "absent"} for _, _, state in await second.states())
    after = await restored.books()
    assert counts(after) == before
    again = next(one for one in after.documents() if one["metadata"]["external_id"] == "1")
    assert (D(again["order_total"]), D(again["amount_paid"])) == (D("26.50"), D(sale["amount_paid"]))
    assert after.payments() == books.payments() == {"91": ("external", D("26.50"), D("12.00"))}


def edited(minutes: int, *more: Line, sugar: int = 1, fee: str = "0.00", **changes: Any) -> Order:
    """An order as an edit left it: pieces of a line, further lines and a fee may have come with it."""
    goods = line("11", quantity=2 * sugar, price="10.00", taxes=(tax(f"{1.6 * sugar:.2f}"),))
    given = {"shipping": (POST,), "fees": money(fee), "minutes": minutes, **BUYER, **changes}
    return order(goods, *more, **given)


TEA = line("12", quantity=1, price="4.99", taxes=(tax("0.40"),))
PAN = line("13", quantity=1, price="30.00", taxes=(tax("2.40"),))
EDITS: tuple[tuple[Fact, ...], ...] = (
    (edited(0),),
    (edited(5, TEA),),
    (edited(8, TEA, PAN, sugar=2, fee="1.50"),),
    (payment("91", "60.00"),),
    (payment("92", "10.49"),),
    (payment("93", "17.00"),),
)
GOODS = policy(targets=Targets(shipping="sku:SHIP", tax="sku:TAX", fees="fee:Handling"))


@pytest.mark.parametrize("known", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("replay", [(0, 1, 2, 3, 4, 5), (2, 0, 1, 5, 4, 3), (4, 2, 3, 5)], ids=str)
async def test_what_edits_and_payments_did_in_the_lost_time_is_found_as_it_stands(
    rig: Rig, tmp_path: Path, known: int, replay: tuple[int, ...]
) -> None:
    first = await rig.pod("first", policies=[GOODS])
    for facts in EDITS[:known]:
        await first.see(*facts)
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    for facts in EDITS[known:-1]:  # the last payment is new after the restore
        await first.see(*facts)
    before = await rig.books()
    second = await restored.pod("second", policies=[GOODS], timing=lately())
    for place in replay:
        await second.see(*EDITS[place])
    assert set((await second.said()).values()) == {"posted"}
    assert all(state in {"done", "absent"} for _, _, state in await second.states())
    after = await restored.books()
    assert counts(after) == {**counts(before), "payments": 3}
    (sale,) = after.sound().documents()
    assert (D(sale["order_total"]), D(sale["fee_total"]), D(sale["amount_paid"])) == (D("87.49"), D("1.50"), D("87.49"))


@pytest.mark.parametrize("known", [0, "a create without an answer", "a confirm without an answer", 1, 2])
@pytest.mark.parametrize("replay", [(0, 1, 2), (1, 0, 2), (2, 1)], ids=str)
async def test_a_sale_that_was_revised_in_the_lost_time_is_found_in_both_its_revisions(
    rig: Rig, tmp_path: Path, known: int | str, replay: tuple[int, ...]
) -> None:
    """Goods were taken off before anything was paid: cancelled and posted anew (books 7)."""
    unpaid = {"financial_status": FinancialStatus.AUTHORIZED, **BUYER}
    off = line("12", quantity=1, price="4.99", current_quantity=0)
    events = (
        (order(line("11"), line("12", quantity=1, price="4.99"), **unpaid),),
        (order(line("11"), off, minutes=5, current_total=money("20.00"), **unpaid),),
        (
            order(
                line("11"), off, line("13", quantity=1, price="3.00"), minutes=9, current_total=money("23.00"), **unpaid
            ),
        ),
    )
    early = policy(gate=Gate.AUTHORIZED)
    first = await rig.pod("first", policies=[early])
    seen = 0 if isinstance(known, str) else known
    for facts in events[:seen]:
        await first.see(*facts)
    if isinstance(known, str):
        await left_open(rig, early, events[0], *STEPS[known][1:])
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    for facts in events[seen:]:
        await first.see(*facts)
    before = counts(await rig.books())
    assert before["orders"] == 2
    second = await restored.pod("second", policies=[early], timing=lately())
    for place in replay:
        await second.see(*events[place])
    await second.see(payment("91", "23.00"))
    assert set((await second.said()).values()) == {"posted"}
    after = await restored.books()
    assert counts(after) == {**before, "payments": 1}
    assert sorted((D(one["order_total"]), one["order_status"]) for one in after.documents()) == [
        (D("23.00"), "confirmed"),
        (D("24.99"), "cancelled"),
    ]


async def test_a_sale_that_was_posted_after_goods_were_taken_off_has_no_part_of_their_discount(
    rig: Rig, ledger_template: Path, tmp_path: Path
) -> None:
    off = line("12", quantity=1, price="5.00", current_quantity=0, discount=money("2.00"))
    left = order(line("11"), off, current_total=money("20.00"), financial_status=FinancialStatus.AUTHORIZED, **BUYER)
    early = policy(gate=Gate.AUTHORIZED)
    first = await rig.pod("first", policies=[early])
    await first.see(left)
    before = counts(await rig.books())
    restored = await forgotten(rig, ledger_template, tmp_path)
    second = await restored.pod("second", policies=[early], timing=lately())
    await second.see(left)
    assert await second.said() == await first.said() == {"order 1": "posted"}
    assert counts(await restored.books()) == before


async def test_a_create_that_was_open_in_the_copy_is_found_with_the_lines_of_later_edits(
    rig: Rig, tmp_path: Path
) -> None:
    await account_stands(await rig.pod("account", policies=[GOODS]))
    await left_open(rig, GOODS, EDITS[0], "order:1/create#1", "POST /orders")
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    first = await rig.pod("first", policies=[GOODS])
    for facts in EDITS:
        await first.see(*facts)
    before = counts(await rig.books())
    second = await restored.pod("second", policies=[GOODS], timing=lately())
    for facts in EDITS:
        await second.see(*facts)
    assert set((await second.said()).values()) == {"posted"}
    assert counts((await restored.books()).sound()) == before


async def test_a_fee_and_a_discount_of_the_same_amount_are_told_apart(
    rig: Rig, ledger_template: Path, tmp_path: Path
) -> None:
    """Nothing is to be paid: the discount takes off what the fee had added, and the total is what it was before."""
    free = Shipping(external_id="s1", title="Post", price=money("5.00"), discount=money("5.00"))
    gift = order(line("11", discount=money("20.00")), shipping=(free,), **BUYER)
    named = [policy(targets=FEES)]
    first = await rig.pod("first", policies=named)
    await first.see(gift)
    restored = await forgotten(rig, ledger_template, tmp_path)
    second = await restored.pod("second", policies=named, timing=lately())
    await second.see(gift)
    assert await second.said() == await first.said() == {"order 1": "posted"}
    (sale,) = (await restored.books()).sound().documents()
    assert (D(sale["fee_total"]), D(sale["discount_total"]), D(sale["order_total"])) == (D(5), D(25), D(0))


async def test_a_fee_of_the_lost_time_is_not_doubled_where_the_order_was_read_before_it_was_heard_of(
    rig: Rig, tmp_path: Path
) -> None:
    first = await rig.pod("first", policies=[GOODS])
    await first.see(edited(0))
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    charged = edited(5, fee="1.50", financial_status=FinancialStatus.PARTIALLY_PAID)
    await first.see(charged)
    second = await restored.pod("second", policies=[GOODS], timing=lately())
    rig.clock.ahead += 10.0  # long enough for the order to be read again before it is paid
    await second.see(payment("91", "10.00"))
    await second.see(charged)
    assert set((await second.said()).values()) == {"posted"}
    (sale,) = (await restored.books()).documents()
    assert (D(sale["fee_total"]), D(sale["amount_paid"])) == (D("1.50"), D("10.00"))


async def test_what_we_did_in_the_lost_time_is_no_drift(rig: Rig, tmp_path: Path) -> None:
    first = await rig.pod("first")
    for facts in CANCEL_REFUNDED.events[:2]:
        await first.see(*facts)
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    for facts in CANCEL_REFUNDED.events[2:]:
        await first.see(*facts)
    timing = lately()
    second = await restored.pod("second", timing=timing)
    back = Back(restored, second, timing=timing)
    rig.clock.ahead += 60.0  # any reading would be judged by now
    await back.watch.look(key_of("1"))
    assert await back.drift() == []
    for facts in CANCEL_REFUNDED.events:
        await second.see(*facts)
    await CANCEL_REFUNDED.check(second, await restored.books())


async def test_a_sale_of_the_lost_time_that_the_shop_deleted_stands_for_a_person(
    rig: Rig, ledger_template: Path, tmp_path: Path
) -> None:
    first = await rig.pod("first")
    await first.see(PLAIN)
    restored = await forgotten(rig, ledger_template, tmp_path)
    second = await restored.pod("second", timing=lately())
    await second.handle("1", arrival(PLAIN), arrival(deletion()))
    assert (await second.said())["order 1"] == "parked/deleted_after_posting"


@pytest.mark.parametrize("journey", QUIET, ids=lambda one: one.name.replace(" ", "-"))
async def test_what_never_was_is_proven_absent_after_a_restore(rig: Rig, journey: Journey) -> None:
    pod = await rig.pod(timing=replace(QUICK, call=0.1, settle=0.1, restored_at=time.time()))
    for facts in journey.events:
        await pod.see(*facts)
    await journey.check(pod, await rig.books())
    assert await rig.requests() > 0


async def test_looking_for_a_sale_that_nobody_asks_for_creates_nothing(rig: Rig) -> None:
    pod = await rig.pod(timing=replace(QUICK, call=0.1, settle=0.1, restored_at=time.time()))
    await pod.handle("1", *(arrival(*facts) for facts in NEVER_POSTED.events))
    await NEVER_POSTED.check(pod, await rig.books())
    assert (await rig.driver.control("stats"))["requests"].get("POST /accounts") is None
    assert (await rig.books()).tables["accounts"] == []


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
    second = await restored.pod("second", timing=lately())
    await second.see(PLAIN.model_copy(update={"version": at(30), "note": "please ring twice"}))
    assert (await rig.driver.control("stats"))["error_codes"]["idempotency_key_mismatch"] == 1
    create = [("order:1/create#1", 1, "absent"), ("order:1/create#1", 2, "done")]
    assert [state for state in await second.states() if "/create" in state[0] and "order" in state[0]] == create
    (await restored.books()).sound()


BACK: tuple[Fact, ...] = (refund("82", minutes=20, transaction_ids=("96",)),)


@pytest.mark.parametrize("amount", ["7.00", "5.00"], ids=["another amount", "the same amount"])
async def test_cash_given_back_in_another_order_in_the_lost_time_is_told_apart(
    rig: Rig, tmp_path: Path, amount: str
) -> None:
    """The ERP shows one sum of what was given back: the second of two was in it, the first was not heard of yet."""
    earlier, later = cash_back("95", "5.00", refund_id="81"), cash_back("96", amount, refund_id="82")
    first = await rig.pod("first")
    for facts in ((PLAIN,), (payment("91"),)):
        await first.see(*facts)
    restored = await forgotten(rig, ledger_of(rig), tmp_path)
    await first.see(*BACK, later)
    assert (await rig.books()).payments()["91"][2] == D(amount)
    second = await restored.pod("second", timing=lately())
    await second.see(refund("81", transaction_ids=("95",)), earlier, *BACK, later)
    await second.see(*BACK, later)
    assert set((await second.said()).values()) == {"posted"}
    assert (await restored.books()).payments()["91"][2] == D("5.00") + D(amount)


async def test_a_draft_that_was_cancelled_in_the_lost_time_is_told_with_the_cash_that_stayed(
    rig: Rig, ledger_template: Path, tmp_path: Path
) -> None:
    events = ((PLAIN,), (payment("91"),), (order(minutes=5, cancelled_at=T0, **BUYER),))
    await account_stands(await rig.pod("first"))
    dying = await rig.pod("dying", kind=AfterTheCall)
    assert isinstance(dying.arcus, AfterTheCall)
    task = asyncio.create_task(dying.story.handle(key_of(), [arrival(PLAIN)]))
    assert not await first_of(task, dying.arcus.stopped)
    task.cancel()
    await take_over(dying.ledger.database)
    heir = await rig.pod("heir")
    await heir.see(*events[1], *events[2])
    ends = {"order 1": "parked/cancelled_with_cash", "payment 91": "parked/parent_parked"}
    assert await heir.said() == ends
    before = await rig.writes()
    restored = await forgotten(rig, ledger_template, tmp_path)
    second = await restored.pod("second", timing=lately())
    for facts in events:
        await second.see(*facts)
    assert await second.said() == ends
    assert await rig.writes() == before
