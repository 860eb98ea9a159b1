"""The ERP sandbox, which also notes when each order reached it and when it was answered: `noting FILE ARGUMENTS`."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import signal
import sys
import time
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from sandbox.arcus.__main__ import configured
from sandbox.arcus.server import Sandbox
from sandbox.arcus.world import Config

EXTERNAL_ID: Final = re.compile(rb'"external_id" ?: ?"(\d+)"')
ORDERS: Final = "/orders"


Notes = list[tuple[str, int, int]]
"""Order, when it came, when it was answered; in nanoseconds of the machine's monotonic clock."""


class Noting(Sandbox):
    """A sandbox with a note of every order that it was asked to create."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.notes: Notes = []

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        came = time.monotonic_ns()
        answer = await super()._handle(request)
        if request.method == "POST" and request.path.endswith(ORDERS):
            found = EXTERNAL_ID.search(await request.read())  # it was read before, and is kept
            if found is not None:
                self.notes.append((found[1].decode(), came, time.monotonic_ns()))
        return answer


async def serve(config: Config, port: int) -> Notes:
    """Serve until a signal asks to stop; returns the notes."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    sandbox = Noting(config)
    await sandbox.start(port)
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    sys.stdout.write(json.dumps(sandbox.announcement()) + "\n")
    sys.stdout.flush()
    await told.wait()
    await sandbox.stop()
    return sandbox.notes


if __name__ == "__main__":
    found = uvloop.run(serve(*configured(sys.argv[2:])))
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")
