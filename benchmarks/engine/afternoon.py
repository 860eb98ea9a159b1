"""The afternoon version: read a batch, a semaphore, gather, next batch; records of one key overtake each other."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.afternoon import BATCH
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
    semaphore = asyncio.Semaphore(task.in_flight)

    async def carry(value: bytes) -> None:
        async with semaphore:
            await carrier.carry(value)

    async def loop() -> None:
        while True:
            batches = await consumer.getmany(timeout_ms=1000, max_records=max(BATCH, task.in_flight))
            await asyncio.gather(*(carry(record.value) for batch in batches.values() for record in batch))

    async with carrier.telling():
        working = asyncio.create_task(loop())
        await carrier.told.wait()
        working.cancel()
        await asyncio.wait([working])


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
