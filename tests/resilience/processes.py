"""What the processes of a trial share: waiting for a condition, and an end without warning."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from typing import Any

Doc = dict[str, Any]
PATIENCE_S = 90.0
LOOK_S = 0.1


async def until(condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = PATIENCE_S) -> None:
    """Wait for a condition, and say which one did not come."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110  it happens in other processes
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {seconds:g} s") from None


async def kill(process: Process | None) -> None:
    """SIGKILL, and wait until it is gone."""
    if process is not None and process.returncode is None:
        process.kill()
        await process.wait()
