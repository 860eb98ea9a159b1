"""What the ERP says by itself: webhooks over real HTTP, polls, drift, and our own writes that come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from schemas.base import Kind
from schemas.event import Fact
from schemas.party import Party
from service.ports import Decision, Priority, Record
from tests.pipeline.conftest import Start
from tests.pipeline.edge import DELAY_S, Back, Edge, edge
from tests.pipeline.journeys import BUYER, PLAIN
from tests.pipeline.rig import HOME, Pod, Rig, key_of, ref
from tests.plan.world import cash_back, line, order, payment

PAID = payment("91")
HOUR_S = 3_600.0


@pytest.fixture
async def door() -> AsyncIterator[Edge]:
    async with edge() as found:
        yield found


async def registered(back: Back, door: Edge) -> None:
    """Register the endpoint as `orderferry webhooks register` does."""
    endpoint, door.secret = await back.endpoints.register(door.url, key="register-1")
    assert (endpoint.status, endpoint.url, door.secret[:6]) == ("active", door.url, "whsec_")


@pytest.fixture
async def back(rig: Rig, pod: Pod, door: Edge) -> Back:
    """A pod with its way back."""
    found = Back(rig, pod, url=door.url)
    await registered(found, door)
    return found


async def sold(pod: Pod, *more: Fact) -> None:
    for fact in (PLAIN, PAID, *more):
        await pod.see(fact)


def of_many(number: int) -> tuple[Fact, ...]:
    """One of many orders of many buyers: some paid in parts, some given back."""
    root = str(number)
    buyer: dict[str, Any] = {
        "buyer": Party(customer_id=f"c{number % 5}", name="Ada Buyer", email=f"c{number % 5}@example.com"),
        "ship_to": HOME,
        "bill_to": HOME,
    }
    sale = order(line("11", quantity=2, price="10.00"), external_id=root, name=f"#{number}", **buyer)
    parts = ("12.00", "8.00") if number % 3 == 0 else ("20.00",)
    cash: list[Fact] = [payment(f"{number}9{index}", part, order_id=root) for index, part in enumerate(parts)]
    if number % 4 == 0:
        given = {"order_id": root, "parent_id": f"{number}90"}
        cash.append(cash_back(f"{number}95", "5.00", **given))
    return (sale, *cash)


# --- the ledger is like the ERP


async def test_order_and_payment_come_back_with_number_and_paid(back: Back, door: Edge) -> None:
    await sold(back.pod)
    await back.quiet(door)
    assert door.forged == 0
    assert door.taken >= 4, "created, confirmed, paid, received"
    (stands,) = [one for one in (await back.pod.told()).standings if one.document.kind is Kind.ORDER]
    sale = (await back.rig.books()).sale()
    assert (stands.number, stands.status, stands.payment_status) == (sale["order_number"], "confirmed", "paid")
    assert (stands.total, stands.paid, stands.balance) == (Decimal("20.00"), Decimal("20.00"), Decimal(0))
    assert await back.unlike() == []


async def through_a_storm(rig: Rig, pod: Pod, door: Edge) -> None:
    """Orders with webhooks that are lost, doubled, late and out of order, while people work in the ERP."""
    back = Back(rig, pod, url=door.url)
    await registered(back, door)
    bad = {"drop": 0.2, "duplicate": 0.3, "delay": 0.5, "delay_s": DELAY_S, "seed": 7}
    await rig.driver.control("webhooks", bad)
    for number in range(1, 21):
        for fact in of_many(number):
            await pod.see(fact)
        await back.take(door)
        await back.look()
    sales = {one["metadata"]["external_id"]: one for one in (await rig.books()).documents()}
    await back.hand("void", order_id=sales["1"]["id"])
    await back.hand(
        "refund", order_id=sales["2"]["id"], payment_id=sales["2"]["payments"][0]["id"], body={"amount": 300}
    )
    changed = {"entity": "usd", "table": "orders", "id": sales["5"]["id"], "set": {"order_total": 21, "balance_due": 1}}
    await rig.driver.control("edit", changed)
    await back.hand("merge", account_id=sales["6"]["account_id"], body={"loser_account_id": sales["7"]["account_id"]})
    await rig.driver.control("fulfil", {"entity": "usd", "order_id": sales["8"]["id"]})
    calls = await rig.writes()
    await back.quiet(door)
    counts = await rig.driver.control("webhooks")
    assert min(counts[name] for name in ("dropped", "duplicated", "delayed", "delivered")) > 5, counts
    assert await back.unlike() == []
    assert await rig.writes() == calls, "nothing of it is undone"
    door.down = True
    for number in range(21, 25):
        for fact in of_many(number):
            await pod.see(fact)
    await back.quiet(door)
    assert back.notes.resumed == 0
    assert [one.status for one in await back.endpoints.listed(priority=Priority.LIVE)] == ["paused"]
    assert await back.unlike() == []


async def test_after_a_storm_of_webhooks_the_ledger_is_like_the_erp(rig: Rig, pod: Pod, door: Edge) -> None:
    await through_a_storm(rig, pod, door)


@pytest.mark.postgres
async def test_so_it_is_on_postgresql(start: Start, postgres_url: str, door: Edge) -> None:
    rig = await start(postgres_url)
    await through_a_storm(rig, await rig.pod(), door)


async def test_the_oracle_finds_what_the_ledger_does_not_know(back: Back, door: Edge) -> None:
    await sold(back.pod)
    assert any("does not say how it stands" in words for words in await back.unlike())
    await back.quiet(door)
    sale = (await back.rig.books()).sale()
    await back.rig.driver.control(
        "edit", {"entity": "usd", "table": "orders", "id": sale["id"], "set": {"order_total": 9}}
    )
    assert [words.partition(": ")[2] for words in await back.unlike()] == ["total is 9, the product says 20"]


# --- drift


async def test_a_voided_order_is_drift_within_one_poll(rig: Rig, pod: Pod) -> None:
    back = Back(rig, pod)
    await sold(pod)
    await back.polled()
    await back.hand("void", order_id=(await rig.books()).sale()["id"])
    await back.polled()
    (found,) = await back.drift()
    assert (found.field, found.was, found.now, found.decision) == ("status", "confirmed", "cancelled", Decision.ALERTED)
    (told,) = [one for one in await back.explained() if one["key"] == key_of()]
    assert [(one["field"], one["decision"]) for one in told["drift"]] == [("status", "alerted")]
    assert await back.unlike() == []


@pytest.mark.parametrize("road", ["webhook", "poll", "both"])
async def test_webhook_and_poll_agree(back: Back, door: Edge, road: str) -> None:
    await sold(back.pod)
    if road == "poll":
        await back.rig.driver.control("webhooks", {"live": False})
    await back.quiet(door)
    sale = (await back.rig.books()).sale()
    await back.hand("refund", order_id=sale["id"], payment_id=sale["payments"][0]["id"], body={"amount": 300})
    if road == "webhook":
        await back.rig.driver.until(lambda _: not door.records.empty())
        await back.take(door)
        await back.looked()
    else:
        await back.quiet(door)
    assert [(one.document.kind, one.field, one.was, one.now) for one in await back.drift()] == [
        (Kind.PAYMENT, "refunded", "0", "3")
    ]
    assert await back.unlike() == []


async def test_our_own_writes_come_back_and_change_nothing(back: Back, door: Edge) -> None:
    await sold(back.pod, cash_back("95", "5.00"))
    writes = await back.rig.writes()
    for _ in range(3):
        await back.quiet(door)
    assert await back.drift() == []
    assert await back.rig.writes() == writes
    assert await back.unlike() == []
    looks = len(back.notes.looks)
    await back.polled()
    assert len(back.notes.looks) == looks, "what was seen is not read again"
    assert (await back.pod.said()) == {"order 1": "posted", "payment 91": "posted", "payment 95": "posted"}


async def test_a_read_older_than_our_last_write_is_never_drift(back: Back, door: Edge) -> None:
    back.rig.lie({"stale_read": 0.7}, stale_ms=40, seed=3, cap=3)
    for number in range(1, 9):
        for fact in of_many(number):
            await back.pod.see(fact)
            await back.take(door)
            await back.look()
    back.rig.lie({})
    await back.quiet(door)
    for number in range(1, 9):
        assert await back.drift(str(number)) == []
    assert await back.unlike() == []


async def test_what_was_voided_is_never_posted_again(back: Back, door: Edge) -> None:
    await back.pod.see(PLAIN)
    await back.quiet(door)
    await back.hand("void", order_id=(await back.rig.books()).sale()["id"])
    await back.quiet(door)
    more = order(line("11", quantity=2, price="10.00"), line("12", quantity=1, price="5.00"), minutes=5, **BUYER)
    writes = await back.rig.writes()
    await back.pod.see(more)
    await back.pod.see(payment("91", "25.00"))
    assert await back.pod.said() == {"order 1": "parked/drift", "payment 91": "parked/parent_parked"}
    assert await back.pod.desk.accept_drift(key_of(), who="ann", why="the buyer changed his mind") == 1
    await back.pod.release()
    assert (await back.pod.said())["order 1"] == "posted"
    assert await back.rig.writes() == writes


async def test_by_policy_what_people_change_is_right_and_payments_go_on(rig: Rig, pod: Pod) -> None:
    back = Back(rig, pod, accepts=True)
    await pod.see(PLAIN)
    await back.polled()
    sale = (await rig.books()).sale()
    cheaper = {"entity": "usd", "table": "orders", "id": sale["id"], "set": {"order_total": 19, "balance_due": 19}}
    await rig.driver.control("edit", cheaper)
    await back.polled()
    assert [(one.field, one.decision) for one in await back.drift()] == [("total", Decision.ACCEPTED)]
    await pod.see(payment("91", "19.00"))
    assert await pod.said() == {"order 1": "waiting/transactions_awaited", "payment 91": "posted"}
    later = order(line("11", quantity=3, price="10.00"), minutes=5, **BUYER)
    writes = await rig.writes()
    await pod.see(later)
    assert (await pod.said())["order 1"] == "parked/drift"
    assert await rig.writes() == writes


async def test_cash_that_people_gave_back_is_not_given_back_twice(back: Back, door: Edge) -> None:
    await sold(back.pod)
    await back.quiet(door)
    sale = (await back.rig.books()).sale()
    await back.hand("refund", order_id=sale["id"], payment_id=sale["payments"][0]["id"], body={"amount": 500})
    await back.quiet(door)
    await back.pod.see(cash_back("95", "5.00"))
    assert (await back.pod.said())["payment 95"] == "parked/drift"
    assert (await back.rig.books()).payments()["91"][2] == Decimal("5.00")


async def test_money_of_others_on_an_order_is_drift(back: Back, door: Edge) -> None:
    await back.pod.see(PLAIN)
    await back.quiet(door)
    sale = (await back.rig.books()).sale()
    body = {"payment_method": "cash", "amount": 4}
    assert (await back.rig.driver.call("POST", f"/orders/{sale['id']}/payments", body)).status in {200, 201}
    await back.quiet(door)
    (found,) = await back.drift()
    assert (found.field, found.was) == ("payments", "ours")
    assert found.now.endswith("over 4")


async def test_a_merged_account_is_followed(back: Back, door: Edge) -> None:
    await sold(back.pod)
    await back.quiet(door)
    other = {**BUYER, "buyer": Party(customer_id="8", name="Bo", email="bo@example.com")}
    await back.pod.see(order(line("11"), external_id="2", name="#2", **other))
    await back.quiet(door)
    books = await back.rig.books()
    first, second = (books.sale(root)["account_id"] for root in ("1", "2"))
    await back.hand("merge", account_id=second, body={"loser_account_id": first})
    await back.quiet(door)
    assert [(one.field, one.decision) for one in await back.drift("~account:customer:7")] == [
        ("account", Decision.FOLLOWED)
    ]
    assert back.forgotten == [ref(Kind.ACCOUNT, "customer:7")]
    assert await back.unlike() == []
    await back.pod.see(order(line("12"), external_id="3", name="#3", **BUYER))
    assert (await back.rig.books()).sale("3")["account_id"] == second
    await back.pod.see(payment("94", order_id="3"))
    assert await back.pod.said("3") == {"order 3": "posted", "payment 94": "posted"}


async def test_a_warehouse_that_ships_is_no_drift(back: Back, door: Edge) -> None:
    await sold(back.pod)
    await back.quiet(door)
    sale = (await back.rig.books()).sale()
    await back.rig.driver.control("fulfil", {"entity": "usd", "order_id": sale["id"]})
    await back.quiet(door)
    assert await back.drift() == []
    assert (await back.pod.posted()).status == "shipped"
    assert await back.unlike() == []


async def test_a_hold_that_people_release_lets_the_order_go_on(back: Back, door: Edge) -> None:
    await back.pod.see(order(line("11", quantity=2, sku="HOLD-1"), **BUYER), PAID)
    await back.quiet(door)
    assert (await back.pod.said())["order 1"] == "parked/erp_hold"
    await back.hand("release", order_id=(await back.rig.books()).sale()["id"])
    await back.hand("confirm", order_id=(await back.rig.books()).sale()["id"])
    await back.quiet(door)
    assert await back.pod.said() == {"order 1": "posted", "payment 91": "posted"}
    assert await back.drift() == []


# --- the endpoint


async def test_a_paused_endpoint_is_resumed_and_what_it_skipped_is_caught_up(back: Back, door: Edge) -> None:
    await back.endpoint.look()
    assert back.notes.statuses == ["usd active"]
    door.down = True
    await sold(back.pod)
    other = order(line("11", quantity=2, price="10.00"), external_id="2", name="#2", **BUYER)
    await back.pod.see(other)
    await back.rig.driver.until(lambda _: door.refused >= 5)
    await back.pod.see(payment("92", order_id="2"))
    door.down = False
    await back.endpoint.look()
    assert (back.notes.statuses[1:], back.notes.resumed) == (["usd paused", "usd active"], 1)
    assert (await back.rig.driver.control("webhooks"))["skipped"] > 0
    await back.looked()
    assert await back.unlike() == []
    await back.hand("void", order_id=(await back.rig.books()).sale()["id"])
    await back.quiet(door)
    assert door.taken > 0, "deliveries go on"
    assert [one.field for one in await back.drift()] == ["status"]


async def test_nobody_resumes_what_a_person_disabled_or_what_is_not_there(back: Back) -> None:
    (found,) = await back.endpoints.listed(priority=Priority.LIVE)
    await back.rig.driver.call("PATCH", f"/webhook_endpoints/{found.id}", {"status": "disabled"})
    await back.endpoint.look()
    await back.rig.driver.call("DELETE", f"/webhook_endpoints/{found.id}")
    await back.endpoint.look()
    assert back.notes.statuses == ["usd disabled", "usd missing"]
    assert back.notes.resumed == 0


async def test_events_of_nothing_and_of_nobody_are_taken_and_what_is_none_is_a_dead_letter(back: Back) -> None:
    def record(value: bytes | None) -> Record:
        return Record("erp.events", 0, 1, None, value, (), 0.0)

    await back.news.handle(
        [
            record(b'{"id": "evt_1", "type": "webhook.test"}'),
            record(b'{"id": "evt_2", "type": "order.created", "data": 5}'),
        ]
    )
    await back.news.handle([record(b"[]"), record(None), record(b'{"id": "evt_3"}')])
    assert (await back.pod.ledger.mirror.counts())[0] == 0
    assert len(back.notes.letters) == 3
