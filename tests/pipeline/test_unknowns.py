"""Calls without a clear answer: what may be done next, and what only a person can say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas.base import Kind
from schemas.effect import (
    AddAddress,
    AddLines,
    Adjust,
    Cancel,
    Confirm,
    CreateAccount,
    CreateOrder,
    Credit,
    RecordPayment,
    RefundCash,
    ReturnGoods,
)
from schemas.outcome import Reason
from schemas.posted import Posted, PostedStatus
from service.erp.arcus import identity
from service.erp.arcus.adapter import Arcus
from service.errors import Refused
from service.pipeline.publish import Timing
from service.pipeline.run import contradicts
from service.plan.policy import Targets
from service.ports import Absent, Found, Intent, IntentState, Priority, Receipt, Unclear
from tests.pipeline.journeys import BUYER, JOURNEYS, PLAIN, POST, SOLD, Journey
from tests.pipeline.rig import QUICK, Books, Pod, Rig, key_of, policy, unreadable
from tests.pipeline.test_failing_erp import WRITES
from tests.plan.world import World, line, order, payment

WHO = {"who": "Ann", "why": "looked into the ERP"}
DAY = 86_400.0
ACCOUNT = key_of("~account:customer:7")
QUICKER = Timing(call=0.5, settle=0.05, patience=0.1, again=0.05, pause=0.01, pause_max=0.05)


def _one_sale(books: Books) -> None:
    assert len(books.tables["payments"]) == 1


SOLD_PLAIN = Journey("plain", ((PLAIN,), (payment(),)), _one_sale)
by_name = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.name.replace(" ", "-"))


def only(kind: str, *routes: str, **more: Any) -> dict[str, Any]:
    """Every call of some routes fails in one way."""
    return {"kinds": {kind: 1.0}, "only": {kind: list(routes)}, **more}


async def edit(rig: Rig, table: str, ident: str, **changes: Any) -> None:
    """Change a document as a person in the ERP would."""
    await rig.driver.control("edit", {"entity": rig.entity, "table": table, "id": ident, "set": changes})


async def product(rig: Rig, sku: str) -> str:
    tables = (await rig.books()).tables
    return next(str(one["id"]) for one in tables["products"] if one["sku"] == sku)


async def account_stands(pod: Pod) -> None:
    """Let the buyer's account be made by another order."""
    await pod.see(order(external_id="9", name="#9", **BUYER))


async def creates(rig: Rig) -> int:
    """How many creates of orders the ERP was asked for."""
    requests = (await rig.driver.control("stats"))["requests"]
    return sum(requests.get("POST /orders", {}).values())


