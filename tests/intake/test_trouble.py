"""What stops intake, in words, and what it gets over by itself."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import pytest

from sandbox.kafka_server import KafkaServer
from service.errors import Fatal, Waiting
from service.intake.aiokafka_client import AiokafkaClient
from service.intake.client import Raw
from service.intake.consumer_settings import WindowLimits
from service.intake.lane import Item
from service.intake.observer import Slot
from service.ports import Record, Routed
from service.telemetry.waits import waiting_for
from tests.fixtures_kafka import new_topic
from tests.intake.harness import (
    MemoryMarks,
    Notes,
    StuckClient,
    Works,
    all_committed,
    committed,
    delete_records,
    make_intake,
    produce,
    producing,
    running,
    settings_for,
    until,
)

pytestmark = pytest.mark.kafka


async def test_a_log_that_lost_unread_records_stops_intake_and_can_be_accepted(kafka: str) -> None:
    topic = await new_topic(kafka)
    settings, marks = settings_for(kafka, topic), MemoryMarks()
    await produce(kafka, topic, (("a", str(n).encode()) for n in range(5)))
    async with running(make_intake(settings, Works(), marks=marks)):
        await all_committed(kafka, settings.group, 5)
    await produce(kafka, topic, (("a", str(n).encode()) for n in range(5, 10)))
    await delete_records(kafka, topic, 8)

    works = Works()
    with pytest.raises(Fatal, match=f"records 5 to 7 of topic {topic}.*accept_gaps"):
        await make_intake(settings, works, marks=marks).run()
    assert works.total() == 0

    accepting = settings_for(kafka, topic, group=settings.group, accept_gaps=frozenset({f"{topic}:0:5"}))
    async with running(make_intake(accepting, works, marks=marks)):
        await until(lambda: works.values["a"] == [b"8", b"9"])
        await all_committed(kafka, settings.group, 10)


async def test_a_log_that_is_cut_off_under_a_running_reader_stops_intake(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, ((f"k{n}", b"x") for n in range(100)))
    gate = asyncio.Event()

    async def handle(key: str, items: object) -> None:
        del key, items
        await gate.wait()

    limits = WindowLimits(in_flight=200, records=10, poll_records=10)
    settings = settings_for(kafka, topic, drain_s=1.0)
    intake = make_intake(settings, handle, limits=limits)
    task = asyncio.create_task(intake.run())
    await until(lambda: bool(intake.health().paused))
    await delete_records(kafka, topic, 90)
    gate.set()
    with pytest.raises(Fatal, match=r"were deleted before they were read.*begins at offset 90"):
        await asyncio.wait_for(task, 30)
    assert (await committed(kafka, settings.group))[topic, 0] <= 20


async def test_an_unexpected_error_ends_the_run_and_its_offset_stays(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("good", b""), ("bad", b""), ("good", b"")])
    settings = settings_for(kafka, topic)

    async def handle(key: str, items: object) -> None:
        del items
        if key == "bad":
            raise ZeroDivisionError("a fault of ours")

    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        await make_intake(settings, handle).run()
    assert (await committed(kafka, settings.group)).get((topic, 0), 0) <= 1


async def test_a_record_that_cannot_be_routed_stops_intake_with_its_position(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"")])

    def route(record: Record) -> list[Routed]:
        raise LookupError(record.position.topic)

    with pytest.raises(Fatal, match=f"offset 0 of topic {topic}, partition 0"):
        await make_intake(settings_for(kafka, topic), Works(), route=route).run()


async def test_an_error_in_a_rebalance_callback_is_not_swallowed(kafka: str) -> None:
    topic = await new_topic(kafka)

    class Faulty(Notes):
        def assigned(self, slots: object, *, kept: int, lost: int) -> None:
            raise RuntimeError(f"a fault in the listener, {slots} {kept} {lost}")

    with pytest.raises(RuntimeError, match="a fault in the listener"):
        await make_intake(settings_for(kafka, topic), Works(), observer=Faulty()).run()


async def test_a_ledger_that_ends_the_process_lets_go_of_the_group(kafka: str) -> None:
    """The last commit fails as well; a client that nobody stopped would hold the event loop and its partitions."""
    topic = await new_topic(kafka)
    marks, works, notes = MemoryMarks(), Works(), Notes()
    before = asyncio.all_tasks()
    run = asyncio.create_task(make_intake(settings_for(kafka, topic), works, marks=marks, observer=notes).run())
    await until(lambda: notes.opens == 1)
    marks.away = Fatal("the ledger was restored")
    await produce(kafka, topic, [("a", b"")])
    with pytest.raises(Fatal, match="restored"):
        await asyncio.wait_for(run, 30)
    assert works.total() == 1
    await until(lambda: asyncio.all_tasks() <= before, seconds=10, what="no task is left")


async def test_a_paused_member_stays_in_its_group(kafka: str) -> None:
    """A member that does not poll for max.poll.interval is put out of the group (K8): 1 s here."""
    topic = await new_topic(kafka)
    await produce(kafka, topic, ((f"k{n}", b"") for n in range(50)))
    works, notes, closed = Works(), Notes(), [True]

    async def handle(key: str, items: Sequence[Item]) -> None:
        if closed[0]:
            raise Waiting(wait="breaker:arcus", why="the ERP is away", after=60)
        await works(key, items)

    intake = make_intake(
        settings_for(kafka, topic),
        handle,
        observer=notes,
        limits=WindowLimits(records=20, poll_records=20),
        make_client=functools.partial(AiokafkaClient, max_poll_interval_ms=1000),
    )
    async with running(intake):
        await until(lambda: intake.health().waits.get("breaker:arcus") == 20)
        assert intake.health().paused
        await asyncio.sleep(4)  # time itself is what is tested
        assert len(notes.assignments) == 1
        assert not notes.revocations
        closed[0] = False
        intake.end_wait("breaker:arcus")
        await until(lambda: works.total() == 50)


QUICK = {"drain_s": 0.5, "commit_timeout_s": 0.5, "rebalance_timeout_s": 1.5, "session_timeout_s": 1.5}


async def test_a_client_that_is_stuck_is_replaced(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"")])
    works, notes, clients = Works(), Notes(), [StuckClient, AiokafkaClient]
    intake = make_intake(
        settings_for(kafka, topic, **QUICK),
        works,
        observer=notes,
        limits=WindowLimits(stall_s=1),
        make_client=lambda settings: clients.pop(0)(settings),  # noqa: PLW0108  one class after the other
    )
    async with running(intake):
        await until(lambda: works.total() == 1)
    assert len(notes.rebuilds) == 1
    assert "1 records wait" in notes.rebuilds[0]


async def test_a_stall_that_a_new_client_does_not_end_ends_the_process(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"")])
    intake = make_intake(
        settings_for(kafka, topic, **QUICK), Works(), limits=WindowLimits(stall_s=1), make_client=StuckClient
    )
    with pytest.raises(Fatal, match="intake is stuck: 1 records wait"):
        await asyncio.wait_for(intake.run(), 40)


async def test_a_named_wait_is_never_taken_for_a_stall(kafka: str) -> None:
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b"")])
    notes = Notes()

    async def handle(key: str, items: object) -> None:
        del key, items
        raise Waiting(wait="tenant_paused", why="a person said so", after=60)

    intake = make_intake(settings_for(kafka, topic, **QUICK), handle, observer=notes, limits=WindowLimits(stall_s=1))
    async with running(intake) as task:
        await until(lambda: intake.health().waits == {"tenant_paused": 1})
        await asyncio.sleep(4)  # time itself is what is tested
        assert not task.done()
        assert not notes.rebuilds
        assert not intake.health().stalled


@pytest.mark.parametrize("name", ["unknown", ""])
async def test_a_handler_that_waits_is_a_stall_unless_it_says_for_what(kafka: str, name: str) -> None:
    """One worker, which waits inside the handler; the other lane waits for the worker."""
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("a", b""), ("b", b"")])
    notes, go_on = Notes(), asyncio.Event()

    async def handle(key: str, items: object) -> None:
        del key, items
        with waiting_for(name) if name else nullcontext():
            await go_on.wait()

    limits = WindowLimits(stall_s=1, in_flight=1)
    intake = make_intake(settings_for(kafka, topic, **QUICK), handle, observer=notes, limits=limits)
    async with running(intake) as task:
        if name:
            await until(lambda: intake.health().waits == {"unknown": 1})
            await asyncio.sleep(4)  # time itself is what is tested
            assert not notes.rebuilds
        else:
            # Until the next client has joined: who stops amidst a change of clients leaves the old one's socket open.
            await until(lambda: bool(notes.rebuilds) and intake.health().ready)
        assert not task.done()
        go_on.set()


async def test_a_broker_that_is_away_for_15_seconds_needs_nobody(own_kafka: KafkaServer) -> None:
    topic = await new_topic(own_kafka.bootstrap, partitions=2)
    works, marks, notes = Works(seconds=0.01), MemoryMarks(), Notes()
    settings = settings_for(own_kafka.bootstrap, topic)
    intake = make_intake(settings, works, marks=marks, observer=notes, limits=WindowLimits(in_flight=4))
    async with running(intake) as task:
        await produce(own_kafka.bootstrap, topic, ((f"k{n % 20}", b"before") for n in range(2000)))
        await until(lambda: works.total() > 100)
        await asyncio.to_thread(own_kafka.kill)
        await asyncio.sleep(15)
        assert not task.done()
        await asyncio.to_thread(own_kafka.start)
        await produce(own_kafka.bootstrap, topic, ((f"k{n % 20}", b"after") for n in range(100)))
        await until(lambda: works.distinct() == 2100)
        await all_committed(own_kafka.bootstrap, settings.group, 2100)
    assert not works.twice


async def test_wake_ups_run_while_there_is_no_broker(own_kafka: KafkaServer) -> None:
    """The client is replaced again and again meanwhile; what the ledger wakes needs no Kafka."""
    topic = await new_topic(own_kafka.bootstrap)
    works, notes = Works(), Notes()
    settings = settings_for(own_kafka.bootstrap, topic, **QUICK)
    intake = make_intake(settings, works, observer=notes, limits=WindowLimits(stall_s=1))
    async with running(intake) as task:
        await until(lambda: intake.health().ready)
        own_kafka.kill()
        await until(lambda: len(notes.rebuilds) >= 2)
        intake.wake("a", "due")
        await until(lambda: works.wakes == [("a", "due")])
        assert "kafka" in intake.health().waits
        assert intake.health().stalled
        assert not task.done()


async def test_a_broker_that_hangs_is_got_over(own_kafka: KafkaServer) -> None:
    topic = await new_topic(own_kafka.bootstrap)
    works, notes = Works(), Notes()
    settings = settings_for(own_kafka.bootstrap, topic, **QUICK)
    async with (
        producing(own_kafka.bootstrap) as producer,
        running(make_intake(settings, works, observer=notes)) as task,
    ):
        for number in range(100):
            await producer.send_and_wait(topic, b"", key=f"k{number}".encode())
        await until(lambda: works.total() == 100)
        await producer.send_and_wait(topic, b"", key=b"last")
        own_kafka.freeze()
        try:
            await until(lambda: bool(notes.failures), seconds=20, what="a commit that is given up")
        finally:
            own_kafka.thaw()
        assert not task.done()
        await producer.send_and_wait(topic, b"", key=b"after")
        await until(lambda: works.distinct() == 102)
        await all_committed(own_kafka.bootstrap, settings.group, 102)


class SelfCancelling(AiokafkaClient):
    """A client whose own broken cancellation comes out of a call, as aiokafka's stop() does without a broker."""

    async def poll(self, *, seconds: float, most: int) -> Mapping[Slot, Sequence[Raw]]:
        del seconds, most
        raise asyncio.CancelledError


async def test_a_cancellation_that_nobody_asked_for_ends_intake_aloud(kafka: str) -> None:
    topic = await new_topic(kafka)
    intake = make_intake(settings_for(kafka, topic), Works(), make_client=SelfCancelling)
    with pytest.raises(RuntimeError, match="nobody has stopped it"):
        await asyncio.wait_for(intake.run(), 30)
