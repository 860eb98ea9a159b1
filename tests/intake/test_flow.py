"""Records through lanes on a real broker, without trouble: order, offsets, starting, stopping."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from service.errors import FerryError
from service.intake.consumer_settings import WindowLimits
from service.intake.lane import Item
from service.ports import Record, Routed
from tests.fixtures_kafka import new_topic
from tests.intake.harness import (
    MemoryMarks,
    Notes,
    Works,
    all_committed,
    committed,
    make_intake,
    produce,
    producing,
    running,
    settings_for,
    until,
)

pytestmark = pytest.mark.kafka


async def test_every_record_reaches_its_lane_in_order_and_offsets_follow(kafka: str) -> None:
    topic = await new_topic(kafka, partitions=3)
    sent = await produce(kafka, topic, ((f"k{n % 50}", str(n).encode()) for n in range(2000)))
    works, marks = Works(), MemoryMarks()
    settings = settings_for(kafka, topic)
    intake = make_intake(settings, works, marks=marks)
    async with running(intake):
        await until(lambda: works.total() == sent)
        await all_committed(kafka, settings.group, sent)
        health = intake.health()
        assert (health.state, health.ready, health.lanes, health.window_bytes) == ("running", True, 0, 0)
        assert set(health.lag.values()) == {0}
    assert not works.twice
    for values in works.values.values():
        numbers = [int(value) for value in values]
        assert numbers == sorted(numbers)
    assert marks.marks == await committed(kafka, settings.group), "the ledger knows what Kafka knows (K15)"


async def test_what_is_in_flight_at_the_end_is_finished_and_committed(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"0"), ("b", b"1")])
    works, settings = Works(seconds=0.5), settings_for(kafka, topic)
    intake = make_intake(settings, works)
    task = asyncio.create_task(intake.run())
    await until(lambda: len(works.running) == 2)
    await intake.stop(5)
    await task
    assert works.total() == 2
    assert (await committed(kafka, settings.group)) == {(topic, 0): 2}
    assert intake.health().state == "stopped"


async def test_what_does_not_end_in_time_is_read_again(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"0"), ("b", b"1")])
    settings, marks = settings_for(kafka, topic), MemoryMarks()
    slow = Works(seconds=60)
    intake = make_intake(settings, slow, marks=marks)
    task = asyncio.create_task(intake.run())
    await until(lambda: len(slow.running) == 2)
    began = time.monotonic()
    await intake.stop(0.1)
    await task
    assert time.monotonic() - began < 5
    works = Works()
    async with running(make_intake(settings, works, marks=marks)):
        await until(lambda: works.total() == 2)


async def test_a_record_for_several_lanes_is_committed_when_all_are_done(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("x", b"0")])
    gate, done = asyncio.Event(), list[str]()

    def route(record: Record) -> list[Routed]:
        return [Routed(key=key, payload=record.value) for key in ("slow", "quick")]

    async def handle(key: str, items: object) -> None:
        del items
        if key == "slow":
            await gate.wait()
        done.append(key)

    settings = settings_for(kafka, topic)
    intake = make_intake(settings, handle, route=route)
    async with running(intake):
        await until(lambda: done == ["quick"])
        await all_committed(kafka, settings.group, 0)
        gate.set()
        await all_committed(kafka, settings.group, 1)
    assert done == ["quick", "slow"]


async def test_a_record_for_no_lane_is_passed_over(kafka: str) -> None:
    topic = await new_topic(kafka)
    sent = await produce(kafka, topic, (("a", b"") for _ in range(10)))
    settings = settings_for(kafka, topic)
    async with running(make_intake(settings, Works(), route=lambda _: [])):
        await all_committed(kafka, settings.group, sent)


async def test_markers_and_aborted_transactions_leave_gaps_that_do_no_harm(kafka: str) -> None:
    topic = await new_topic(kafka)
    async with producing(kafka, transactional_id=topic) as producer:
        for number in range(4):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, str(number).encode(), key=b"a")
            await (producer.commit_transaction() if number % 2 == 0 else producer.abort_transaction())
    works, settings = Works(), settings_for(kafka, topic)
    intake = make_intake(settings, works)
    async with running(intake):
        await until(lambda: works.total() == 2)
        await until(lambda: set(intake.health().lag.values()) == {0})
        await produce(kafka, topic, [("a", b"after")])
        await until(lambda: works.total() == 3)
        await all_committed(kafka, settings.group, 9)  # 4 records, 4 markers, 1 record
    assert works.values["a"] == [b"0", b"2", b"after"]


async def test_a_full_window_pauses_the_partition_and_not_the_process(kafka: str) -> None:
    stuck, free = await new_topic(kafka), await new_topic(kafka)
    await produce(kafka, stuck, ((f"s{n}", b"x" * 100) for n in range(200)))
    gate, works, notes = asyncio.Event(), Works(), Notes()

    async def handle(key: str, items: list[Item]) -> None:
        if key.startswith("s"):
            await gate.wait()
        await works(key, items)

    settings = settings_for(kafka, stuck, topics=frozenset({stuck, free}))
    limits = WindowLimits(in_flight=500, records=50, poll_records=10)
    intake = make_intake(settings, handle, limits=limits, observer=notes)  # type: ignore[arg-type]
    async with running(intake):
        await until(lambda: intake.health().paused == {(stuck, 0): "window full: records"})
        assert intake.health().window_fill == 1.0
        await produce(kafka, free, ((f"f{n}", b"") for n in range(20)))
        await until(lambda: works.total() == 20)
        assert len(notes.pauses) == 1
        gate.set()
        await until(lambda: works.total() == 220)
        await until(lambda: not intake.health().paused)  # with the commit


async def test_a_pattern_finds_foreign_topic_names(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"0")])
    works = Works()
    settings = settings_for(kafka, topic, topics=frozenset(), pattern=re.escape(topic[:-2]) + "..")
    async with running(make_intake(settings, works)):
        await until(lambda: works.total() == 1)


async def test_replays_wait_behind_live_records(kafka: str) -> None:
    live, replay = await new_topic(kafka), await new_topic(kafka)
    order: list[str] = []
    gate = asyncio.Event()

    async def handle(key: str, items: object) -> None:
        del items
        if key == "first":
            await gate.wait()
        order.append(key)

    settings = settings_for(kafka, live, topics=frozenset({live, replay}), replay_topics=frozenset({replay}))
    intake = make_intake(settings, handle, limits=WindowLimits(in_flight=1))
    async with running(intake):
        await produce(kafka, live, [("first", b"")])
        await until(lambda: intake.health().in_flight == 1)
        await produce(kafka, replay, [("old", b"")])
        await until(lambda: intake.health().waiting == 1)
        await produce(kafka, live, [("new", b"")])
        await until(lambda: intake.health().waiting == 2)
        gate.set()
        await until(lambda: len(order) == 3)
    assert order == ["first", "new", "old"]


async def test_a_wake_up_needs_no_record_and_the_same_one_waits_once(kafka: str) -> None:
    topic = await new_topic(kafka)
    works = Works(seconds=0.2)
    intake = make_intake(settings_for(kafka, topic), works)
    async with running(intake):
        for _ in range(5):
            intake.wake("a", "due")
        intake.wake("a", "released")
        await until(lambda: len(works.wakes) == 2)
    assert works.wakes == [("a", "due"), ("a", "released")]


async def test_reading_starts_at_the_ledgers_mark_where_it_is_lower(kafka: str) -> None:
    topic = await new_topic(kafka)
    sent = await produce(kafka, topic, (("a", str(n).encode()) for n in range(20)))
    settings, marks, first = settings_for(kafka, topic), MemoryMarks(), Works()
    async with running(make_intake(settings, first, marks=marks)):
        await all_committed(kafka, settings.group, sent)
    marks.marks[topic, 0] = 15  # a database that was restored, or failed over
    again = Works()
    async with running(make_intake(settings, again, marks=marks)):
        await until(lambda: again.total() == 5)
        await until(lambda: marks.marks[topic, 0] == sent)
    assert again.values["a"][0] == b"15"


async def test_after_a_failover_of_the_database_reading_goes_back_by_a_horizon(kafka: str) -> None:
    topic = await new_topic(kafka)
    sent = await produce(kafka, topic, (("a", str(n).encode()) for n in range(20)))
    settings, marks = settings_for(kafka, topic), MemoryMarks()
    async with running(make_intake(settings, Works(), marks=marks)):
        await all_committed(kafka, settings.group, sent)
    again = Works()
    async with running(
        make_intake(settings_for(kafka, topic, group=settings.group, rewind_s=600.0), again, marks=marks)
    ):
        await until(lambda: again.total() == sent)


async def test_no_record_flows_before_the_ledger_said_where_to_start(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"0")])
    works, marks = Works(), MemoryMarks()
    marks.away = FerryError("the database is away")
    intake = make_intake(settings_for(kafka, topic), works, marks=marks)
    async with running(intake):
        await until(lambda: "gate" in intake.health().waits)
        assert intake.health().assigned == ((topic, 0),)
        assert not intake.health().ready
        assert works.total() == 0
        marks.away = None
        await until(lambda: works.total() == 1)
        assert intake.health().ready


async def test_a_ledger_that_is_away_holds_the_offsets_back(kafka: str) -> None:
    topic = await new_topic(kafka)
    works, marks, notes = Works(), MemoryMarks(), Notes()
    settings = settings_for(kafka, topic)
    async with running(make_intake(settings, works, marks=marks, observer=notes)):
        await produce(kafka, topic, [("a", b"0")])
        await all_committed(kafka, settings.group, 1)
        marks.away = FerryError("the database is away")
        await produce(kafka, topic, [("a", b"1")])
        await until(lambda: len(notes.failures) > 2)
        assert works.total() == 2
        assert await committed(kafka, settings.group) == {(topic, 0): 1}
        marks.away = None
        await all_committed(kafka, settings.group, 2)
