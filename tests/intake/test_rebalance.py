"""Members come, go, hang and die; nothing is lost, and no key is worked on twice at the same time (K1 to K6, K17)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from service.intake.consumer_settings import WindowLimits
from tests.fixtures_kafka import new_topic
from tests.intake.harness import (
    MemoryMarks,
    Notes,
    Works,
    all_committed,
    committed,
    make_intake,
    produce,
    producing,
    running,
    settings_for,
    until,
)
from tests.intake.member import LIMITS

pytestmark = pytest.mark.kafka
ROOT = Path(__file__).resolve().parents[2]


async def test_members_join_and_leave_while_records_flow(kafka: str) -> None:
    topic = await new_topic(kafka, partitions=6)
    settings, marks, works = settings_for(kafka, topic), MemoryMarks(), Works(seconds=0.01)
    limits = WindowLimits(in_flight=30, commit_after_s=0.05)
    notes = [Notes() for _ in range(3)]
    sent = 0
    stop = asyncio.Event()

    async def flow() -> None:
        nonlocal sent
        async with producing(kafka) as producer:
            while not stop.is_set():
                batch = [
                    await producer.send(topic, str(sent + n).encode(), key=f"k{(sent + n) % 40}".encode())
                    for n in range(20)
                ]
                await asyncio.gather(*batch)
                sent += len(batch)
                await asyncio.sleep(0.01)

    flowing = asyncio.create_task(flow())
    members = [make_intake(settings, works, marks=marks, limits=limits, observer=note) for note in notes]
    async with running(members[0]):
        await until(lambda: works.total() > 100)
        async with running(members[1]):
            await until(lambda: members[1].health().ready and len(members[1].health().assigned) == 3)
            async with running(members[2]):
                await until(lambda: members[2].health().ready and len(members[2].health().assigned) == 2)
                seen = works.total()
                await until(lambda: works.total() > seen + 200)
        await until(lambda: members[0].health().ready and len(members[0].health().assigned) == 6)
        stop.set()
        await flowing
        await until(lambda: works.distinct() == sent)
        await all_committed(kafka, settings.group, sent)
    assert not works.twice
    assert works.total() == sent, "drained, committed and only then fenced: nothing was handled twice (K2)"
    for values in works.values.values():
        numbers = [int(value) for value in values]
        assert numbers == sorted(numbers), "in order across owners"
    assert all(drained for note in notes for drained in note.revocations)
    assert not any(note.redeliveries for note in notes)


async def test_a_flight_goes_on_while_its_partition_is_revoked_and_handed_back(kafka: str) -> None:
    """Longer than the drain and the session: heartbeats go on (K3), the flight is kept (K1), its offset counts."""
    topic = await new_topic(kafka)
    await produce(kafka, topic, [("long", b"0"), ("long", b"1")])
    settings = settings_for(kafka, topic, session_timeout_s=1.5, drain_s=2.5)
    gate, marks, notes, handled = asyncio.Event(), MemoryMarks(), Notes(), list[int]()

    async def handle(key: str, items: list[object]) -> None:
        del key
        await gate.wait()
        handled.append(len(items))

    limits = WindowLimits(coalesce=1)
    keeper = make_intake(settings, handle, marks=marks, observer=notes, limits=limits)  # type: ignore[arg-type]
    other = make_intake(settings, Works(), marks=marks)
    async with running(keeper):
        await until(lambda: keeper.health().in_flight == 1)
        async with running(other):
            await until(lambda: len(notes.assignments) == 2)
            assert notes.revocations == [False], "the drain ended before the flight did"
            assert notes.assignments[1] == (1, 1, 0), "it was handed straight back"
            await until(lambda: keeper.health().ready)
            assert keeper.health().in_flight == 1
            assert not handled
            gate.set()
            await all_committed(kafka, settings.group, 2)
    assert handled == [1, 1], "each record once"
    assert not notes.redeliveries


async def test_late_finishers_of_a_lost_partition_do_not_commit(kafka: str) -> None:
    topic = await new_topic(kafka, partitions=2)
    async with producing(kafka) as producer:
        for partition in range(2):
            await producer.send_and_wait(topic, b"", key=f"p{partition}".encode(), partition=partition)
    settings = settings_for(kafka, topic, drain_s=0.5)
    gate, marks, notes, works = asyncio.Event(), MemoryMarks(), Notes(), Works()
    late: list[str] = []

    async def handle(key: str, items: object) -> None:
        del items
        await gate.wait()
        late.append(key)

    async with AsyncExitStack() as stack:
        first = make_intake(settings, handle, marks=marks, observer=notes)
        await stack.enter_async_context(running(first))
        await until(lambda: first.health().in_flight == 2)
        second = make_intake(settings, works, marks=marks)
        await stack.enter_async_context(running(second))
        await until(lambda: works.total() == 1)
        (lost,) = second.health().assigned
        assert notes.assignments[-1] == (1, 1, 1)
        await until(lambda: marks.marks.get(lost) == 1)
        marks.written.clear()
        gate.set()
        await until(lambda: len(late) == 2)
        await all_committed(kafka, settings.group, 2)
        assert all(lost not in written for written in marks.written)


@contextmanager
def member(bootstrap: str, topic: str, group: str, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.intake.member", bootstrap, topic, group, str(path)], cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


Line = tuple[str, int, str, list[list[int]], float]


def lines(path: Path) -> list[Line]:
    if not path.exists():
        return []
    return [tuple(json.loads(line)) for line in path.read_text().splitlines() if line.endswith("]")]


def ended(path: Path) -> set[tuple[int, int]]:
    return {(at[0], at[1]) for kind, _, _, ats, _ in lines(path) if kind == "end" for at in ats}


def in_order(path: Path) -> bool:
    """Whether the first handlings of each key's records follow their offsets."""
    first: dict[str, list[list[int]]] = {}
    for kind, _, key, ats, _ in lines(path):
        if kind == "start":
            known = first.setdefault(key, [])
            known.extend(at for at in ats if at not in known)
    return all(ats == sorted(ats) for ats in first.values())


