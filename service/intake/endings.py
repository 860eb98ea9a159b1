"""Ending tasks for certain: a cancellation can be swallowed on its way (`wait_for` does before 3.12), so ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final

AGAIN_S: Final = 0.5


async def end(tasks: Collection[asyncio.Task[Any]], *, seconds: float) -> bool:
    """Cancel tasks until they end, within a time; returns whether all did. Their results are theirs."""
    until = asyncio.get_running_loop().time() + seconds
    pending = {task for task in tasks if not task.done()}
    while pending and asyncio.get_running_loop().time() < until:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    return not pending


async def ended_well(work: Coroutine[Any, Any, object], *, seconds: float) -> bool:
    """Let it work for a time, then end it for certain; returns whether it came to its end without an error."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        await end([task], seconds=2 * AGAIN_S)
    return task.done() and not task.cancelled() and task.exception() is None
