"""What people decide: pauses, holds, releases, mappings, discards, tenants that are set up late."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from schemas.base import Kind
from schemas.order import LineCategory
from schemas.outcome import OutcomeName, Reason, Verdict
from service.duties.policies import FRESH_S, PolicyBook
from service.errors import FenceLost, Waiting
from service.ledger.sweep import STALE_S
from service.pipeline.news import news
from service.pipeline.run import Run, event_ends
from service.ports import Lease, Mapped, Opened, Priority
from tests.erp_arcus.effects import order_posted, pay
from tests.pipeline.journeys import BUYER, PLAIN, SOLD
from tests.pipeline.rig import TENANT, Pod, Rig, arrival, key_of, policy, ref, unreadable
from tests.plan.world import SHIPPED, TARGETS, line, order, payment

WHO = {"who": "Ann", "why": "the shop asked"}


class NoTables:
    """Nobody has set anything."""

    async def mappings(self, external_source: str, tenant: str) -> list[Mapped]:
        raise NotImplementedError

    async def paused(self) -> frozenset[tuple[str, str]]:
        return frozenset()

    async def keep_policy(self, version: str, text: str) -> None:
        raise NotImplementedError

    async def kept_policy(self, version: str) -> str | None:
        raise NotImplementedError

    async def set_up(self, external_source: str, tenant: str) -> None:
        raise NotImplementedError


class OneTenant(NoTables):
    """The ledger is away when a tenant is to be set up for the first time."""

    def __init__(self) -> None:
        self.asked = 0

    async def mappings(self, external_source: str, tenant: str) -> list[Mapped]:
        del external_source, tenant
        return []

    async def keep_policy(self, version: str, text: str) -> None:
        del version, text

    async def set_up(self, external_source: str, tenant: str) -> None:
        del external_source, tenant
        self.asked += 1
        if self.asked == 1:
            raise Waiting("ledger_down", "it is away")


async def set_up(pod: Pod, table: str, name: str, target: str) -> int:
    reopened = await pod.desk.set_mapping(Mapped("shopify", TENANT, table, name, target), **WHO)
    await pod.book.refresh()
    return reopened


async def pause(pod: Pod, *, paused: bool) -> None:
    await pod.desk.pause("shopify", TENANT, paused=paused, **WHO)
    await pod.book.refresh()


async def test_a_shop_that_nobody_set_up_parks_and_goes_on_when_it_is(rig: Rig) -> None:
    early = await rig.pod("early", policies=[])
    for facts in SOLD.events:
        event = await early.see(*facts)
        assert await early.ended(event) == ("parked", "tenant_unknown")
    assert await early.said() == {"order 1": "parked/tenant_unknown", "payment 91": "parked/tenant_unknown"}
    assert await rig.requests() == 0
    assert await early.release() == []
    late = await rig.pod("late")
    assert await late.release() == [key_of()]
    await SOLD.check(late, await rig.books())


async def test_nobody_plans_on_tables_that_were_not_read_lately(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FRESH_S < STALE_S, "the sweep looks back further than a plan may"
    pod = await rig.pod()
    monkeypatch.setattr(pod.book, "fresh", lambda: False)
    event = arrival(PLAIN)
    with pytest.raises(Waiting, match="tables"):
        await pod.story.handle(key_of(), [event])
    assert await rig.requests() == 0
    monkeypatch.undo()
    await pod.story.handle(key_of(), [event])
    assert (await pod.said())["order 1"] == "waiting/transactions_awaited"


async def test_tables_are_old_some_seconds_after_they_were_read() -> None:
    now = 100.0
    book = PolicyBook(base={}, tables=NoTables(), timer=lambda: now)
    assert not book.fresh()
    await book.refresh()
    assert book.fresh()
    now += FRESH_S + 0.1
    assert not book.fresh()


async def test_a_tenant_is_set_up_once_and_tried_again_where_that_failed() -> None:
    tables = OneTenant()
    book = PolicyBook(base={("shopify", TENANT): policy()}, tables=tables)
    with pytest.raises(Waiting):
        await book.refresh()
    await book.refresh()
    current = book.current("shopify", TENANT)
    await book.refresh()
    assert tables.asked == 2
    assert current is not None
    assert book.current("shopify", TENANT) is current  # unchanged tables make no policy anew


def test_unreadable_news_keep_the_condition_on_which_the_document_waits() -> None:
    waits = Verdict(
        document=ref(Kind.ORDER, "1"), outcome=OutcomeName.PARKED, reason=Reason.SKU_UNKNOWN, release="sku:X"
    )
    told = news([unreadable()])
    unread = told.unread[waits.document]
    assert told.over([waits]) == [unread.model_copy(update={"release": "sku:X"})]
    assert told.over([]) == [unread]


async def test_a_paused_shop_waits_by_name_and_goes_on(rig: Rig, pod: Pod) -> None:
    await pod.see(PLAIN)
    await pause(pod, paused=True)
    event = await pod.see(payment())
    assert await pod.ended(event) == ("waiting", "tenant_paused")
    assert (await pod.said())["payment 91"] == "waiting/tenant_paused"
    assert await pod.release() == []
    assert (await rig.books()).payments() == {}
    await pause(pod, paused=False)
    assert await pod.release() == [key_of()]
    assert set((await pod.said()).values()) == {"posted"}
    assert await pod.release() == []


async def test_what_was_settled_before_a_pause_stays_settled(rig: Rig, pod: Pod) -> None:
    for facts in SOLD.events:
        await pod.see(*facts)
    await pause(pod, paused=True)
    for facts in SOLD.events:
        event = await pod.see(*facts)
        assert (await pod.ended(event))[0] == "unchanged"
    assert set((await pod.said()).values()) == {"posted"}
    await pause(pod, paused=False)
    assert await pod.release() == []
    await SOLD.check(pod, await rig.books())


async def test_what_was_settled_under_newer_tables_than_a_pod_has_goes_on_after_a_pause(rig: Rig, pod: Pod) -> None:
    late = await rig.pod("late", policies=[policy(tenders={})])
    for facts in SOLD.events:
        await pod.see(*facts)
    await pause(pod, paused=True)
    await late.book.refresh()
    await late.see(*SOLD.events[0])
    assert "waiting/tenant_paused" in (await pod.said()).values()
    await pause(pod, paused=False)
    assert await pod.release() == [key_of()]
    assert set((await pod.said()).values()) == {"posted"}
    assert await pod.release() == []
    await SOLD.check(pod, await rig.books())


async def test_news_that_cannot_be_read_during_a_pause_do_not_keep_older_ones_from_going_on(rig: Rig, pod: Pod) -> None:
    await pause(pod, paused=True)
    await pod.see(PLAIN)
    await pod.handle("1", unreadable())
    assert await pod.said() == {"order 1": "parked/invalid"}
    await pause(pod, paused=False)
    assert await pod.release() == [key_of()]
    assert (await rig.books()).sale()["order_status"] == "confirmed"
    assert await pod.said() == {"order 1": "parked/invalid"}
    assert await pod.release() == []


async def test_unreadable_news_are_told_until_a_person_lets_the_older_ones_stand(rig: Rig, pod: Pod) -> None:
    for decide in (partial(pod.desk.release, key_of()), partial(pod.desk.discard, ref(Kind.ORDER, "1"))):
        await pod.see(PLAIN)
        await pod.handle("1", unreadable())
        await pod.see(payment())
        await pod.wake()
        assert await pod.said() == {"order 1": "parked/invalid", "payment 91": "posted"}
        await decide(**WHO)
        assert await pod.release() == [key_of()]
        assert await pod.said() == {"order 1": "posted", "payment 91": "posted"}
    assert len((await rig.books()).sound().documents()) == 1


async def test_a_hold_is_kept_whatever_arrives_until_it_is_released(rig: Rig, pod: Pod) -> None:
    await pod.see(PLAIN)
    await pod.desk.hold(key_of(), **WHO)
    event = await pod.see(payment())
    assert await pod.ended(event) == ("parked", "held")
    assert "held by Ann: the shop asked" in await pod.detail(Kind.PAYMENT, "91")
    await pod.wake()
    assert await pod.release() == []
    assert (await rig.books()).payments() == {}
    await pod.desk.release(key_of(), **WHO)
    assert await pod.release() == [key_of()]
    assert set((await pod.said()).values()) == {"posted"}


async def test_a_tender_that_is_mapped_lets_its_payments_go_and_nothing_else(rig: Rig, pod: Pod) -> None:
    await pod.see(PLAIN)
    await pod.see(payment(gateway="paypal"))
    await pod.see(order(line(sku="NEW-1"), external_id="2", name="#1002", **BUYER))
    assert (await pod.said())["payment 91"] == "parked/tender_unmapped"
    assert (await rig.books()).sale()["order_status"] == "confirmed"
    assert await set_up(pod, "tender", "paypal", "external") == 1
    assert await pod.release() == [key_of()]
    assert set((await pod.said()).values()) == {"posted"}
    assert (await rig.books()).sound().payments()["91"][0] == "external"


async def test_a_sku_that_is_mapped_lets_its_order_go(rig: Rig, pod: Pod) -> None:
    await pod.see(order(line(sku="OLD-11"), **BUYER))
    await pod.see(payment())
    assert await pod.said() == {"order 1": "parked/sku_unknown", "payment 91": "parked/parent_parked"}
    assert "OLD-11" in await pod.detail()
    assert await set_up(pod, "sku", "OLD-11", "SKU-11") == 1
    await pod.release()
    assert set((await pod.said()).values()) == {"posted"}
    assert (await rig.books()).sound().line("SKU-11") == 20


async def test_a_target_that_is_chosen_lets_its_order_go(rig: Rig) -> None:
    pod = await rig.pod(policies=[policy(targets=TARGETS.model_copy(update={"gift_cards": None}))])
    await pod.see(order(line(category=LineCategory.GIFT_CARD, sku=""), **BUYER))
    await pod.see(payment())
    assert (await pod.said())["order 1"] == "parked/target_missing"
    assert await set_up(pod, "gift_card", "any", "sku:GIFT") == 1
    await pod.release()
    assert set((await pod.said()).values()) == {"posted"}
    assert (await rig.books()).sound().line("GIFT") == 20


async def test_a_changed_setting_reposts_no_history(rig: Rig, pod: Pod) -> None:
    for facts in SOLD.events:
        await pod.see(*facts)
    before = await rig.writes()
    await set_up(pod, "shipping", "any", "sku:FEE")
    for facts in SOLD.events:
        await pod.see(*facts)
    await pod.wake()
    assert await rig.writes() == before
    assert set((await pod.said()).values()) == {"posted"}


async def test_a_discarded_document_stays_discarded_when_its_cause_is_gone(rig: Rig, pod: Pod) -> None:
    await pod.see(order(line(sku="OLD-11"), **BUYER))
    await pod.see(payment())
    await pod.desk.discard(ref(Kind.ORDER, "1"), **WHO)
    await pod.release()
    assert await pod.said() == {"order 1": "skipped/discarded", "payment 91": "skipped/discarded"}
    await set_up(pod, "sku", "OLD-11", "SKU-11")
    await pod.release()
    await pod.see(order(line(sku="OLD-11"), minutes=5, **BUYER))
    await pod.wake()
    assert await pod.said() == {"order 1": "skipped/discarded", "payment 91": "skipped/discarded"}
    assert (await rig.books()).documents() == []


async def test_a_discarded_payment_leaves_its_order_as_it_is(rig: Rig, pod: Pod) -> None:
    await pod.see(PLAIN)
    await pod.see(payment(gateway="paypal"))
    await pod.desk.discard(ref(Kind.PAYMENT, "91"), **WHO)
    await set_up(pod, "tender", "paypal", "external")
    await pod.release()
    assert (await pod.said())["payment 91"] == "skipped/discarded"
    books = (await rig.books()).sound()
    assert (books.sale()["order_status"], books.payments()) == ("confirmed", {})


async def test_a_held_order_goes_on_once_the_erp_released_it(rig: Rig, pod: Pod) -> None:
    await pod.see(order(line(sku="HOLD-1"), **BUYER))
    await pod.see(payment())
    assert await pod.said() == {"order 1": "parked/erp_hold", "payment 91": "parked/parent_parked"}
    sale = (await rig.books()).sale()
    done = await rig.driver.call("POST", f"/orders/{sale['id']}/release-hold", {}, entity="usd")
    assert done.status == 200
    rig.clock.ahead += 60
    await pod.desk.release(key_of(), **WHO)
    await pod.release()
    assert set((await pod.said()).values()) == {"posted"}


async def test_an_order_that_the_erp_holds_stays_held_when_the_shop_ships_it_at_once(rig: Rig) -> None:
    pod = await rig.pod()
    await pod.see(order(line(sku="HOLD-1"), **BUYER), payment())
    await pod.see(order(line(sku="HOLD-1"), minutes=1, **SHIPPED, **BUYER))
    assert await pod.said() == {"order 1": "parked/erp_hold", "payment 91": "parked/parent_parked"}


async def test_a_total_that_was_corrected_in_the_erp_lets_the_order_go(rig: Rig, pod: Pod) -> None:
    await pod.see(order(line(sku="DRIFT-1"), **BUYER))
    await pod.see(payment())
    assert await pod.said() == {"order 1": "parked/erp_total_differs", "payment 91": "parked/parent_parked"}
    sale = (await rig.books()).sale()
    assert sale["order_status"] == "draft"
    assert "20.02" in await pod.detail()
    (wrong,) = sale["line_items"]
    right = {**wrong, "sell_rate": 10, "line_subtotal": 20, "line_total": 20}
    await rig.driver.control(
        "edit",
        {
            "entity": "usd",
            "table": "orders",
            "id": sale["id"],
            "set": {"line_items": [right], "subtotal": 20, "order_total": 20, "balance_due": 20},
        },
    )
    rig.clock.ahead += 60
    await pod.desk.release(key_of(), **WHO)
    await pod.release()
    assert set((await pod.said()).values()) == {"posted"}
    assert (await rig.books()).sound().sale()["payment_status"] == "paid"


def _opened() -> Opened:
    return Opened(
        lease=Lease(key_of(), 1, 0.0),
        absorbed={},
        known={},
        posted={},
        intents=(),
        generations={},
        refusals={},
        first_seen=0.0,
    )


def test_an_event_without_facts_changes_nothing() -> None:
    empty = arrival(PLAIN)
    empty = replace(empty, event=empty.event.model_copy(update={"facts": ()}))
    (end,) = event_ends([empty], _opened(), policy(), ())
    assert (end.outcome, end.reason) == (OutcomeName.UNCHANGED, None)


def test_cash_of_an_order_that_is_not_known_to_stand_is_not_counted() -> None:
    run = Run(
        root=ref(Kind.ORDER, "1"),
        lease=Lease(key_of(), 1, 0.0),
        opened=_opened(),
        policy=policy(),
        posted_under=policy(),
        priority=Priority.LIVE,
        posted={},
        generations={},
    )
    run.count(pay(order_posted(), "1.00"))
    assert run.take_along() == ([], [])


def test_a_lost_lease_says_who_goes_on() -> None:
    assert "next owner goes on" in str(FenceLost(key_of()))