class Meanwhile(Arcus):
    """The ERP stops failing before the first look-up, and something happens there."""

    happens: Callable[[], Awaitable[object]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.looks: list[tuple[Intent, Found | Absent | Unclear]] = []

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        if not self.looks:
            await self.happens()
        found = await super().find(intent, priority=priority, forgotten=forgotten)
        self.looks.append((intent, found))
        return found


async def struck(rig: Rig, kind: str, *, route: str = "POST /orders", **options: Any) -> tuple[Pod, Meanwhile]:
    """Start a process whose next call of a route fails once; `meanwhile` happens before it is looked up."""
    meanwhile = options.pop("meanwhile", None)
    pod = await rig.pod("struck", kind=Meanwhile, **options)
    arcus = pod.arcus
    assert isinstance(arcus, Meanwhile)

    async def happens() -> None:
        rig.lie({})
        if meanwhile is not None:
            await meanwhile()

    arcus.happens = happens
    rig.lie({kind: 1.0}, only={kind: [route]})
    return pod, arcus


async def a_day_passes(rig: Rig) -> None:
    await rig.driver.control("clock", {"advance_seconds": DAY})


# --- a refusal


async def test_a_refusal_is_not_repeated_for_the_same_content_but_for_a_changed_one(rig: Rig) -> None:
    pod = await rig.pod()
    await account_stands(pod)
    asked = await creates(rig)
    refused = order(line(sku="INACTIVE-1"), **BUYER)
    await pod.see(refused)
    assert (await pod.said())["order 1"] == "parked/erp_refused"
    assert "INACTIVE-1 is inactive" in await pod.detail()
    await pod.see(refused)
    await pod.see(payment())
    await (await rig.pod("b")).wake()
    assert (await pod.said()) == {"order 1": "parked/erp_refused", "payment 91": "parked/parent_parked"}
    assert await creates(rig) == asked + 1
    await pod.see(order(line(sku="SKU-12"), minutes=1, **BUYER))
    assert (await pod.said()) == {"order 1": "posted", "payment 91": "posted"}
    assert await pod.states() == [
        ("order:1/create#1", 1, "refused"),
        ("order:1/create#1", 2, "done"),
        ("order:1/confirm#1", 1, "done"),
        ("payment:91/record", 1, "done"),
    ]


async def test_a_person_lets_the_same_content_be_tried_again(rig: Rig) -> None:
    pod = await rig.pod()
    inactive = await product(rig, "SKU-13")
    await edit(rig, "products", inactive, is_active=False)
    await pod.see(order(line(sku="SKU-13"), **BUYER))
    assert (await pod.said())["order 1"] == "parked/erp_refused"
    await edit(rig, "products", inactive, is_active=True)
    await pod.wake()
    assert (await pod.said())["order 1"] == "parked/erp_refused"
    await pod.desk.release(key_of(), who="Ann", why="it is sold again")
    assert await pod.release() == [key_of()]
    assert (await pod.said())["order 1"] == "waiting/transactions_awaited"


# --- an unknown


async def test_a_refusal_after_an_unknown_leads_to_a_proof_and_then_to_a_clear_refusal(rig: Rig) -> None:
    """The first attempt may be the very reason for the refusal, so that only two scans end it (correctness 8)."""
    await account_stands(await rig.pod())
    tea = await product(rig, "SKU-11")
    pod, _ = await struck(rig, "error_before", meanwhile=lambda: edit(rig, "products", tea, is_active=False))
    await pod.see(PLAIN)
    assert await pod.states() == [("order:1/create#1", 1, "absent"), ("order:1/create#1", 2, "refused")]
    first, _ = (await pod.told()).intents
    assert (first.attempts, first.how, first.answer) == (2, "look_up", "2 complete scans found nothing")
    assert (await pod.said())["order 1"] == "parked/erp_refused"
    assert [one["metadata"]["external_id"] for one in (await rig.books()).sound().documents()] == ["9"]


async def test_a_key_that_is_in_use_is_unknown_and_no_refusal(rig: Rig) -> None:
    await account_stands(await rig.pod())
    pod, _ = await struck(rig, "in_flight")
    rig.sandbox.world.faults.plan.in_flight_ms = 300
    await pod.see(PLAIN)
    (create, _) = (await pod.told()).intents
    assert (create.state, create.generation) == (IntentState.DONE, 1)
    assert (await rig.driver.control("stats"))["error_codes"]["idempotency_key_in_use"] >= 1
    (await rig.books()).sound()


async def test_what_was_committed_is_found_although_the_window_has_closed(rig: Rig) -> None:
    await account_stands(await rig.pod())
    asked = await creates(rig)
    pod, _ = await struck(rig, "commit_then_drop", meanwhile=lambda: a_day_passes(rig))
    await pod.see(PLAIN)
    assert (await pod.said())["order 1"] == "waiting/transactions_awaited"
    assert await creates(rig) == asked + 1
    (create, _) = (await pod.told()).intents
    assert (create.how, create.attempts) == ("look_up", 1)
    (await rig.books()).sound()


async def test_behind_the_window_absence_is_proven_before_the_next_generation(rig: Rig) -> None:
    await account_stands(await rig.pod())
    pod, arcus = await struck(rig, "error_before", meanwhile=lambda: a_day_passes(rig))
    began = rig.clock.now()
    await pod.see(PLAIN)
    first, second, _ = (await pod.told()).intents
    assert [(one.generation, one.state, one.attempts) for one in (first, second)] == [
        (1, IntentState.ABSENT, 1),
        (2, IntentState.DONE, 1),
    ]
    scans = [found.began_at for intent, found in arcus.looks if isinstance(found, Absent) and intent.id == first.id]
    assert len([at for at in scans if at >= first.deadline + QUICK.settle]) >= 2
    assert second.attempted_at - began >= QUICK.call
    keys = [row["idempotency_key"] for row in await rig.driver.lines("log") if row["path"] == "/v1/orders"]
    assert len(keys) == len(set(keys))
    (await rig.books()).sound()


async def test_an_unknown_that_is_not_found_out_in_time_waits_with_its_intent_open(rig: Rig) -> None:
    pod = await rig.pod()
    await account_stands(pod)
    rig.lie({"error_before": 1.0}, only={"error_before": ["POST /orders"]}, cap=1000)
    impatient = await rig.pod("b", timing=QUICKER)
    event = await impatient.see(PLAIN)
    assert (await impatient.said())["order 1"] == "parked/in_doubt"
    assert await impatient.states() == [("order:1/create#1", 1, "open")]
    assert await impatient.ended(event) == ("parked", "in_doubt")
    await impatient.see(payment())
    assert await impatient.states() == [("order:1/create#1", 1, "open")]
    rig.lie({})
    await impatient.until(lambda: _posted(impatient))
    await SOLD_PLAIN.check(impatient, await rig.books())


async def _posted(pod: Pod) -> bool:
    return set((await pod.said()).values()) == {"posted"}


# --- a person


class Blind(Arcus):
    """An ERP whose look-ups say neither yes nor no."""

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        del priority, forgotten
        return Unclear(Reason.IN_DOUBT, f"nothing tells about {intent.effect.effect}")


def looked_up(books: Books, intent: Intent) -> str:
    """What a person finds in the ERP: the id of what the effect made or changed; empty where it did not happen."""
    effect, tables = intent.effect, books.tables
    if isinstance(effect, Confirm | Cancel | AddLines | Adjust):
        sale = next(row for row in tables["orders"] if row["id"] == effect.order_erp_id)
        return str(sale["id"]) if _changed(effect, sale) else ""
    if isinstance(effect, RefundCash):
        paid = next(row for row in tables["payments"] if row["id"] == effect.payment_erp_id)
        back = effect.refunded_before + effect.amount
        return effect.payment_erp_id if Decimal(paid["amount_refunded"]) >= back else ""
    found = [str(row["id"]) for row in _made(effect, tables)]
    assert len(found) <= 1
    return found[0] if found else ""


def _changed(effect: Confirm | Cancel | AddLines | Adjust, sale: dict[str, Any]) -> bool:
    if isinstance(effect, Confirm | Cancel):
        return bool(sale["order_status"] == ("confirmed" if isinstance(effect, Confirm) else "cancelled"))
    return Decimal(sale["order_total"]) == effect.total_after


def _made(
    effect: CreateOrder | ReturnGoods | CreateAccount | AddAddress | RecordPayment | Credit,
    tables: Mapping[str, list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    if isinstance(effect, RecordPayment):
        return [row for row in tables["payments"] if row["external_reference"] == effect.reference]
    if isinstance(effect, Credit):
        return [row for row in tables["credits"] if identity.noted(row["notes"], effect.document)]
    if isinstance(effect, AddAddress):
        account = next(row for row in tables["accounts"] if row["id"] == effect.account_erp_id)
        return [row for row in account["addresses"] if identity.labelled(row["label"]) == effect.address_key]
    rows = tables["accounts" if isinstance(effect, CreateAccount) else "orders"]
    return [row for row in rows if row["metadata"] and identity.same(row["metadata"], identity.tag_of(effect))]


async def answer_everything(rig: Rig, pod: Pod, journey: Journey) -> int:
    """Be the person: look into the ERP for everything in doubt, tell, and let the keys go on; returns how often."""
    told = 0
    accounts = [key for key in await pod.desk.all_keys("shopify", after="", limit=100) if "~account" in key]
    for key in [*accounts, *map(key_of, journey.roots)]:
        for intent in (await pod.desk.story(key)).intents:
            if intent.state is IntentState.IN_DOUBT:
                erp_id = looked_up(await rig.books(), intent)
                await pod.desk.resolve_doubt(intent.id, happened=bool(erp_id), erp_id=erp_id, **WHO)
                told += 1
    return told


@by_name
@pytest.mark.parametrize("happened", [1.0, 0.5])
async def test_a_person_answers_every_doubt_and_the_books_come_out_right(
    rig: Rig, journey: Journey, happened: float
) -> None:
    kinds = {"commit_then_drop": happened, "error_before": (1 - happened) * 0.8}
    rig.lie(kinds, seed=3, only=dict.fromkeys(kinds, WRITES))
    pod = await rig.pod(policies=[journey.policy], kind=Blind)
    asked = 0
    for facts in journey.events:
        await pod.see(*facts)
        while told := await answer_everything(rig, pod, journey):
            asked += told
            await pod.release()
    assert asked
    rig.lie({})
    await journey.check(pod, await rig.books())


async def test_a_key_in_doubt_is_left_alone_whatever_arrives(rig: Rig) -> None:
    pod = await rig.pod(kind=Blind)
    await account_stands(pod)
    rig.lie(**only("commit_then_drop", "POST /orders", cap=1))
    await pod.see(PLAIN)
    rig.lie({})
    assert (await pod.said())["order 1"] == "parked/in_doubt"
    (intent,) = (await pod.told()).intents
    assert f"orderferry parked resolve {intent.id}" in await pod.detail()
    writes = await rig.writes()
    for facts in SOLD.events:
        event = await pod.see(*facts)
        assert (await pod.ended(event))[0] in {"waiting", "parked"}
    await pod.handle("1", unreadable())
    assert (await pod.said())["order 1"] == "parked/in_doubt"
    assert "no id" in await pod.detail()
    await pod.wake()
    await pod.desk.release(key_of(), **WHO)
    await pod.release()
    assert await rig.writes() == writes


async def test_sound_news_that_come_in_a_doubt_end_what_was_said_of_unreadable_ones(rig: Rig) -> None:
    pod = await rig.pod(kind=Blind)
    await pod.see(PLAIN)
    await pod.handle("1", unreadable())
    assert (await pod.said())["order 1"] == "parked/invalid"
    rig.lie(**only("commit_then_drop", "POST /payments/multi-invoice-apply", cap=1))
    await pod.see(payment())
    rig.lie({})
    assert await pod.said() == {"order 1": "parked/invalid", "payment 91": "parked/in_doubt"}
    await pod.see(PLAIN)
    (intent,) = (one for one in (await pod.told()).intents if one.state is IntentState.IN_DOUBT)
    await pod.desk.resolve_doubt(intent.id, happened=False, erp_id="", **WHO)
    await pod.release()
    assert (await pod.said())["order 1"] == "posted"


async def test_two_documents_with_one_tag_are_an_alarm_and_never_a_choice(rig: Rig) -> None:
    await account_stands(await rig.pod())

    async def copied() -> None:
        row = (await rig.driver.lines("log"))[-1]
        await rig.driver.call("POST", "/orders", row["body"], key="copy", entity=rig.entity)

    pod, _ = await struck(rig, "commit_then_drop", meanwhile=copied)
    await pod.see(PLAIN)
    assert (await pod.said())["order 1"] == "parked/two_found"
    (intent,) = (await pod.told()).intents
    assert intent.state is IntentState.IN_DOUBT
    first, second = (one for one in (await rig.books()).documents() if one["metadata"]["external_id"] == "1")
    await pod.desk.resolve_doubt(intent.id, happened=True, erp_id=first["id"], **WHO)
    await pod.release()
    await pod.see(payment())
    assert (await pod.said()) == {"order 1": "posted", "payment 91": "posted"}
    states = {one["id"]: one["order_status"] for one in (await rig.books()).documents()}
    assert (states[first["id"]], states[second["id"]]) == ("confirmed", "draft")


async def test_an_id_that_the_erp_does_not_know_blocks_the_key_and_says_so(rig: Rig) -> None:
    pod = await rig.pod(kind=Blind)
    await account_stands(pod)
    rig.lie(**only("error_before", "POST /orders", cap=1))
    await pod.see(PLAIN)
    rig.lie({})
    (intent,) = (await pod.told()).intents
    await pod.desk.resolve_doubt(intent.id, happened=True, erp_id="SO-none", **WHO)
    await pod.release()
    assert (await pod.said())["order 1"] == "parked/in_doubt"
    assert "does not know SO-none" in await pod.detail()


async def test_an_account_in_doubt_parks_its_orders_by_name_and_lets_them_go_with_the_answer(rig: Rig) -> None:
    pod = await rig.pod(kind=Blind)
    rig.lie(**only("commit_then_drop", "POST /accounts", cap=1))
    await pod.see(PLAIN)
    await pod.see(order(external_id="2", name="#1002", **BUYER))
    rig.lie({})
    story = await pod.told()
    assert [(one.reason, one.release) for one in story.verdicts] == [(Reason.IN_DOUBT, "account:customer:7")]
    (intent,) = (await pod.desk.story(ACCOUNT)).intents
    assert f"orderferry parked resolve {intent.id}" in story.verdicts[0].detail
    account = (await rig.books()).tables["accounts"][0]["id"]
    await pod.desk.resolve_doubt(intent.id, happened=True, erp_id=account, **WHO)
    assert sorted(await pod.release()) == sorted([key_of("1"), key_of("2"), ACCOUNT])
    for root in "12":
        assert (await pod.said(root))[f"order {root}"] == "waiting/transactions_awaited"
    books = (await rig.books()).sound()
    assert len(books.tables["accounts"]) == 1
    assert len(books.tables["accounts"][0]["addresses"]) == 1


class Forgetful(Arcus):
    """An ERP in which somebody removes what we posted, or hides it from our key."""

    gone = False

    async def refresh(self, posted: Posted, *, priority: Priority) -> Posted:
        if self.gone:
            raise Refused(f"GET {posted.erp_id}", 404, "not_found")
        return await super().refresh(posted, priority=priority)


async def test_a_document_that_is_gone_from_the_erp_holds_nothing_up_and_is_told(rig: Rig) -> None:
    pod = await rig.pod(kind=Forgetful)
    await pod.see(PLAIN)
    Forgetful.gone = True
    rig.clock.ahead += 600
    try:
        event = await pod.see(payment())
        assert await pod.ended(event) == ("waiting", None)
        assert (await pod.said())["order 1"] == "parked/in_doubt"
        assert "which we posted" in await pod.detail()
    finally:
        Forgetful.gone = False
    await pod.wake()
    assert await pod.said() == {"order 1": "posted", "payment 91": "posted"}


class Behind(Arcus):
    """An ERP whose first answer to a read does not have the last change yet."""

    old: Posted | None = None

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        receipt = await super().publish(intent, priority=priority)
        if isinstance(intent.effect, CreateOrder):
            self.old = receipt.posted[0]
        return receipt

    async def refresh(self, posted: Posted, *, priority: Priority) -> Posted:
        after, old = await super().refresh(posted, priority=priority), self.old
        self.old = None
        return after.model_copy(update={"total": old.total, "fees": old.fees}) if old else after


@pytest.mark.parametrize("settle", [30.0, 0.0])
async def test_an_answer_that_is_older_than_our_last_change_is_read_again(rig: Rig, settle: float) -> None:
    named = policy(targets=Targets(shipping="fee:Shipping"))
    pod = await rig.pod(policies=[named], timing=replace(QUICK, settle=settle), kind=Behind)
    await pod.see(order(line(sku="HOLD-1"), shipping=(POST,), **BUYER))
    assert await pod.said() == {"order 1": "parked/erp_hold" if settle else "parked/erp_total_differs"}
    assert (await rig.books()).sale()["order_total"] == 25


@pytest.mark.parametrize(
    "older",
    [{name: Decimal("0.01")} for name in ("total", "discount", "fees", "tax", "shipping", "refunded")]
    + [{"status": PostedStatus.DRAFT}],
    ids=str,
)
def test_a_read_that_lacks_one_change_of_ours_is_older(older: dict[str, Any]) -> None:
    shop = World().see(order())
    shop.settle()
    told = shop.sale.model_copy(update={"status": PostedStatus.CONFIRMED})
    assert not contradicts(told.model_copy(update={"status": PostedStatus.SHIPPED, "read_at": 9.0}), told)
    assert contradicts(told.model_copy(update=older), told)


async def test_a_payment_is_never_put_on_a_balance_that_was_read_long_ago(rig: Rig) -> None:
    pod = await rig.pod()
    await pod.see(PLAIN)
    sale = (await rig.books()).sale()
    body = {
        "account_id": sale["account_id"],
        "payment_method": "check",
        "amount": 15,
        "applications": [{"order_id": sale["id"], "amount_applied": 15}],
        "external_reference": "by-hand",
    }
    assert (await rig.driver.call("POST", "/payments/multi-invoice-apply", body, entity=rig.entity)).status == 201
    rig.clock.ahead += 60
    await pod.see(payment())
    assert (await pod.said())["payment 91"] == "parked/overpaid"
    assert "more than the 5" in await pod.detail(Kind.PAYMENT, "91")
    hand = next(one for one in (await rig.books()).tables["payments"] if one["external_reference"] == "by-hand")
    await edit(rig, "payments", hand["id"], status="voided", applications=[])
    await edit(rig, "orders", sale["id"], amount_paid=0, balance_due=20)
    rig.clock.ahead += 60
    await pod.wake()
    assert (await pod.said()) == {"order 1": "posted", "payment 91": "posted"}
