"""The demo ends what it started, and nothing else."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from sandbox.demo.children import Children, DemoError, told

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _said(log: Path, words: str) -> None:
    while words not in log.read_text():
        time.sleep(0.01)


async def test_leaving_ends_whatever_still_runs(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        pids = [(await children.start(name, SLEEPER)).process.pid for name in ("a", "b")]
        assert all(alive(pid) for pid in pids)
    assert not any(alive(pid) for pid in pids)


async def test_leaving_in_trouble_ends_them_too(tmp_path: Path) -> None:
    pids: list[int] = []

    async def failing() -> None:
        async with Children(tmp_path) as children:
            pids.append((await children.start("a", SLEEPER)).process.pid)
            raise DemoError("no proof")

    with pytest.raises(DemoError, match="no proof"):
        await failing()
    assert not alive(pids[0])


async def test_a_child_that_does_not_listen_is_named_and_killed(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("deaf", DEAF)
        await asyncio.to_thread(_said, child.log, "deaf")
        with pytest.raises(DemoError, match="deaf did not stop within"):
            await child.stop(seconds=0.1)
        await child.kill()
        assert not child.running


async def test_a_child_that_ended_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        child = await children.start("short", (sys.executable, "-c", "print('last words'); raise SystemExit(7)"))
        await child.process.wait()
        with pytest.raises(DemoError, match=r"exit code 7[\s\S]*last words"):
            child.must_run()


async def test_a_module_says_where_it_is(tmp_path: Path) -> None:
    async with Children(tmp_path) as children:
        place = ("--data", str(tmp_path), "--entities", "usd:USD")
        child, ready = await children.announced("erp", "sandbox.arcus", *place)
        assert ready["port"] > 0
        assert await child.stop(seconds=10) == 0


async def test_a_command_that_fails_is_told_with_its_log(tmp_path: Path) -> None:
    failing = (sys.executable, "-c", "import sys; print('why', file=sys.stderr); raise SystemExit(3)")
    with pytest.raises(DemoError, match=r"exit code 3[\s\S]*why"):
        await told(failing, env={}, log=tmp_path / "log")
