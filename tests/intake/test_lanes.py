from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from service.errors import FenceLost, Retryable, Waiting
from service.intake.consumer_settings import WindowLimits
from service.intake.lane import GONE, Item, Lane
from service.intake.lanes import Handle, Lanes
from service.intake.partition import Partition
from service.ports import Priority, Record
from tests.intake.harness import Notes, until

LIMITS = WindowLimits(in_flight=4, coalesce=3, payloads=1000)


def record(offset: int) -> Record:
    return Record("t", 0, offset, key=None, value=b"", headers=(), timestamp=0)


def item(
    offset: int, *, priority: Priority = Priority.LIVE, partition: Partition | None = None, payload: object = None
) -> Item:
    return Item(record=record(offset), payload=payload, priority=priority, partition=partition)


def offsets(items: Sequence[Item]) -> list[int]:
    return [one.record.offset for one in items if one.record is not None]


class Desk:
    """What the lanes did: the batches in the order of their starts, the items done, the errors."""

    def __init__(self) -> None:
        self.started: list[tuple[str, list[int]]] = []
        self.done: list[int] = []
        self.errors: list[BaseException] = []
        self.notes = Notes()


@asynccontextmanager
async def lanes_with(
    handle: Handle, desk: Desk, *, limits: WindowLimits = LIMITS, reroute: Callable[[Item], object] = id
) -> AsyncIterator[Lanes]:
    async def noted(key: str, items: Sequence[Item]) -> None:
        desk.started.append((key, offsets(items)))
        await handle(key, items)

    lanes = Lanes(
        handle=noted,
        reroute=reroute,
        done=lambda items: desk.done.extend(offsets(items)),
        fail=desk.errors.append,
        limits=limits,
        observer=desk.notes,
        chance=lambda: 0.0,
    )
    try:
        yield lanes
    finally:
        await lanes.close()


