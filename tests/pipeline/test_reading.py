"""What is parked because only the shop can tell is read from it over HTTP, and then goes on by itself."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from connectors.envelopes import Limits
from connectors.shopify.reader import Pages
from sandbox.shop.admin.server import AdminApi, Town
from sandbox.shop.bodies import edit_body, order_body
from sandbox.shop.buyers import Buyer
from sandbox.shop.cash_bodies import transaction_body
from sandbox.shop.model import Line, Order, Refund, RefundLine, Shipping, Transaction
from sandbox.shop.shops import Shop as Tenant
from schemas.base import Kind
from schemas.outcome import Reason
from service.duties.reading import Pace, Reading
from service.errors import Refused, Retryable, Waiting
from service.http.breaker import Breaker
from service.http.concurrency import Concurrency, Room
from service.http.courier import Courier
from service.http.limiter import RateLimiter
from service.http.window import Tier
from service.ledger.ledger import LedgerDeadLetters
from service.pipeline.news import Rejected
from service.pipeline.observer import Silent
from service.pipeline.reception import Reception
from service.pipeline.storm import Storm
from service.ports import Arrival, Record
from service.shop.shopify import ShopifySettings, ShopifyShop
from tests.pipeline.rig import TENANT, Pod, Rig, TravelClock, key_of, policy, unreadable
from tests.plan.world import T0

TOKEN = "shpat_x"
D = Decimal
HOME = {
    "first_name": "Ada", "last_name": "Buyer", "name": "Ada Buyer", "address1": "1 Main St", "city": "Fresno",
    "province": "California", "province_code": "CA", "zip": "93650", "country": "United States", "country_code": "US",
}  # fmt: skip
ADA = Buyer("customer", 7, "Ada", "Buyer", "ada@example.com", homes=(HOME,))
ACME = Tenant("x", TENANT, "USD", "erp", "America/New_York", "US", D("0.07"), D(40))
ZONE = ZoneInfo("America/New_York")
OFFSETS = count()
PATIENCE = 60


def goods(number: int = 11, quantity: int = 2) -> Line:
    return Line(number, "stock", "Thing", D("10.00"), quantity, sku=f"SKU-{number}", product_id=1, variant_id=2)


def sale(amount: str = "20.00", number: int = 91) -> Transaction:
    return Transaction(number, "sale", "success", "shopify_payments", D(amount), "USD", T0, shop_amount=D(amount))


def sold(number: int = 1, **changes: Any) -> Order:
    """A paid order of the shop, as the shop itself keeps it."""
    order = Order(number, 1000 + number, ACME, ADA, T0, T0, "USD", [goods()], transactions=[sale()])
    for name, value in changes.items():
        setattr(order, name, value)
    return order


@dataclass
class Told:
    """What the duty reports."""

    results: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    def read(self, key: str, result: str, why: str = "") -> None:
        self.results[result] += 1
        self.words.append(f"{key} {why}")


def reader_of(pod: Pod, api: AdminApi, rig: Rig, *, token: str = TOKEN, pages: Pages | None = None) -> ShopifyShop:
    """The reader of the shop, as bootstrap builds it."""
    room = Room(concurrency=Concurrency())
    courier = Courier(
        transport=rig.transport,
        limiter=RateLimiter(budget=TENANT, tier=Tier(per_window=None, per_burst=None), room=room),
        room=room,
        breaker=Breaker(unreachable=5, open_s=0.05, open_max_s=0.1),
    )
    settings = ShopifySettings(
        tenant=TENANT,
        url=f"http://127.0.0.1:{api.port}/shops/{TENANT}/admin/api/2026-07/graphql.json",
        token=SecretStr(token),
        api_version="2026-07",
        zone=ZONE,
        pages=pages or Pages(),
        call_deadline_s=5.0,
        patience_s=5.0,
    )
    return ShopifyShop(settings, courier, pod.clock)


class Desk:
    """One process with a door for records, and the duty that reads."""

    def __init__(self, pod: Pod, shop: ShopifyShop | None) -> None:
        self.pod = pod
        self.told = Told()
        self.delivered: list[tuple[str, Arrival | Rejected]] = []
        self.duty = Reading(
            desk=pod.desk,
            shop_of=lambda _source, _tenant: shop,
            deliver=lambda key, work: self.delivered.append((key, work)),
            clock=pod.clock,
            observer=self.told,
            pace=Pace(again_s=60.0, again_max_s=600.0, settle_s=10.0),
        )
        self._door = Reception(
            story=pod.story,
            dead_letters=LedgerDeadLetters(pod.ledger),
            observer=Silent(),
            zones=lambda _source, _tenant: ZONE,
            default_tenant=None,
            limits=Limits(),
            replay_topic=None,
            storm=Storm(),
        )

    async def take(self, topic: str, body: dict[str, Any], *, at: datetime = T0) -> None:
        """Let a webhook arrive."""
        headers = {
            "x-shopify-topic": topic,
            "x-shopify-shop-domain": TENANT,
            "x-shopify-triggered-at": at.isoformat(),
        }
        told = [(name, text.encode()) for name, text in headers.items()]
        record = Record("shop", 0, next(OFFSETS), None, json.dumps(body).encode(), told, at.timestamp())
        for piece in self._door.route(record):
            await self._handle(piece.key, piece.payload)

    async def read(self, *, ahead: float = 0.0) -> None:
        """Do the duty once, some time later, and bring what it delivers through the lanes."""
        self.pod.clock.ahead += ahead
        await self.duty()
        delivered, self.delivered = self.delivered, []
        for key, work in delivered:
            await self._handle(key, work)

    async def _handle(self, key: str, work: object) -> None:
        for _ in range(PATIENCE):
            await self.pod.book.refresh()
            try:
                await self._door.handle(key, [work])
            except (Retryable, Waiting):
                await asyncio.sleep(0.01)
            else:
                return
        raise AssertionError("the lane never came to an end")

    async def until(self, said: dict[str, str]) -> None:
        """Read again and again, a while later each time, until this is said of every document."""
        for _ in range(PATIENCE):
            if await self.pod.said() == said:
                return
            await self.read(ahead=700.0)
        assert await self.pod.said() == said


@pytest.fixture
async def api() -> AsyncIterator[AdminApi]:
    async with AdminApi(Town(tokens={TENANT: TOKEN})) as running:
        yield running


@pytest.fixture
async def pod(rig: Rig) -> Pod:
    return await rig.pod(policies=[policy(tenders={"shopify_payments": "external"}, transactions_grace_s=0.0)])


@pytest.fixture
def desk(pod: Pod, api: AdminApi, rig: Rig) -> Desk:
    return Desk(pod, reader_of(pod, api, rig))


POSTED = {"order 1": "posted", "payment 91": "posted"}
MISSING = {"order 1": "parked/transactions_missing"}


async def test_a_paid_order_without_transactions_is_read_and_paid(rig: Rig, desk: Desk, api: AdminApi) -> None:
    order = sold()
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    assert await desk.pod.said() == MISSING
    await desk.read()
    assert await desk.pod.said() == POSTED
    books = (await rig.books()).sound()
    assert books.payments() == {"91": ("external", D("20.00"), D(0))}
    assert D(books.sale()["amount_paid"]) == D("20.00")
    story = await desk.pod.told()
    assert [(end.arrival.event.envelope.topic, end.outcome) for end in story.events] == [
        ("orders/paid", "parked"), ("orders/read", "posted"),
    ]  # fmt: skip
    assert desk.told.results == {"news": 1}
    asked = api.town.counted["ok"]
    await desk.read(ahead=7_000.0)
    assert api.town.counted["ok"] == asked, "nothing is parked any more, so nothing is read"


async def test_a_stub_is_read_and_posted(rig: Rig, desk: Desk, api: AdminApi) -> None:
    api.town.add(sold())
    await desk.take("orders/updated", {"id": 1}, at=T0 + timedelta(seconds=3))
    assert await desk.pod.said() == {"order_edit 1": "parked/needs_read"}
    await desk.read()
    assert await desk.pod.said() == {**POSTED, "order_edit 1": "superseded"}
    assert D((await rig.books()).sound().sale()["order_total"]) == D("20.00")


async def test_a_cut_body_of_what_is_known_is_read_and_the_order_stands_again(desk: Desk, api: AdminApi) -> None:
    order = sold()
    api.town.add(order)
    await desk.take("orders/create", order_body(order))
    await desk.take("order_transactions/create", transaction_body(order, order.transactions[0]))
    await desk.pod.handle("1", unreadable(Reason.NEEDS_READ))
    await desk.pod.wake()
    assert await desk.pod.said() == {**POSTED, "order 1": "parked/needs_read"}
    await desk.read()
    assert await desk.pod.said() == POSTED
    assert desk.told.results == {"nothing_new": 1}


async def test_an_edit_is_read_and_what_it_added_is_posted(rig: Rig, desk: Desk, api: AdminApi) -> None:
    order = sold()
    api.town.add(order)
    for topic, body in (
        ("orders/create", order_body(order)),
        ("order_transactions/create", transaction_body(order, order.transactions[0])),
    ):
        await desk.take(topic, body)
    assert await desk.pod.said() == POSTED
    added = goods(12, 1)
    order.updated = T0 + timedelta(minutes=5)
    order.lines.append(added)
    order.transactions.append(sale("10.00", 92))
    await desk.take("orders/edited", edit_body(order, 71, order.updated, [added]), at=order.updated)
    assert (await desk.pod.said())["order_edit 71"] == "parked/needs_read"
    await desk.read()
    assert await desk.pod.said() == {**POSTED, "order_edit 71": "superseded", "payment 92": "posted"}
    books = (await rig.books()).sound()
    assert (D(books.sale()["order_total"]), books.line("SKU-12")) == (D("30.00"), D("10.00"))


async def test_without_a_token_everything_stays_parked_under_its_name(pod: Pod, api: AdminApi, rig: Rig) -> None:
    desk = Desk(pod, None)
    order = sold()
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    await desk.take("orders/updated", {"id": 2})
    await desk.read(ahead=700.0)
    assert await pod.said() == MISSING
    assert await pod.said("2") == {"order_edit 2": "parked/needs_read"}
    assert (api.town.counted, desk.told.results) == (Counter(), Counter())
    assert (await rig.books()).payments() == {}


@pytest.mark.parametrize("fault", ["500", "503", "reset", "lost", "garbage", "internal", "denied"])
async def test_a_failing_answer_loses_nothing_and_is_asked_for_again(
    rig: Rig, desk: Desk, api: AdminApi, fault: str
) -> None:
    order = sold(refunds=[])
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    api.town.faults.extend([fault, "ok", fault])
    await desk.read()
    assert await desk.pod.said() == MISSING
    result = "refused" if fault == "denied" else "failed"
    assert desk.told.results == {result: 1}
    assert TOKEN not in " ".join(desk.told.words)
    await desk.read()
    assert desk.told.results == {result: 1}, "it is not asked again at once"
    await desk.until(POSTED)
    assert desk.told.results == {result: 2, "news": 1}
    (await rig.books()).sound()


async def test_a_throttled_reader_waits_for_its_points(rig: Rig, desk: Desk, api: AdminApi) -> None:
    order = sold()
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    api.town.faults.extend(["throttled", "ok", "throttled"])
    await desk.read()
    assert await desk.pod.said() == POSTED
    assert (api.town.counted["throttled"], desk.told.results) == (2, {"news": 1})
    (await rig.books()).sound()


async def test_a_small_bucket_is_never_drawn_beyond_what_it_said(desk: Desk, api: AdminApi) -> None:
    api.town.maximum, api.town.restore_rate = 1_000.0, 2_000.0
    for number in range(1, 7):
        api.town.add(sold(number, transactions=[sale(number=90 + number)]))
        await desk.take("orders/paid", order_body(sold(number)))
    await desk.read()
    assert desk.told.results == {"news": 6}
    assert api.town.counted["throttled for real"] == 0
    assert {(await desk.pod.said(str(n)))[f"order {n}"] for n in range(1, 7)} == {"posted"}


async def test_a_shop_whose_points_do_not_come_back_is_left_for_later(desk: Desk, api: AdminApi) -> None:
    api.town.maximum, api.town.restore_rate = 2_000.0, 0.01
    order = sold()
    api.town.add(order)
    assert api.town.bucket(TENANT).take(1_990)
    await desk.take("orders/paid", order_body(order))
    await desk.read()
    assert await desk.pod.said() == MISSING
    assert desk.told.results == {"failed": 1}
    assert "points are used up" in desk.told.words[0]


async def test_a_shop_that_is_down_is_asked_by_one_order_only(desk: Desk, api: AdminApi) -> None:
    for number in range(1, 20):
        await desk.take("orders/paid", order_body(sold(number)))
    await api.stop()
    await desk.read()
    assert desk.told.results["failed"] <= 6, "its breaker opened, and the rest was not tried"


async def test_a_read_older_than_what_we_have_seen_changes_nothing(rig: Rig, desk: Desk, api: AdminApi) -> None:
    old = sold()
    api.town.add(old)
    new = sold(updated=T0 + timedelta(minutes=5), lines=[goods(), goods(12, 1)], transactions=[sale("30.00")])
    await desk.take("orders/updated", order_body(new))
    before = await desk.pod.told()
    await desk.read()
    after = await desk.pod.told()
    assert [one.fact for one in after.known if one.fact.entity is Kind.ORDER] == [one.fact for one in before.known]
    assert after.events[-1].arrival.event.envelope.topic == "orders/read"
    assert after.events[-1].outcome == "superseded"
    assert D((await rig.books()).sound().sale()["order_total"]) == D("30.00")


async def test_a_read_of_what_is_known_tells_nothing_new_and_comes_seldom(desk: Desk, api: AdminApi) -> None:
    order = sold()
    api.town.add(sold(transactions=[]))  # paid, says the shop, and knows of no transaction itself
    await desk.take("orders/paid", order_body(order))
    known = (await desk.pod.told()).known
    for _ in range(5):
        await desk.read(ahead=61.0)
    assert (await desk.pod.told()).known == known
    assert await desk.pod.said() == MISSING
    assert desk.told.results == {"nothing_new": 3}, "after 0, 61 and 183 seconds"


async def test_an_order_that_the_shop_does_not_show_stays_parked_with_a_word_about_it(
    rig: Rig, desk: Desk, api: AdminApi
) -> None:
    order = sold()
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    api.town.delete(order)
    await desk.read()
    assert await desk.pod.said() == MISSING
    assert "deleted there, or it is older than the token may read" in await desk.pod.detail()
    assert desk.told.results == {"not_shown": 1}
    assert len((await rig.books()).sound().documents()) == 1, "nothing is undone on the word of an absence"
    api.town.add(order)
    await desk.until(POSTED)


async def test_two_contents_of_one_version_are_decided_by_the_shop(rig: Rig, desk: Desk, api: AdminApi) -> None:
    order, other = sold(), sold(lines=[goods(quantity=3)], transactions=[sale("30.00")])
    bodies = [order_body(order), order_body(other)]
    for body in bodies:
        body["financial_status"] = "pending"
    body = order_body(other)
    api.town.add(other)
    await desk.take("orders/create", bodies[0])
    await desk.take("orders/create", bodies[1])
    assert await desk.pod.said() == {"order 1": "parked/same_version_differs"}
    await desk.read()
    assert await desk.pod.said() == POSTED
    assert D((await rig.books()).sound().sale()["order_total"]) == D("30.00")
    await desk.take("orders/create", body)
    assert await desk.pod.said() == POSTED


async def test_an_order_that_changed_just_now_is_read_a_little_later(desk: Desk, api: AdminApi) -> None:
    now = datetime.now(ZONE)
    order = sold(placed=now - timedelta(minutes=1), updated=now)
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    order.transactions.clear()
    await desk.read()
    assert desk.told.results == {"too_young": 1}
    order.transactions.append(sale())
    await desk.read()
    assert desk.told.results == {"too_young": 1}
    api.town.ahead = timedelta(seconds=11)
    await desk.read(ahead=11.0)
    assert desk.told.results == {"too_young": 1, "news": 1}
    assert await desk.pod.said() == POSTED


async def test_a_body_that_cannot_be_booked_is_parked_as_invalid(desk: Desk, api: AdminApi) -> None:
    order = sold(currency="USD")
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    order.lines[0].quantity = -2
    await desk.read()
    assert desk.told.results == {"invalid": 1}
    assert await desk.pod.said() == {"order 1": "parked/invalid"}
    assert "line_items[0].quantity is negative" in await desk.pod.detail()


async def test_more_than_one_page_of_everything_is_read_to_the_end(pod: Pod, api: AdminApi, rig: Rig) -> None:
    pages = Pages(lines=2, charges=1, refund_parts=1, transactions=1, refunds=1)
    desk = Desk(pod, reader_of(pod, api, rig, pages=pages))
    lines = [goods(11), goods(12), goods(13), goods(14), Line(15, "stock", "Thing", D("10.00"), 2, sku="SKU-11")]
    order = sold(
        lines=lines,
        shipping=[Shipping(31, "Post", D("5.00")), Shipping(32, "Express", D("7.00"))],
        transactions=[sale("60.00"), sale("52.00", 92)],
    )
    back = Transaction(
        95, "refund", "success", "shopify_payments", D("20.00"), "USD", T0, parent=91, shop_amount=D("20.00")
    )
    order.transactions.append(back)
    given_back = [RefundLine(41, lines[0], 1, D("10.00"), D(0)), RefundLine(42, lines[1], 1, D("10.00"), D(0))]
    order.refunds.append(Refund(81, T0, given_back, transactions=[back]))
    for line in lines[:2]:
        line.taken = 1
    api.town.add(order)
    await desk.take("orders/updated", {"id": 1}, at=T0)
    await desk.read()
    assert await pod.said() == {
        "order 1": "posted", "order_edit 1": "superseded", "payment 91": "posted", "payment 92": "posted",
        "payment 95": "posted", "refund 81": "posted",
    }  # fmt: skip
    books = (await rig.books()).sound()
    assert D(books.sale()["order_total"]) == D("112.00")
    assert books.payments() == {
        "91": ("external", D("60.00"), D("20.00")), "92": ("external", D("52.00"), D(0)),
    }  # fmt: skip
    assert len(api.town.asked) == 9, "head, 2 lines, charge, 3 times cash as its lists come back full, refund, its line"


async def test_two_processes_that_read_one_order_post_it_once(api: AdminApi, postgres_rig: Rig) -> None:
    given = [policy(tenders={"shopify_payments": "external"}, transactions_grace_s=0.0)]
    pods = [await postgres_rig.pod(name, policies=given) for name in ("a", "b")]
    desks = [Desk(pod, reader_of(pod, api, postgres_rig)) for pod in pods]
    api.town.add(sold())
    await desks[0].take("orders/updated", {"id": 1}, at=T0)
    await asyncio.gather(*(desk.read() for desk in desks))
    for pod in pods:
        assert await pod.said() == {**POSTED, "order_edit 1": "superseded"}
    (await postgres_rig.books()).sound()


async def test_a_held_key_stays_held_whatever_is_read(rig: Rig, desk: Desk, api: AdminApi) -> None:
    order = sold()
    api.town.add(order)
    await desk.take("orders/paid", order_body(order))
    await desk.pod.desk.hold(key_of(), who="Ann", why="she calls the shop first")
    await desk.read()
    assert (await desk.pod.said())["payment 91"] == "parked/held"
    assert (await rig.books()).payments() == {}


@pytest.mark.parametrize(("token", "words"), [("shpat_wrong", "does not accept the token"), (TOKEN, "")])
async def test_a_shop_can_be_tried_before_anything_is_read(
    pod: Pod, api: AdminApi, rig: Rig, token: str, words: str
) -> None:
    shop = reader_of(pod, api, rig, token=token)
    if not words:
        await shop.reach()
        assert shop.points.maximum == 2_000
        return
    with pytest.raises(Refused, match=words) as refused:
        await shop.reach()
    assert token not in str(refused.value)


async def test_an_answer_without_a_date_is_dated_by_our_clock(pod: Pod, api: AdminApi, rig: Rig) -> None:
    api.town.undated = True
    api.town.add(sold())
    read = await reader_of(pod, api, rig).read("1")
    assert abs(read.at.timestamp() - TravelClock().now()) < 60
    assert read.shown
