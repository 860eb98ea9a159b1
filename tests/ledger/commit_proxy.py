"""Stands between a ledger and PostgreSQL, and can lose a COMMIT or its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL, make_url

COMMIT = b"COMMIT;"
PORT = 5432


class Loss(StrEnum):
    """What happens to the next COMMIT."""

    NONE = "none"
    ANSWER = "answer"
    """The server commits; nobody hears of it."""
    COMMIT = "commit"
    """The server never gets it and rolls back."""
    LATE = "late"
    """The client is cut off first, and the server gets it afterwards."""


class CommitProxy:
    """A Unix socket in `directory` that leads to the server of `url`."""

    def __init__(self, url: str, directory: Path) -> None:
        self._upstream: URL = make_url(url)
        self._directory = directory
        self.url = self._upstream.set(host=None, port=None, query={"host": str(directory)}).render_as_string(
            hide_password=False
        )
        self.loss = Loss.NONE
        self.lost = asyncio.Event()
        self.let_go = asyncio.Event()
        """Set to let the server hear of what became of its client."""
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        path = self._directory / f".s.PGSQL.{PORT}"
        self._server = await asyncio.start_unix_server(self._accept, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.close()
        for line in list(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        async with _closing(writer):
            up_reader, up_writer = await self._connect()
            async with _closing(up_writer):
                answers = asyncio.create_task(_pump(up_reader, writer))
                try:
                    await self._requests(reader, up_writer, writer, answers)
                finally:
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(65536):
            if self.loss is not Loss.NONE and COMMIT in data:
                loss, self.loss = self.loss, Loss.NONE
                answers.cancel()  # from here on the client hears nothing
                if loss is Loss.ANSWER:
                    up_writer.write(data)
                    await up_writer.drain()
                writer.close()
                self.lost.set()
                await self.let_go.wait()
                if loss is Loss.LATE:
                    up_writer.write(data)
                    await up_writer.drain()
                return
            up_writer.write(data)
            await up_writer.drain()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = self._upstream.query.get("host", self._upstream.host) or "localhost"
        assert isinstance(host, str)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{PORT}")
        return await asyncio.open_connection(host, self._upstream.port or PORT)


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
