"""From a record's bytes to its outcome: bad bodies, dead letters, storms, replays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.envelopes import Limits
from connectors.shopify.peek import order_key
from service.errors import Waiting
from service.ledger.ledger import LedgerDeadLetters
from service.pipeline.observer import Silent
from service.pipeline.reception import Reception
from service.pipeline.storm import Storm
from service.ports import DeadLetter, Priority, Record, Routed
from tests.acceptance.bodies import SHOP, charge, dump, item, order, transaction
from tests.pipeline.rig import Pod, Rig, key_of, policy

OFFSETS = count()
TENDERS = {"shopify_payments": "external"}


class Shelf:
    """Dead letters, kept in the ledger and in view."""

    def __init__(self, pod: Pod) -> None:
        self._ledger = LedgerDeadLetters(pod.ledger)
        self.kept: list[DeadLetter] = []

    async def put(self, letter: DeadLetter) -> None:
        await self._ledger.put(letter)
        self.kept.append(letter)


class Door:
    """The reception of one process."""

    def __init__(self, pod: Pod, **changes: Any) -> None:
        self.shelf = Shelf(pod)
        given: dict[str, Any] = {
            "story": pod.story,
            "dead_letters": self.shelf,
            "observer": Silent(),
            "zones": lambda _source, _tenant: ZoneInfo("America/New_York"),
            "default_tenant": None,
            "limits": Limits(),
            "replay_topic": "replay",
            "storm": Storm(),
        }
        self.reception = Reception(**{**given, **changes})

    async def take(
        self, value: bytes | None, topic: str = "orders/updated", *, kafka: str = "shop", **headers: str
    ) -> list[str]:
        """Let a record arrive and bring every lane of it forward; returns the lanes."""
        said = {"x-shopify-topic": topic, "x-shopify-shop-domain": SHOP, **headers}
        record = self.record(value, [(name, text.encode()) for name, text in said.items() if text], kafka=kafka)
        return await self.handle(record)

    def record(self, value: bytes | None, headers: Sequence[tuple[str, bytes]], *, kafka: str = "shop") -> Record:
        return Record(kafka, 0, next(OFFSETS), None, value, headers, 1.8e9)

    def order(self, value: bytes) -> Record:
        """An order as Shopify sends it: its lane is seen without reading it."""
        record = self.record(value, [("x-shopify-topic", b"orders/updated"), ("x-shopify-shop-domain", SHOP.encode())])
        assert order_key(record.value, record.headers) is not None
        return record

    async def handle(self, record: Record) -> list[str]:
        routed = self.reception.route(record)
        for piece in routed:
            await self.reception.handle(piece.key, [piece.payload])
        return [piece.key for piece in routed]


@pytest.fixture
async def pod(rig: Rig) -> Pod:
    return await rig.pod(policies=[policy(tenders=TENDERS)])


@pytest.fixture
def door(pod: Pod) -> Door:
    return Door(pod)


async def test_a_raw_order_and_its_transaction_stand_in_the_erp(rig: Rig, pod: Pod, door: Door) -> None:
    assert await door.take(dump(order(1))) == [key_of()]
    await door.take(dump(transaction(91, 1, "20.00")), "order_transactions/create")
    assert await pod.said() == {"order 1": "posted", "payment 91": "posted"}
    assert (await rig.books()).sound().sale()["payment_status"] == "paid"


async def test_an_invalid_body_parks_its_document_and_a_sound_one_lets_it_go(rig: Rig, pod: Pod, door: Door) -> None:
    await door.take(dump(order(1, item(quantity=-2))))
    assert await pod.said() == {"order 1": "parked/invalid"}
    assert "line_items[0].quantity is negative" in await pod.detail()
    await door.take(dump(transaction(91, 1, "20.00")), "order_transactions/create")
    assert (await pod.said())["payment 91"] == "parked/waits_for_order"
    await door.take(dump(order(1)))
    assert await pod.said() == {"order 1": "posted", "payment 91": "posted"}
    assert len((await rig.books()).sound().documents()) == 1


async def test_unreadable_news_of_a_posted_order_are_told_until_sound_ones_come(pod: Pod, door: Door) -> None:
    await door.take(dump(order(1)))
    await door.take(dump(transaction(91, 1, "20.00")), "order_transactions/create")
    await door.take(dump(order(1, item(quantity=-1), minute=5)))
    assert await pod.said() == {"order 1": "parked/invalid", "payment 91": "posted"}
    await pod.wake()
    await door.take(dump(transaction(91, 1, "20.00")), "order_transactions/create")
    assert await pod.said() == {"order 1": "parked/invalid", "payment 91": "posted"}
    await door.take(dump(order(1)))
    assert await pod.said() == {"order 1": "posted", "payment 91": "posted"}


async def test_of_unreadable_and_sound_news_in_one_batch_the_last_counts(pod: Pod, door: Door) -> None:
    sound, unreadable = dump(order(1)), dump(order(1, item(quantity=-2)))
    for values, said in (
        ((unreadable, sound), "waiting/transactions_awaited"),
        ((sound, unreadable), "parked/invalid"),
    ):
        work: list[object] = []
        for value in values:
            headers = [("x-shopify-topic", b"orders/updated"), ("x-shopify-shop-domain", SHOP.encode())]
            (routed,) = door.reception.route(door.record(value, headers))
            work.append(routed.payload)
        await door.reception.handle(key_of(), work)
        assert (await pod.said())["order 1"] == said


async def test_what_is_not_ours_is_skipped_by_name(pod: Pod, door: Door) -> None:
    body = {"id": 5, "admin_graphql_api_id": "gid://shopify/Customer/5", "email": "ada@example.com"}
    (lane,) = await door.take(dump(body), "customers/create")
    (end,) = (await pod.desk.story(lane)).events
    assert (end.outcome, end.reason) == ("skipped", "out_of_scope")
    assert "ada@" not in end.detail


async def test_what_debezium_says_besides_rows_is_skipped_by_name(pod: Pod, door: Door) -> None:
    gone = {"before": {"id": 7}, "after": None, "source": {}, "op": "d"}
    lanes = [await door.take(dump(value), "") for value in ({"ts_ms": 1}, gone)]
    lanes.append(await door.handle(Record("shop", 0, next(OFFSETS), b'{"id": 7}', None, (), 1.8e9)))
    assert lanes == [["unknown|-|~unknown"]] * 3
    ends = (await pod.desk.story("unknown|-|~unknown")).events
    assert [(end.outcome, end.reason) for end in ends] == [
        ("skipped", "heartbeat"), ("skipped", "row_deleted"), ("skipped", "tombstone"),
    ]  # fmt: skip
    assert door.shelf.kept == []


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        (None, "undecodable", ""),
        (b"", "undecodable", "empty"),
        (b"hello", "undecodable", "not JSON"),
        (b"\xff\xfe{\x00}\x00", "undecodable", "byte order mark"),
        (b'{"id": 1, "id": 2}', "undecodable", "twice"),
        (b'{"total": NaN}', "undecodable", "NaN"),
        (b"[" * 10_000 + b"]" * 10_000, "undecodable", "nested"),
        (b'"text"', "undecodable", "neither JSON nor base64"),
        (b"[]", "unknown_shape", "empty list"),
    ],
    ids=["null", "empty", "text", "utf-16", "key-twice", "nan", "deep", "string", "empty-list"],
)
async def test_what_nobody_can_read_is_kept_whole_with_a_reason(
    pod: Pod, door: Door, value: bytes | None, reason: str, words: str
) -> None:
    await door.take(value)
    (letter,) = door.shelf.kept
    assert (letter.reason, letter.value) == (reason, value)
    assert words in letter.detail
    assert ("x-shopify-shop-domain", SHOP.encode()) in letter.headers
    assert await pod.desk.all_keys("shopify", after="", limit=10) == []


async def test_one_bad_element_of_a_batch_spoils_no_other(rig: Rig, door: Door) -> None:
    batch = [order(1), {"no": "idea"}, order(2), "text"]
    lanes = await door.take(dump(batch))
    assert [lane for lane in lanes if not lane.startswith("~dead")] == [key_of("1"), key_of("2")]
    assert len(door.shelf.kept) == 2
    assert len((await rig.books()).sound().documents()) == 2


async def test_a_record_that_is_read_again_is_the_same_dead_letter(rig: Rig, pod: Pod, door: Door) -> None:
    record = door.record(b"hello", [])
    await door.handle(record)
    await door.handle(record)
    rows = await pod.ledger.database.read(
        lambda connection: connection.exec_driver_sql("SELECT reason FROM dead_letters").fetchall()
    )
    assert [row.reason for row in rows] == ["undecodable"]
    assert await rig.requests() == 0


async def test_a_storm_of_unreadable_records_waits_by_name_and_ends(pod: Pod) -> None:
    door = Door(pod, storm=Storm(share=0.5, window=40))
    for _ in range(9):
        await door.take(b"hello")
    with pytest.raises(Waiting) as caught:
        await door.take(b"hello")
    assert caught.value.wait == "dead_letter_storm"
    assert "check what the producer sends" in caught.value.why
    assert len(door.shelf.kept) == 9
    for number in range(12):
        await door.take(dump(order(number + 1)))
    await door.take(b"hello")
    assert len(door.shelf.kept) == 10


def arrive(door: Door, number: int) -> list[Routed]:
    """So many sound orders come through the door, and have no turn yet."""
    return [piece for one in range(number) for piece in door.reception.route(door.order(dump(order(one + 1))))]


async def test_a_backlog_of_sound_orders_is_no_storm_though_its_dead_letters_have_their_turn_first(pod: Pod) -> None:
    door = Door(pod, storm=Storm(share=0.5, window=40))
    letters: list[Routed] = []
    for _ in range(12):
        assert len(arrive(door, 9)) == 9
        letters += door.reception.route(door.record(b"hello", []))
    await door.reception.handle(letters[0].key, [letter.payload for letter in letters])
    assert len(door.shelf.kept) == 12


async def test_a_storm_ends_though_what_it_holds_back_is_read_again_and_again(pod: Pod) -> None:
    door = Door(pod, storm=Storm(share=0.5, window=40))
    held = [door.record(b"hello", []) for _ in range(30)]
    letters = [door.reception.route(record)[0] for record in held]
    with pytest.raises(Waiting):
        await door.reception.handle(letters[0].key, [letter.payload for letter in letters])
    for _ in range(3):
        arrive(door, 8)
        letters = [door.reception.route(record)[0] for record in held]
    await door.reception.handle(letters[0].key, [letter.payload for letter in letters])
    assert len(door.shelf.kept) == 30


async def test_orders_that_turn_out_to_be_unreadable_at_their_turn_are_a_storm_that_ends_too(pod: Pod) -> None:
    door = Door(pod, storm=Storm(share=0.5, window=40))
    held = [door.order(dump(order(number))[:-1]) for number in range(1, 61)]
    for record in held[:9]:
        await door.handle(record)
    for record in held[9:]:
        with pytest.raises(Waiting):
            await door.handle(record)
    for number in range(101, 122):
        await door.handle(door.order(dump(order(number))))
        for record in held[9:] if number < 120 else ():
            with pytest.raises(Waiting):
                await door.handle(record)
    for record in held[9:]:
        await door.handle(record)
    assert len(door.shelf.kept) == 60


async def test_a_replay_comes_after_live_traffic_and_changes_nothing(rig: Rig, pod: Pod, door: Door) -> None:
    value = dump(order(1))
    await door.take(value)
    before = await rig.writes()
    await door.take(value, kafka="replay")
    story = await pod.told()
    assert [(end.arrival.priority, end.outcome.value) for end in story.events] == [
        (Priority.LIVE, "waiting"),
        (Priority.REPLAY, "waiting"),
    ]
    assert await rig.writes() == before


async def test_a_lone_surrogate_is_no_text_that_can_be_kept(rig: Rig, pod: Pod, door: Door) -> None:
    body = json.dumps(order(1, note="half \ud83d")).encode()
    await door.take(body)
    said = await pod.said()
    kept = [letter.reason for letter in door.shelf.kept]
    assert (said, kept) == ({}, ["undecodable"])
    assert await rig.requests() == 0


WAITS = "waiting/transactions_awaited"
DIFFERS = "parked/does_not_add_up"
ODD: dict[str, tuple[dict[str, Any], str, str]] = {
    "total-of-millions": ({"total_price": "99999999999999.99"}, DIFFERS, "the shop's total is 99999999999999.99 USD"),
    "line-of-millions": (
        {"line_items": [item(price="99999999999999.99", quantity=1_000_000_000)]},
        DIFFERS,
        "the lines add up to",
    ),
    "no-lines": ({"line_items": []}, DIFFERS, "the lines add up to 0 USD, but the shop states 20.00 USD"),
    "no-pieces": ({"line_items": [item(quantity=0)]}, DIFFERS, "the lines add up to 0.00 USD"),
    "two-currencies": (
        {"currency": "JPY"},
        "parked/invalid",
        "total_shipping_price_set is in USD, but the document is in JPY",
    ),
    "no-currency": ({"currency": "XXX"}, "parked/invalid", "not a currency of ISO 4217 that can be booked"),
    "fraction-of-a-cent": ({"line_items": [item(price="0.001")]}, DIFFERS, "the lines add up to 0.002 USD"),
    "exponent": (
        {"line_items": [{**item(), "price": "1e2"}]},
        "parked/invalid",
        "line_items[0].price is not an amount",
    ),
    "negative-price": (
        {"line_items": [{**item(), "price": "-1.00"}]},
        "parked/invalid",
        "line_items[0].price is negative",
    ),
    "shipping-not-in-the-total": (
        {"shipping_lines": [charge()]},
        DIFFERS,
        "the shipping charges add up to 5.00 USD, but the shop states 0 USD",
    ),
    "name-of-a-book": ({"name": "x" * 100_000}, "parked/erp_refused", "at notes"),
    "control-characters": ({"note": "\x01\x02\u2028"}, WAITS, ""),
    "email-of-a-book": ({"customer": {"id": 7, "email": "a" * 100_000 + "@example.com"}}, WAITS, ""),
    "ten-thousand-tags": ({"tags": ["a"] * 10_000}, WAITS, ""),
    "year-9999": (
        {"processed_at": "9999-12-31T23:59:59Z"},
        "parked/invalid",
        "in the year 9999, which cannot be right",
    ),
    "year-1969": ({"updated_at": "1969-01-01T00:00:00Z"}, "parked/invalid", "in the year 1969, which cannot be right"),
    "no-offset": ({"processed_at": "2026-05-01T08:00:00"}, "parked/invalid", "nobody can tell when it was"),
    "refund-cut-to-its-id": ({"refunds": [{"id": 5}]}, WAITS, ""),
    "negative-total": ({"current_total_price": "-5.00"}, "parked/invalid", "current_total_price is negative"),
    "unheard-of-state": ({"financial_status": "weird"}, "waiting/gate", "in a payment state that is not known here"),
    "no-address": ({"shipping_address": None, "billing_address": None}, WAITS, ""),
    "text-for-a-list": ({"line_items": "none"}, "parked/invalid", "line_items is not a list"),
    "list-for-a-text": ({"name": ["#1"]}, "parked/invalid", "name is not a text"),
}


@pytest.mark.parametrize("name", ODD)
async def test_whatever_an_order_says_it_has_a_named_outcome_and_holds_up_no_other(
    rig: Rig, pod: Pod, door: Door, name: str
) -> None:
    changes, outcome, words = ODD[name]
    await door.take(dump({**order(1), **changes}))
    await door.take(dump(order(2)))
    assert await pod.said() == {"order 1": outcome}
    assert words in await pod.detail()
    assert await pod.said("2") == {"order 2": WAITS}
    assert door.shelf.kept == []
    (await rig.books()).sound()
