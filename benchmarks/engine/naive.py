"""The naive loop: one record, one call, the next record. It keeps the order, and waits for every answer."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiokafka import AIOKafkaConsumer

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

    async def loop() -> None:
        async for record in consumer:
            await carrier.carry(record.value)

    async with carrier.telling():
        working = asyncio.create_task(loop())
        await carrier.told.wait()
        working.cancel()
        await asyncio.wait([working])


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
