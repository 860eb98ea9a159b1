"""Intake as the product builds it; a timer in the place of the ERP, no ledger, commits on the broker."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.collector import tame
from benchmarks.engine.carrier import Carrier
from benchmarks.engine.record import poisonous
from benchmarks.engine.task import Task
from schemas.outcome import Reason
from service.intake.connection import Connection
from service.intake.consumer_settings import ConsumerSettings, WindowLimits
from service.intake.dead_letters import KafkaDeadLetters
from service.intake.intake import Intake
from service.intake.lane import Item
from service.intake.observer import Slot
from service.intake.producer import Producer
from service.ports import DeadLetter, Record, Routed

DRAIN_S: Final = 5.0


class RealClock:
    """The machine's."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class MemoryMarks:
    """Low-water marks of a group with one member."""

    def __init__(self) -> None:
        self._marks: dict[Slot, int] = {}

    async def read(self, group: str) -> Mapping[Slot, int]:
        """Return them."""
        del group
        return self._marks

    async def write(self, group: str, marks: Mapping[Slot, int]) -> None:
        """Keep them."""
        del group
        self._marks.update(marks)


class FileMarks:
    """Low-water marks of a group with several members, in a folder with one file a partition, replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, group: str) -> Mapping[Slot, int]:
        """Return them."""
        found = {}
        for path in self._folder.glob(f"{group}.*.mark"):
            topic, number, mark = json.loads(path.read_text(encoding="utf-8"))
            found[(topic, number)] = mark
        return found

    async def write(self, group: str, marks: Mapping[Slot, int]) -> None:
        """Keep them."""
        for (topic, number), mark in marks.items():
            path = self._folder / f"{group}.{number}.mark"
            scratch = path.with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps([topic, number, mark]), encoding="utf-8")
            scratch.replace(path)


def route(record: Record) -> Sequence[Routed]:
    """Give a record to the lane of its key, to be read when its turn comes, as the product does."""
    return (Routed((record.key or b"").decode(), record),)


async def run(task: Task) -> None:
    """Carry until told to end."""
    carrier = Carrier(task)
    connection = Connection(task.bootstrap)
    producer = Producer(connection)
    letters = KafkaDeadLetters(producer=producer, topic=task.dead_letters)

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key
        for item in items:
            record = item.record
            if record is None or record.value is None:
                raise ValueError("every item of this bench has a record with a value")
            if poisonous(record.value):
                await letters.put(_letter(record))
                carrier.pass_by(record.value)
            else:
                await carrier.carry(record.value)

    intake = Intake(
        consumer_settings=ConsumerSettings(
            connection=connection, group=task.group, topics=frozenset({task.topic}), drain_s=DRAIN_S
        ),
        route=route,
        handle=handle,
        marks=FileMarks(Path(task.marks)) if task.marks else MemoryMarks(),
        clock=RealClock(),
        limits=limits(task),
    )
    tame()
    async with carrier.telling():
        running = asyncio.create_task(intake.run())
        told = asyncio.create_task(carrier.told.wait())
        await asyncio.wait([running, told], return_when=asyncio.FIRST_COMPLETED)
        await intake.stop(DRAIN_S)
        await running
        await producer.close()
        told.cancel()


def limits(task: Task) -> WindowLimits:
    """Return the product's defaults but for how many at once, and that every record is a call of its own."""
    return WindowLimits(in_flight=task.in_flight, coalesce=1)


def _letter(record: Record) -> DeadLetter:
    return DeadLetter(
        position=record.position,
        key=record.key,
        value=record.value,
        headers=record.headers,
        reason=Reason.UNDECODABLE,
        detail="poison of the bench",
    )


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
