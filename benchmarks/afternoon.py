"""The afternoon version: read a batch, map, a semaphore, gather, next batch; no order, no ledger, nothing proven."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import aiohttp
import httpx
import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.invoice import invoice
from benchmarks.task import Task

BATCH: Final = 500  # aiokafka's and Java's own default of a poll
Post = Callable[[bytes, dict[str, str]], Awaitable[int]]


async def by_httpx(task: Task, stack: AsyncExitStack) -> Post:
    """Post with plain httpx."""
    limits = httpx.Limits(max_connections=task.in_flight, max_keepalive_connections=task.in_flight)
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=30))

    async def post(body: bytes, headers: dict[str, str]) -> int:
        answer = await client.post(task.url, content=body, headers=headers)
        answer.json()
        return answer.status_code

    return post


async def by_aiohttp(task: Task, stack: AsyncExitStack) -> Post:
    """Post with aiohttp."""
    session = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=task.in_flight))
    )

    async def post(body: bytes, headers: dict[str, str]) -> int:
        async with session.post(task.url, data=body, headers=headers) as answer:
            await answer.json()
            return answer.status

    return post


CLIENTS: Final = {"httpx": by_httpx, "aiohttp": by_aiohttp}


async def run(task: Task) -> None:
    """Consume, map and post until killed."""
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.bootstrap,
        group_id=f"{task.topic}-{task.client}",
        auto_offset_reset="earliest",
        enable_auto_commit=True,
    )
    await consumer.start()
    semaphore = asyncio.Semaphore(task.in_flight)
    async with AsyncExitStack() as stack:
        post = await CLIENTS[task.client](task, stack)

        async def carry(record: Any) -> None:  # noqa: ANN401  aiokafka has no types
            async with semaphore:
                order = json.loads(record.value)
                body = json.dumps(invoice(order, account=task.account, products=task.products)).encode()
                status = await post(body, task.headers(f"order-{order['id']}"))
                if status != 201:
                    raise RuntimeError(f"the ERP answered {status} to order {order['id']}")

        while True:
            batches = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            await asyncio.gather(*(carry(record) for batch in batches.values() for record in batch))


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
