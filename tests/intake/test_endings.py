"""Tasks are ended for certain, also those that swallow a cancellation, as clients of Kafka do."""

from __future__ import annotations

import asyncio

import pytest

from service.intake.endings import end, ended_well


async def deaf(times: int) -> None:
    """Swallow so many cancellations."""
    for _ in range(times):
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            continue
    await asyncio.get_running_loop().create_future()


async def fails() -> None:
    raise OSError("no broker")


async def test_a_task_that_swallows_a_cancellation_is_asked_again() -> None:
    task = asyncio.create_task(deaf(1))
    await asyncio.sleep(0)
    assert await end([task], seconds=5.0)
    assert task.cancelled()


async def test_nobody_waits_for_ever_for_one_that_swallows_all() -> None:
    task = asyncio.create_task(deaf(1_000))
    await asyncio.sleep(0)
    assert not await end([task], seconds=0.2)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)


async def test_work_ends_well_or_is_ended() -> None:
    assert await ended_well(asyncio.sleep(0), seconds=5.0)
    assert not await ended_well(fails(), seconds=5.0)
    assert not await ended_well(deaf(1), seconds=0.1)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_whoever_is_cancelled_meanwhile_leaves_nothing_behind() -> None:
    waiting = asyncio.create_task(ended_well(deaf(0), seconds=60.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}
