"""FastStream on aiokafka, with the most workers that keep the order of keys: one a partition (`max_workers`).

More workers than partitions would idle; without `max_workers` one record is worked on at a time; and a batch
subscriber hands the whole batch to the handler, whose order is then the user's own work.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks.collector import tame
from benchmarks.engine.carrier import Carrier
from benchmarks.engine.task import Task


async def run(task: Task) -> None:
    """Carry until told to end."""
    carrier = Carrier(task)
    broker = KafkaBroker(task.bootstrap, logger=None)

    @broker.subscriber(
        task.topic,
        group_id=task.group,
        auto_offset_reset="earliest",
        max_workers=task.partitions,
        ack_policy=AckPolicy.ACK,
        no_reply=True,
    )
    async def carry(message: KafkaMessage) -> None:
        await carrier.carry(message.body)

    tame()
    async with carrier.telling():
        await broker.start()
        await carrier.told.wait()
        await broker.stop()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    uvloop.run(run(Task.read(sys.argv[1])))
