"""Each neighbour killed in the middle and started again: nothing is lost or doubled, and nobody has to do anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.resilience.books import faults, settled
from tests.resilience.pod import Pod
from tests.resilience.processes import until
from tests.resilience.shop import Shop
from tests.resilience.town import PARTITIONS, Town

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SALES = 150
AROUND_S = 4.0  # the stream begins before the outage and ends after it


async def flowing(town: Town, count: int = 10) -> None:
    """Wait until sales arrive in the ERP."""

    async def enough() -> bool:
        return len((await town.erp.books())["payments"]) >= count

    await until(enough, f"{count} payments in the ERP")


async def ended(town: Town, shop: Shop) -> None:
    """Wait until everything is in the ERP and the pods have nothing left; then hold the books against the sales."""

    async def all_there() -> bool:
        return settled(shop.sales, await town.erp.books()) == len(shop.sales)

    async def quiet() -> bool:
        pods = [await pod.left() for pod in town.pods if pod.running]
        left = [series for one in pods for series in (one or {}).items()]
        read = sum(f'topic="{town.topic}"' in name for name, _ in left)
        return None not in pods and read == PARTITIONS and not any(value for _, value in left)

    await until(all_there, "all sales in the ERP")
    await until(quiet, "nothing left to do")
    assert faults(shop.sales, await town.erp.books(), await town.erp.control("log")) == []
    assert await town.ledger("SELECT id FROM intents WHERE state IN ('open', 'in_doubt')") == []
    assert await town.ledger("SELECT detail FROM verdicts WHERE outcome = 'parked'") == []
    assert await town.ledger("SELECT detail FROM dead_letters") == []
    assert await town.letters() == 0


def survived(pod: Pod) -> None:
    """It ran through, and said all the time that it lives."""
    assert (pod.ends, pod.unwell) == ([], [])


Act = Callable[[], Awaitable[None]]


async def outage(town: Town, wait: str, *, seconds: float, kill: Act, start: Act) -> Pod:
    """Sell all the time; take a neighbour away for `seconds` in the middle, until that has the name of `wait`."""
    pod, shop, arriving = await town.pod("one"), Shop(SALES), asyncio.Event()

    async def named() -> bool:
        return wait in pod.waits

    within = seconds + AROUND_S
    async with shop.open(town.kafka.bootstrap, town.topic, seconds=within, arriving=arriving) as selling:
        await flowing(town)
        arriving.set()
        assert not selling.done()
        await kill()
        try:
            await asyncio.sleep(seconds)  # the length of the outage is what is tried
            await until(named, f"the wait {wait} in /metrics")
        finally:
            await start()
        await selling
        await ended(town, shop)
        assert await town.ledger("SELECT key FROM keys WHERE lease_until > extract(epoch FROM now())") == []
    return pod


async def test_postgresql_killed_and_restarted_loses_nothing(town: Town, outage_s: float) -> None:
    kill, start = _threaded(town.postgres.kill), _threaded(town.postgres.start)
    survived(await outage(town, "ledger_down", seconds=outage_s, kill=kill, start=start))


async def test_kafka_killed_and_restarted_loses_nothing(town: Town, outage_s: float) -> None:
    kill, start = _threaded(town.kafka.kill), _threaded(town.kafka.start)
    survived(await outage(town, "kafka", seconds=outage_s, kill=kill, start=start))


async def test_the_erp_killed_and_restarted_loses_nothing(town: Town, outage_s: float) -> None:
    erp = town.erp
    survived(await outage(town, "breaker_open", seconds=outage_s, kill=erp.kill, start=erp.start))


def _threaded(work: Callable[[], None]) -> Act:
    async def act() -> None:
        await asyncio.to_thread(work)

    return act
