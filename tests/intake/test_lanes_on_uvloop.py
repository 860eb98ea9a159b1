"""The loop of the product is uvloop's, and its timers are not quite those of the standard library."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count

import uvloop

from service.errors import Waiting
from service.intake.consumer_settings import WindowLimits
from service.intake.lane import Item
from service.intake.lanes import Lanes
from tests.intake.harness import Notes, until
from tests.intake.test_lanes import item


async def wait_thrice(keys: int) -> tuple[int, list[BaseException]]:
    """Let every lane wait three times, at moments less than a millisecond apart; returns those done, and errors."""
    tries: dict[str, int] = {}
    done: list[Item] = []
    errors: list[BaseException] = []
    spread = count()

    async def handle(key: str, items: Sequence[Item]) -> None:
        del items
        tries[key] = tries.get(key, 0) + 1
        if tries[key] <= 3:
            raise Waiting("ledger_down", "the database is away", 0.05)

    lanes = Lanes(
        handle=handle,
        reroute=id,
        done=done.extend,
        fail=errors.append,
        limits=WindowLimits(in_flight=8),
        observer=Notes(),
        chance=lambda: next(spread) % 97 / 97,
    )
    for number in range(keys):
        lanes.push(f"key-{number}", item(number))
    try:
        await until(lambda: len(done) == keys or bool(errors))
    finally:
        await lanes.close()
    return len(done), errors


def test_hundreds_of_lanes_that_wait_for_moments_close_together_all_go_on() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(wait_thrice(500)) == (500, [])
