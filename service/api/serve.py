"""Serves the application inside the process's own event loop; signals stay with their owner."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from service.api.protocol import BoundedProtocol
from service.errors import Fatal


class _Server(uvicorn.Server):
    """uvicorn, leaving signals alone: stopping is the composition's decision."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serve(app: ASGIApp, *, host: str, port: int, grace_s: float = 5.0) -> AsyncIterator[int]:
    """Serve while inside; yields the port (a free one where 0 was asked for). Answers under way get `grace_s`."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=max(1, round(grace_s)),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        try:
            await asyncio.wait_for(task, grace_s + 1)
        finally:
            listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise Fatal(
            f"cannot listen on {host} port {port} for health and metrics ({error.strerror}). "
            "Fix: set http.port to a free port, or 0 for any."
        ) from error
