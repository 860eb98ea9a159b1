"""The bare limit: aiokafka and aiohttp, consume and POST a ready-made invoice; no order, no ledger, no parsing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from typing import Any

import aiohttp
import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.invoice import invoice
from benchmarks.orders import written
from benchmarks.task import Task


class Reader:
    """One record at a time to whoever asks, fetched in batches."""

    def __init__(self, consumer: Any) -> None:  # noqa: ANN401  aiokafka has no types
        self._consumer = consumer
        self._ready: deque[Any] = deque()
        self._fetching = asyncio.Lock()

    async def take(self) -> Any:  # noqa: ANN401
        """Return the next record."""
        while not self._ready:
            async with self._fetching:
                if not self._ready:
                    batches = await self._consumer.getmany(timeout_ms=1000, max_records=1000)
                    for batch in batches.values():
                        self._ready.extend(batch)
        return self._ready.popleft()


async def run(task: Task) -> None:
    """Consume and post until killed."""
    order = json.loads(written(0).value)
    body = json.dumps(invoice(order, account=task.account, products=task.products)).encode()
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.bootstrap,
        group_id=f"{task.topic}-bare",
        auto_offset_reset="earliest",
        enable_auto_commit=True,
    )
    await consumer.start()
    connector = aiohttp.TCPConnector(limit=task.in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:
        reader = Reader(consumer)

        async def work() -> None:
            while True:
                record = await reader.take()
                headers = task.headers(f"{record.partition}-{record.offset}")
                async with session.post(task.url, data=body, headers=headers) as answer:
                    await answer.read()
                    if answer.status != 201:
                        raise RuntimeError(f"the ERP answered {answer.status}")

        async with asyncio.TaskGroup() as group:
            for _ in range(task.in_flight):
                group.create_task(work())


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
