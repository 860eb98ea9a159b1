"""Pods that die or leave in the middle: whoever is there finds out what they had in hand and brings it to its end."""

from __future__ import annotations

import asyncio

import pytest

from tests.resilience.processes import until
from tests.resilience.shop import Shop
from tests.resilience.test_outages import SALES, ended, flowing, survived
from tests.resilience.town import Town

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

STREAM_S = 8.0
OF_A_POD = "SELECT key FROM keys LEFT JOIN intents USING (key) WHERE owner LIKE $1"


async def under_way(town: Town) -> None:
    """Wait until several calls are in flight: a kill now leaves intents open."""

    async def several() -> bool:
        return int((await town.erp.control("stats"))["in_flight"]) >= 3

    await until(several, "three calls under way")


async def test_the_service_killed_and_restarted_loses_nothing(town: Town) -> None:
    pod, shop, arriving = await town.pod("one"), Shop(SALES), asyncio.Event()
    async with shop.open(town.kafka.bootstrap, town.topic, seconds=STREAM_S, arriving=arriving) as selling:
        await flowing(town)
        arriving.set()
        await under_way(town)
        await pod.kill()
        assert await town.ledger("SELECT id FROM intents WHERE state = 'open'")
        await pod.start()
        await selling
        await ended(town, shop)
    survived(pod)


async def test_a_leaving_pod_leaves_nothing_open_and_a_killed_ones_keys_are_taken_over(town: Town) -> None:
    leaving, killed, shop = await town.pod("leaving"), await town.pod("killed"), Shop(SALES)
    async with shop.open(town.kafka.bootstrap, town.topic, seconds=STREAM_S) as selling:
        await both_at_work(town)
        await under_way(town)
        assert await leaving.stop() == 0
        assert await town.ledger(f"{OF_A_POD} AND state IN ('open', 'in_doubt')", leaving.owner) == []
        assert await town.ledger(f"{OF_A_POD} AND lease_until > 0", leaving.owner) == []
        await town.pod("staying")
        await under_way(town)
        await killed.kill()
        assert await town.ledger(f"{OF_A_POD} AND state = 'open'", killed.owner)
        await selling
        await ended(town, shop)
    survived(leaving)


async def both_at_work(town: Town) -> None:
    """Wait until each pod has claimed keys."""

    async def each() -> bool:
        return all([await town.ledger(OF_A_POD, pod.owner) for pod in town.pods])

    await until(each, "keys claimed by each pod")