def read(path: Path, pid: int) -> set[tuple[int, int]]:
    return {(at[0], at[1]) for kind, reader, _, ats, _ in lines(path) if kind == "read" and reader == pid for at in ats}


async def test_a_member_that_is_killed_loses_nothing_and_no_more_than_its_windows_is_read_again(
    kafka: str, tmp_path: Path
) -> None:
    topic = await new_topic(kafka, partitions=4)
    group, path = f"g-{topic}", tmp_path / "handled"
    sent = await produce(kafka, topic, ((f"k{n % 200}", b"x") for n in range(4000)))
    with member(kafka, topic, group, path) as first, member(kafka, topic, group, path) as second:
        both = {first.pid, second.pid}
        await until(lambda: {pid for _, pid, *_ in lines(path)} == both, what="both work")
        os.kill(first.pid, signal.SIGKILL)
        before = len(ended(path))
        await until(lambda: len(ended(path)) == sent)
        assert before < sent
        again = Counter(partition for partition, _ in read(path, first.pid) & read(path, second.pid))
        assert 0 < max(again.values()) <= LIMITS.records
        await all_committed(kafka, group, sent)
        second.terminate()
        await asyncio.to_thread(second.wait, 20)
        assert second.returncode == 0
    assert in_order(path)


async def test_a_member_that_was_evicted_commits_nothing_below_its_successor(kafka: str, tmp_path: Path) -> None:
    """There is no on_partitions_lost (K4): frozen beyond its session, it comes back to a group that went on."""
    topic = await new_topic(kafka)
    group, path = f"g-{topic}", tmp_path / "handled"
    with member(kafka, topic, group, path) as first:
        await produce(kafka, topic, ((f"k{n}", b"x") for n in range(50)))
        await until(lambda: len(ended(path)) == 50)
        await all_committed(kafka, group, 50)
        await produce(kafka, topic, ((f"k{n}", b"x") for n in range(50)))
        os.kill(first.pid, signal.SIGSTOP)
        with member(kafka, topic, group, path):
            await until(lambda: len(ended(path)) == 100)
            await produce(kafka, topic, ((f"k{n}", b"x") for n in range(50)))
            await until(lambda: len(ended(path)) == 150)
            await all_committed(kafka, group, 150)
            os.kill(first.pid, signal.SIGCONT)
            seen = []
            for number in range(30):
                await produce(kafka, topic, [(f"k{number}", b"x")])
                seen.append((await committed(kafka, group))[topic, 0])
            await until(lambda: len(ended(path)) == 180)
            await all_committed(kafka, group, 180)
    assert seen == sorted(seen), "a committed offset never falls"
