"""Reads a body while counting it: no more than a body may have, and no more at once than we want to hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from starlette.types import Receive

from service.api.answer import Answer
from service.api.webhooks.answers import FULL, GONE, TOO_LARGE, TOO_SLOW


class Unreadable(Exception):
    """The body is not to be had; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.outcome)
        self.answer = answer


@dataclass(slots=True)
class Room:
    """How many bytes of bodies are held now, of all requests together: they are unproven while they are read."""

    most: int
    held: int = 0


class Reading:
    """One body; leaving the context gives its room back."""

    def __init__(self, *, room: Room, most: int, seconds: float) -> None:
        self._room = room
        self._most = most
        self._seconds = seconds
        self._held = 0

    def __enter__(self) -> Self:
        """Hold nothing yet."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Give back what was held."""
        self._room.held -= self._held

    async def all(self, receive: Receive, *, announced: bytes) -> bytes:
        """Return the whole body. `announced` is its content length, empty where it comes in chunks."""
        if announced.isdigit() and int(announced[:20]) > self._most:
            raise Unreadable(TOO_LARGE)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._chunks(receive)
        except TimeoutError:
            raise Unreadable(TOO_SLOW) from None

    async def _chunks(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Unreadable(GONE)
            chunk: bytes = message.get("body", b"")
            self._hold(len(chunk))
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _hold(self, more: int) -> None:
        if self._held + more > self._most:
            raise Unreadable(TOO_LARGE)
        if self._room.held + more > self._room.most:
            raise Unreadable(FULL)
        self._held += more
        self._room.held += more
