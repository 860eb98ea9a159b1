"""Being told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Final

DUTIES_S: Final = 10.0
"""How long duties may take to end, once they are told to: a cancellation can be swallowed on its way."""


def told_to_stop() -> asyncio.Task[bool]:
    """Return a task that ends with SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told.set)
    return asyncio.create_task(told.wait(), name="signals")