class Gate:
    """A handler that stops at a gate until it is told to go on."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside: set[str] = set()
        self.most = 0

    async def __call__(self, key: str, items: Sequence[Item]) -> None:
        del items
        assert key not in self.inside, "two flights of one key"
        self.inside.add(key)
        self.most = max(self.most, len(self.inside))
        await self.open.wait()
        self.inside.discard(key)


async def at_once(key: str, items: Sequence[Item]) -> None:
    del key, items


async def test_one_flight_per_key_and_what_waits_goes_together() -> None:
    gate, desk = Gate(), Desk()
    async with lanes_with(gate, desk) as lanes:
        for offset in range(6):
            lanes.push("a", item(offset))
            if not offset:
                await until(lambda: "a" in gate.inside)
        gate.open.set()
        await until(lambda: len(desk.done) == 6)
    assert desk.started == [("a", [0]), ("a", [1, 2, 3]), ("a", [4, 5])]
    assert desk.done == list(range(6))
    assert len(lanes) == 0


async def test_no_more_keys_run_at_once_than_allowed() -> None:
    gate, desk = Gate(), Desk()
    async with lanes_with(gate, desk) as lanes:
        for offset in range(20):
            lanes.push(f"k{offset}", item(offset))
        await until(lambda: len(gate.inside) == LIMITS.in_flight)
        gate.open.set()
        await until(lambda: len(desk.done) == 20)
    assert gate.most == LIMITS.in_flight
    assert [key for key, _ in desk.started] == [f"k{offset}" for offset in range(20)], "first come, first served"


async def test_live_goes_before_replay_and_promotes_its_key() -> None:
    gate, desk = Gate(), Desk()
    async with lanes_with(gate, desk, limits=WindowLimits(in_flight=1)) as lanes:
        lanes.push("first", item(0))
        await until(lambda: "first" in gate.inside)
        lanes.push("old-1", item(1, priority=Priority.REPLAY))
        lanes.push("old-2", item(2, priority=Priority.REPLAY))
        lanes.push("repair", item(3, priority=Priority.RECOVERY))
        lanes.push("live", item(4))
        lanes.push("old-2", item(5))
        gate.open.set()
        await until(lambda: len(desk.done) == 6)
    assert desk.started == [
        ("first", [0]),
        ("live", [4]),
        ("old-2", [2, 5]),
        ("repair", [3]),
        ("old-1", [1]),
    ]


async def test_a_named_wait_keeps_its_items_and_ends_by_its_name() -> None:
    desk, closed = Desk(), [True]

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        if closed[0]:
            raise Waiting(wait="breaker:arcus", why="the ERP is away", after=3600)

    async with lanes_with(handle, desk) as lanes:
        for offset in range(3):
            lanes.push(f"k{offset}", item(offset))
        await until(lambda: len(lanes.waits.get("breaker:arcus", ())) == 3)
        lanes.push("k1", item(9))
        assert lanes.running == 0
        assert not desk.done
        closed[0] = False
        assert lanes.end_wait("breaker:arcus") == 3
        await until(lambda: len(desk.done) == 4)
        assert not lanes.waits
    assert ("k1", [1, 9]) in desk.started


async def test_a_named_wait_is_looked_at_again_after_its_time() -> None:
    desk, tries = Desk(), [0]

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        tries[0] += 1
        if tries[0] < 3:
            raise Waiting(wait="rate", why="budget used up", after=0.05)

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0))
        await until(lambda: desk.done == [0])
        assert not lanes.waits
    assert [why for _, why, _ in desk.notes.delays] == ["rate", "rate"]


@pytest.mark.parametrize("error", [FenceLost(key="a"), Retryable(what="it", why="the ledger was away")])
async def test_a_lost_fence_or_a_retryable_error_is_tried_again_with_growing_waits(error: Exception) -> None:
    desk, tries = Desk(), [0]

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        tries[0] += 1
        if tries[0] < 4:
            raise error

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0))
        lanes.push("b", item(1))
        await until(lambda: len(desk.done) == 2)
    seconds = [seconds for key, _, seconds in desk.notes.delays if key == "a"]
    assert seconds == sorted(seconds)
    assert not desk.errors


async def test_a_retryable_error_waits_at_least_as_long_as_it_says() -> None:
    desk = Desk()

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        raise Retryable(what="it", why="busy", after=7.0)

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0))
        await until(lambda: bool(desk.notes.delays))
    assert desk.notes.delays[0][2] >= 7.0


async def test_an_unexpected_error_is_reported_and_nothing_is_done() -> None:
    desk, error = Desk(), KeyError("a fault")

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        raise error

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0))
        await until(lambda: bool(desk.errors))
    assert desk.errors == [error]
    assert not desk.done


async def test_a_handler_that_is_cancelled_from_inside_does_not_vanish() -> None:
    desk = Desk()

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key, items
        raise asyncio.CancelledError

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0))
        await until(lambda: bool(desk.errors))
    assert not desk.done


async def test_lanes_of_a_lost_partition_are_dropped_and_what_runs_ends() -> None:
    gate, desk = Gate(), Desk()
    lost, kept = Partition("t", 0, priority=Priority.LIVE), Partition("t", 1, priority=Priority.LIVE)
    async with lanes_with(gate, desk) as lanes:
        lanes.push("a", item(0, partition=lost))
        await until(lambda: "a" in gate.inside)
        lanes.push("a", item(1, partition=lost))
        lanes.push("a", item(2, partition=kept))
        lanes.freeze()
        lanes.push("b", item(3, partition=lost))
        lost.lost = True
        lanes.drop({lost})
        assert (lanes.waiting, len(lanes)) == (1, 1)
        lanes.thaw()
        gate.open.set()
        await until(lambda: 2 in desk.done)
    assert desk.started == [("a", [0]), ("a", [2])]


async def test_a_dropped_item_does_not_come_back_with_a_retry() -> None:
    gate, desk = Gate(), Desk()
    lost = Partition("t", 0, priority=Priority.LIVE)

    async def handle(key: str, items: Sequence[Item]) -> None:
        await gate(key, items)
        raise Retryable(what="it", why="busy")

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0, partition=lost))
        await until(lambda: "a" in gate.inside)
        lost.lost = True
        lanes.drop({lost})
        gate.open.set()
        await until(lambda: not len(lanes))
    assert not desk.done


async def test_a_freeze_starts_nothing_and_a_drain_waits_for_what_runs() -> None:
    gate, desk = Gate(), Desk()
    async with lanes_with(gate, desk) as lanes:
        lanes.push("a", item(0))
        await until(lambda: "a" in gate.inside)
        lanes.freeze()
        lanes.push("b", item(1))
        assert not await lanes.drain(0.05)
        gate.open.set()
        assert await lanes.drain(5)
        assert desk.started == [("a", [0])]
        lanes.thaw()
        await until(lambda: desk.done == [0, 1])


async def test_payloads_beyond_the_limit_are_let_go_and_read_again_in_turn() -> None:
    gate, desk, got = Gate(), Desk(), []

    async def handle(key: str, items: Sequence[Item]) -> None:
        await gate(key, items)
        got.extend([one.payload for one in items])

    limits = WindowLimits(in_flight=1, payloads=2)
    async with lanes_with(handle, desk, limits=limits, reroute=lambda one: f"again {offsets([one])}") as lanes:
        lanes.push("first", item(0, payload="first"))
        await until(lambda: "first" in gate.inside)
        held = [item(offset, payload=f"payload {offset}") for offset in range(1, 5)]
        for one in held:
            lanes.push("a", one)
        assert [one.payload is GONE for one in held] == [False, False, True, True]
        gate.open.set()
        await until(lambda: len(desk.done) == 5)
    assert got == ["first", "payload 1", "payload 2", "again [3]", "again [4]"]


async def test_payloads_of_lanes_that_wait_are_let_go_as_well() -> None:
    desk, held = Desk(), [item(offset, payload=f"payload {offset}") for offset in range(20)]

    async def handle(key: str, items: Sequence[Item]) -> None:
        del key
        assert all(str(one.payload).endswith(str(offsets([one])[0])) for one in items)
        raise Waiting(wait="breaker", why="the ERP is away", after=3600)

    limits = WindowLimits(in_flight=4, payloads=5)
    async with lanes_with(handle, desk, limits=limits, reroute=lambda one: f"again {offsets([one])[0]}") as lanes:
        for one in held:
            lanes.push(f"k{offsets([one])[0]}", one)
        await until(lambda: len(lanes.waits.get("breaker", ())) == 20)
        assert sum(one.payload is not GONE for one in held) == 5
        assert not desk.errors


async def test_a_wake_up_runs_in_the_lane_like_any_item() -> None:
    gate, desk, woken = Gate(), Desk(), []

    async def handle(key: str, items: Sequence[Item]) -> None:
        await gate(key, items)
        woken.extend([one.payload for one in items if one.record is None])

    async with lanes_with(handle, desk) as lanes:
        lanes.push("a", item(0))
        await until(lambda: "a" in gate.inside)
        assert not lanes.has_wake("a", "released")
        lanes.push("a", Item(record=None, payload="released"))
        assert lanes.has_wake("a", "released")
        gate.open.set()
        await until(lambda: woken == ["released"])


def test_a_lane_is_as_urgent_as_its_most_urgent_item() -> None:
    lane = Lane("a")
    assert lane.best() is Priority.REPLAY
    for priority in (Priority.REPLAY, Priority.RECOVERY, Priority.LIVE):
        lane.items.append(item(0, priority=priority))
        assert lane.best() is priority


async def test_thousands_of_lanes_need_no_task_of_their_own() -> None:
    gate, desk = Gate(), Desk()
    async with lanes_with(gate, desk) as lanes:
        before = len(asyncio.all_tasks())
        for offset in range(5000):
            lanes.push(f"k{offset}", item(offset))
        await until(lambda: len(gate.inside) == LIMITS.in_flight)
        assert len(asyncio.all_tasks()) <= before + LIMITS.in_flight
        gate.open.set()
        await until(lambda: len(desk.done) == 5000)
