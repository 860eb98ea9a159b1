"""What the intake tests share: a ledger of marks, a producer, an intake that runs, and waiting for a condition."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError

from service.intake.aiokafka_client import AiokafkaClient
from service.intake.client import Client, Raw
from service.intake.connection import Connection
from service.intake.consumer_settings import ConsumerSettings, WindowLimits
from service.intake.intake import Intake
from service.intake.lane import Item
from service.intake.lanes import Handle
from service.intake.observer import Silent, Slot
from service.ports import Record, Routed

PATIENCE_S = 60.0


class RealClock:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MemoryMarks:
    """A ledger that keeps marks, and that can be away."""

    def __init__(self) -> None:
        self.marks: dict[Slot, int] = {}
        self.written: list[dict[Slot, int]] = []
        self.away: Exception | None = None

    async def read(self, group: str) -> Mapping[Slot, int]:
        del group
        if self.away is not None:
            raise self.away
        return dict(self.marks)

    async def write(self, group: str, marks: Mapping[Slot, int]) -> None:
        del group
        if self.away is not None:
            raise self.away
        self.marks.update(marks)
        self.written.append(dict(marks))


class Notes(Silent):
    """An observer that keeps what tests ask for."""

    def __init__(self) -> None:
        self.redeliveries: list[tuple[Slot, int]] = []
        self.failures: list[str] = []
        self.revocations: list[bool] = []
        self.assignments: list[tuple[int, int, int]] = []
        self.rebuilds: list[str] = []
        self.pauses: list[tuple[Slot, str]] = []
        self.delays: list[tuple[str, str, float]] = []
        self.opens = 0

    def redelivered(self, slot: Slot, offset: int) -> None:
        self.redeliveries.append((slot, offset))

    def commit_failed(self, why: str) -> None:
        self.failures.append(why)

    def revoked(self, slots: Iterable[Slot], *, drained: bool) -> None:
        del slots
        self.revocations.append(drained)

    def assigned(self, slots: Iterable[Slot], *, kept: int, lost: int) -> None:
        self.assignments.append((len(list(slots)), kept, lost))

    def opened(self, slots: Iterable[Slot]) -> None:
        del slots
        self.opens += 1

    def rebuilt(self, why: str) -> None:
        self.rebuilds.append(why)

    def paused(self, slot: Slot, why: str) -> None:
        self.pauses.append((slot, why))

    def delayed(self, key: str, why: str, seconds: float) -> None:
        self.delays.append((key, why, seconds))


class StuckClient(AiokafkaClient):
    """A client as after K9: member of its group, heartbeats and all, but no record ever comes."""

    async def poll(self, *, seconds: float, most: int) -> Mapping[Slot, Sequence[Raw]]:
        del most
        await asyncio.sleep(seconds)
        return {}


class Works:
    """A handler that remembers everything, and finds out when one key is worked on twice at the same time.

    Several intakes may share one: then the check goes across them, as the fence of the ledger would.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.seen: dict[str, list[tuple[Slot, int]]] = defaultdict(list)
        self.values: dict[str, list[bytes]] = defaultdict(list)
        self.wakes: list[tuple[str, object]] = []
        self.running: set[str] = set()
        self.twice: list[str] = []
        self.most = 0
        self.batches: list[int] = []

    async def __call__(self, key: str, items: Sequence[Item]) -> None:
        if key in self.running:
            self.twice.append(key)
        self.running.add(key)
        self.most = max(self.most, len(self.running))
        try:
            await self.work(key, items)
        finally:
            self.running.discard(key)
        self.batches.append(len(items))
        for item in items:
            if item.record is None:
                self.wakes.append((key, item.payload))
            else:
                at = item.record.position
                self.seen[key].append(((at.topic, at.partition), at.offset))
                self.values[key].append(item.record.value or b"")

    async def work(self, key: str, items: Sequence[Item]) -> None:
        del key, items
        await asyncio.sleep(self.seconds)

    def total(self) -> int:
        return sum(len(values) for values in self.values.values())

    def distinct(self) -> int:
        return len({at for seen in self.seen.values() for at in seen})


def by_key(record: Record) -> list[Routed]:
    return [Routed(key=(record.key or b"").decode(), payload=record.value)]


def settings_for(bootstrap: str, topic: str, **changes: object) -> ConsumerSettings:
    settings = ConsumerSettings(
        connection=Connection(bootstrap),
        group=f"g-{uuid.uuid4().hex[:12]}",
        topics=frozenset({topic}),
        session_timeout_s=3.0,
        drain_s=5.0,
        rebalance_timeout_s=20.0,
        commit_timeout_s=3.0,
        allow_short_session=True,
    )
    return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]


def make_intake(
    settings: ConsumerSettings,
    handle: Handle,
    *,
    marks: MemoryMarks | None = None,
    limits: WindowLimits | None = None,
    observer: Silent | None = None,
    route: Callable[[Record], Sequence[Routed]] = by_key,
    make_client: Callable[[ConsumerSettings], Client] = AiokafkaClient,
) -> Intake:
    return Intake(
        consumer_settings=settings,
        route=route,
        handle=handle,
        marks=MemoryMarks() if marks is None else marks,
        limits=limits,
        observer=observer,
        clock=RealClock(),
        make_client=make_client,
    )


@contextlib.asynccontextmanager
async def running(intake: Intake, *, drain_s: float = 5.0) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(intake.run())
    try:
        yield task
    finally:
        await intake.stop(drain_s)
        with contextlib.suppress(Exception):
            await task


@contextlib.asynccontextmanager
async def producing(bootstrap: str, **options: object) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def produce(bootstrap: str, topic: str, records: Iterable[tuple[str, bytes]], **options: object) -> int:
    """Send key and value pairs; returns how many."""
    async with producing(bootstrap, **options) as producer:
        sent = [await producer.send(topic, value, key=key.encode()) for key, value in records]
        await asyncio.gather(*sent)
    return len(sent)


async def until(condition: Callable[[], bool], *, seconds: float = PATIENCE_S, what: str = "") -> None:
    """Wait for a condition; fails in words."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what or condition}"
        await asyncio.sleep(0.02)


async def until_async(condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE_S, what: str = "") -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what or condition}"
        await asyncio.sleep(0.1)


async def all_committed(bootstrap: str, group: str, total: int) -> None:
    """Wait until the committed offsets of a group add up to `total`."""

    async def there() -> bool:
        return sum((await committed(bootstrap, group)).values()) == total

    await until_async(there, what=f"{total} committed")


async def delete_records(bootstrap: str, topic: str, before: int) -> None:
    """Let the log of partition 0 begin at `before`, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


async def committed(bootstrap: str, group: str) -> dict[Slot, int]:
    """Read what a group has committed, as an outsider."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:  # a broker that had no group yet
        return {}
    finally:
        await admin.close()
    return {(slot.topic, slot.partition): at.offset for slot, at in found.items() if at.offset >= 0}
