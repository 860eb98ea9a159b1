"""The bare limit: aiokafka and as many workers as may be in flight; no order, no keys, offsets committed by a timer."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.bare import Reader
from benchmarks.collector import tame
from benchmarks.engine.carrier import Carrier
from benchmarks.engine.task import Task


async def run(task: Task) -> None:
    """Carry until told to end."""
    carrier = Carrier(task)
    consumer = AIOKafkaConsumer(
        task.topic, bootstrap_servers=task.bootstrap, group_id=task.group, auto_offset_reset="earliest"
    )
    await consumer.start()
    tame()
    reader = Reader(consumer)

    async def work() -> None:
        while True:
            record = await reader.take()
            await carrier.carry(record.value)

    async with carrier.telling():
        workers = [asyncio.create_task(work()) for _ in range(task.in_flight)]
        told = asyncio.create_task(carrier.told.wait())
        await asyncio.wait([told, *workers], return_when=asyncio.FIRST_COMPLETED)
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
