"""The in-memory broker of the demo carries intake as well: a process of its own, nothing to install."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.harness import MemoryMarks, Works, make_intake, produce, running, settings_for, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mock_broker() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "sandbox.broker", "--topics", "a:6,b:2"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["bootstrap_servers"], process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_records_flow_through_the_in_memory_broker(mock_broker: tuple[str, subprocess.Popen[bytes]]) -> None:
    bootstrap, process = mock_broker
    sent = await produce(
        bootstrap, "a", ((f"k{n % 30}", str(n).encode()) for n in range(1000)), compression_type="gzip"
    )
    works, marks, settings = Works(), MemoryMarks(), settings_for(bootstrap, "a", topics=frozenset({"a", "b"}))
    intake = make_intake(settings, works, marks=marks)
    async with running(intake):
        await until(lambda: works.total() == sent)
        assert len(intake.health().assigned) == 8
        await until(lambda: sum(marks.marks.values()) == sent)
    again = Works()
    async with running(make_intake(settings, again, marks=marks)):
        await produce(bootstrap, "b", [("new", b"")])
        await until(lambda: again.total() == 1)
    assert again.values == {"new": [b""]}, "what was committed is not read again"
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 10) == 0
