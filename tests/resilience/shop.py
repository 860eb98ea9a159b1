"""A shop whose sales come in a steady stream: orders, and a little later the payments that belong to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from aiokafka import AIOKafkaProducer

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.deliveries import Delivery
from sandbox.shop.history import History
from sandbox.shop.scenarios.flows import due
from sandbox.shop.shops import SHOPS

SHOP = SHOPS[0]
LATE_BY = 12  # sales between an order and its payment: whatever breaks, breaks between some pairs of the two
FIRST = 60  # records before the shop waits until it is seen that sales arrive: more than enough for ten payments
STOP_S = 5.0
OUTLAST_MS = 300_000  # the shop keeps what Kafka does not take, longer than any outage here


@dataclass(frozen=True, slots=True)
class Sale:
    """One order as it must stand in the ERP."""

    order: str
    buyer: str
    total: Decimal
    cash: dict[str, Decimal]
    """Transaction id to amount."""


def _sale(index: int) -> tuple[Sale, list[Delivery]]:
    history = History(SHOP, Random(f"resilience:{index}"), index)  # noqa: S311  the same sales every time
    fill(history, Wishes(plain=index % 3 > 0))
    cash = history.transact("sale", due(history))
    history.tell("orders/create")
    history.tell_transaction(cash)
    order = history.order
    buyer = str(order.buyer.customer_id or (order.buyer.email or "").strip().lower())
    return Sale(str(order.id), buyer, order.total(), {str(cash.id): cash.shop_amount}), history.deliveries


class Shop:
    """So many sales, and the records that tell of them in the order in which they are sent."""

    def __init__(self, sales: int) -> None:
        both = [_sale(index) for index in range(sales)]
        self.sales: Sequence[Sale] = [sale for sale, _ in both]
        timed = [
            (index + LATE_BY * number, delivery)
            for index, (_, deliveries) in enumerate(both)
            for number, delivery in enumerate(deliveries)
        ]
        self.records = [delivery for _, delivery in sorted(timed, key=lambda pair: pair[0])]
        self.sent = 0

    @asynccontextmanager
    async def open(
        self, bootstrap: str, topic: str, *, seconds: float, arriving: asyncio.Event | None = None
    ) -> AsyncIterator[asyncio.Task[None]]:
        """Send everything within `seconds`, evenly; the task ends when Kafka has all of it.

        Nothing but the first sales before they are `arriving`: a slow machine would send all before a pod is there.
        """
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=OUTLAST_MS)
        await producer.start()
        sending = asyncio.create_task(self._send(producer, topic, seconds / len(self.records), arriving))
        try:
            yield sending
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            with suppress(TimeoutError):  # it would wait for a broker that a failed test left dead
                await asyncio.wait_for(producer.stop(), STOP_S)

    async def _send(self, producer: AIOKafkaProducer, topic: str, beat: float, arriving: asyncio.Event | None) -> None:
        loop = asyncio.get_running_loop()
        began, taken = loop.time(), []
        for number, record in enumerate(self.records):
            if arriving and number == FIRST:
                await arriving.wait()
                began = loop.time() - number * beat
            await asyncio.sleep(began + number * beat - loop.time())
            taken.append(await producer.send(topic, key=record.key, value=record.value, headers=list(record.headers)))
            self.sent = number + 1
        await asyncio.gather(*taken)
