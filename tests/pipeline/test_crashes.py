"""Processes that stop at the worst moments: their successors lose nothing, and they do no harm when they come back."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from service.erp.arcus.adapter import Arcus
from service.errors import FenceLost, Retryable
from service.ledger.sole import take_over
from service.ports import Arrival, Intent, Priority, Receipt
from tests.pipeline.journeys import JOURNEYS, SOLD, TWO_PLACES, Journey
from tests.pipeline.rig import ADA, HOME, Pod, Rig, arrival, key_of
from tests.plan.world import SHIPPED, T0, order, payment

by_name = pytest.mark.parametrize("journey", JOURNEYS, ids=lambda one: one.name.replace(" ", "-"))


class Stopping(Arcus):
    """An adapter in a process that stops at its first new call, and goes on when it is thawed."""

    before: ClassVar[bool]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.stopped = asyncio.Event()
        self.thawed = asyncio.Event()

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        if intent.attempts > 1 or self.stopped.is_set():
            return await super().publish(intent, priority=priority)
        if self.before:
            await self._stop()
            return await super().publish(intent, priority=priority)
        receipt = await super().publish(intent, priority=priority)
        await self._stop()
        return receipt

    async def _stop(self) -> None:
        self.stopped.set()
        await self.thawed.wait()


class BeforeTheCall(Stopping):
    """The intent is committed, nothing was sent."""

    before = True


class AfterTheCall(Stopping):
    """The ERP has committed and answered, nothing of it is recorded."""

    before = False


async def first_of(task: asyncio.Task[None], event: asyncio.Event) -> bool:
    """Wait for both; returns whether the task ended."""
    stopped = asyncio.create_task(event.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        task.result()
    return task.done()


async def relay(rig: Rig, journey: Journey, kind: type[Stopping]) -> tuple[Pod, list[tuple[Pod, asyncio.Task[None]]]]:
    """Let one process after the other work on the same record until one gets through; each stops at its first call."""
    frozen: list[tuple[Pod, asyncio.Task[None]]] = []
    pod = await rig.pod("0", policies=[journey.policy], kind=kind)
    for facts in journey.events:
        event = arrival(*facts)
        while True:
            root = event.event.key.root
            task = asyncio.create_task(pod.story.handle(key_of(root), [event]))
            assert isinstance(pod.arcus, Stopping)
            if await first_of(task, pod.arcus.stopped):
                break
            frozen.append((pod, task))
            await take_over(pod.ledger.database)
            pod = await rig.pod(str(len(frozen)), policies=[journey.policy], kind=kind)
    return pod, frozen


@by_name
@pytest.mark.parametrize("kind", [BeforeTheCall, AfterTheCall], ids=lambda one: one.__name__)
async def test_every_call_is_survived_by_the_next_process(rig: Rig, journey: Journey, kind: type[Stopping]) -> None:
    pod, frozen = await relay(rig, journey, kind)
    assert frozen
    await journey.check(pod, await rig.books())
    for stopped, _ in frozen:
        assert isinstance(stopped.arcus, Stopping)
        stopped.arcus.thawed.set()
    ends = await asyncio.gather(*(task for _, task in frozen), return_exceptions=True)
    assert {type(end) for end in ends} <= {FenceLost, Retryable}
    await journey.check(pod, await rig.books())


@pytest.mark.parametrize(
    ("news", "ends", "status"),
    [(SHIPPED, "parked/shipped_by_shop", "draft"), ({"cancelled_at": T0}, "parked/cancelled_with_cash", "cancelled")],
    ids=["shipped", "cancelled"],
)
async def test_news_that_come_before_the_outcome_of_a_create_make_no_second_sale(
    rig: Rig, news: dict[str, Any], ends: str, status: str
) -> None:
    await (await rig.pod("first")).handle("9", buys(9))  # the buyer's account stands
    dying = await rig.pod("dying", kind=AfterTheCall)
    assert isinstance(dying.arcus, Stopping)
    task = asyncio.create_task(dying.story.handle(key_of(), [arrival(order(buyer=ADA, ship_to=HOME))]))
    assert not await first_of(task, dying.arcus.stopped)
    await take_over(dying.ledger.database)
    heir = await rig.pod("heir")
    await heir.see(order(minutes=5, buyer=ADA, ship_to=HOME, **news), payment())
    sale = (await rig.books()).sound().sale()
    assert (sale["document_type"], sale["order_status"]) == ("sales_order", status)
    assert await heir.said() == {"order 1": ends, "payment 91": "parked/parent_parked"}
    assert not [name for name, _, _ in await heir.states() if name.endswith("/confirm#1")]
    dying.arcus.thawed.set()
    with pytest.raises((FenceLost, Retryable)):
        await task


@pytest.mark.postgres
@pytest.mark.parametrize("kind", [BeforeTheCall, AfterTheCall], ids=lambda one: one.__name__)
async def test_a_key_is_found_abandoned_when_its_lease_ran_out(postgres_rig: Rig, kind: type[Stopping]) -> None:
    heir = await postgres_rig.pod("heir")
    await heir.handle("9", buys(9))  # the buyer's account stands
    dying = await postgres_rig.pod("dying", lease_seconds=1.5, kind=kind)
    assert isinstance(dying.arcus, Stopping)
    task = asyncio.create_task(dying.story.handle(key_of(), [arrival(order(buyer=ADA, ship_to=HOME))]))
    assert not await first_of(task, dying.arcus.stopped)
    await heir.until(lambda: said(heir, "order 1", "waiting/transactions_awaited", "posted"))
    await heir.see(payment())
    dying.arcus.thawed.set()
    with pytest.raises((FenceLost, Retryable)):
        await task
    books = (await postgres_rig.books()).sound()
    assert sorted(one["metadata"]["external_id"] for one in books.documents()) == ["1", "9"]
    assert books.sale()["payment_status"] == "paid"


async def said(pod: Pod, document: str, *outcomes: str) -> bool:
    return (await pod.said()).get(document) in outcomes


def buys(number: int) -> Arrival:
    return arrival(order(external_id=str(number), name=f"#{number}", buyer=ADA, ship_to=HOME, bill_to=HOME))


@pytest.mark.postgres
async def test_two_processes_make_one_account_of_one_new_buyer(postgres_rig: Rig) -> None:
    postgres_rig.sandbox.world.latency = 0.02
    pods = [await postgres_rig.pod(name) for name in "ab"]
    await asyncio.gather(*(pod.handle(str(n), buys(n)) for n, pod in enumerate(pods * 4, 1)))
    books = (await postgres_rig.books()).sound()
    assert len(books.tables["accounts"]) == 1
    assert len(books.documents()) == 8
    assert {one["account_id"] for one in books.documents()} == {books.tables["accounts"][0]["id"]}


async def test_many_orders_of_one_new_buyer_at_once_make_one_account(rig: Rig) -> None:
    rig.sandbox.world.latency = 0.02
    pod = await rig.pod()
    await asyncio.gather(*(pod.handle(str(n), buys(n)) for n in range(1, 9)))
    books = (await rig.books()).sound()
    assert len(books.tables["accounts"]) == 1
    assert len(books.documents()) == 8


@pytest.mark.postgres
async def test_one_key_is_never_worked_on_twice_at_once(postgres_rig: Rig) -> None:
    postgres_rig.sandbox.world.latency = 0.02
    pods = [await postgres_rig.pod(name) for name in "abc"]
    events = [arrival(*facts) for facts in SOLD.events]
    await asyncio.gather(*(pod.handle("1", event) for pod in pods for event in events))
    await SOLD.check(pods[0], await postgres_rig.books())
    assert [name for name, _, _ in await pods[0].states()] == [
        "order:1/create#1",
        "order:1/confirm#1",
        "payment:91/record",
    ]


async def test_a_lease_that_is_renewed_outlives_a_slow_call(rig: Rig) -> None:
    pod = await rig.pod(lease_seconds=0.3, kind=AfterTheCall)
    assert isinstance(pod.arcus, Stopping)
    task = asyncio.create_task(pod.handle("1", arrival(order(buyer=ADA, ship_to=HOME))))
    assert not await first_of(task, pod.arcus.stopped)
    leases = [opened.lease for opened in pod.story.held.values()]
    assert [lease.key for lease in leases] == [key_of()]
    end = asyncio.get_running_loop().time() + 0.5
    while asyncio.get_running_loop().time() < end:
        assert await pod.ledger.renew(leases) == set()
        await asyncio.sleep(0.05)
    pod.arcus.thawed.set()
    await task
    assert len((await rig.books()).sound().documents()) == 1


async def test_an_account_that_stands_is_asked_for_in_the_ledger_alone(rig: Rig) -> None:
    pod = await rig.pod()
    for facts in TWO_PLACES.events:
        await pod.see(*facts)
    fresh = await rig.pod("b")
    await fresh.handle("3", buys(3))
    names = [intent.effect.name for intent in (await pod.desk.story(key_of("~account:customer:7"))).intents]
    assert [name.partition(":")[0] for name in names] == ["account", "account"]
    assert len((await rig.books()).sound().documents()) == 3
