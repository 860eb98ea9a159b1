"""One connection of HTTP/1.1: one request out, its whole answer back. Nothing is repeated, followed or remembered."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_HEAD: Final = 64 * 1024
"""Bytes of status line and headers; Arcus sends some 600."""
_BODILESS: Final = frozenset({204, 304})
_FIRST_FINAL: Final = 200  # what comes below it announces another answer


@dataclass(slots=True)
class Answer:
    """A complete answer; the body as it came, which may be compressed."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class BrokenError(Exception):
    """A request may have left, and there is no complete answer. `status` is what was read of one."""

    def __init__(self, why: str, status: int | None) -> None:
        super().__init__(why)
        self.status = status


class Connection(asyncio.Protocol):
    """Carries one exchange after the other. `lost` hears when it is over; `max_body` bounds an answer's bytes."""

    def __init__(self, *, max_body: int, lost: Callable[[Connection], None]) -> None:
        self.usable = False
        """Whether one more request may be sent on it."""
        self.idle_since = 0.0
        self._max_body = max_body
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._start(bodiless=False)

    def _start(self, *, bodiless: bool) -> None:
        self._bodiless = bodiless
        self._received = 0
        self._room = self._max_body
        self._status: int | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    async def exchange(self, message: bytes, *, bodiless: bool, until: float) -> Answer:
        """Write a request and return its answer. `bodiless` is for HEAD; `until` is on the loop's clock.

        Raises BrokenError. The connection is `usable` afterwards only where the answer was read to its end.
        """
        loop = asyncio.get_running_loop()
        transport = cast(asyncio.Transport, self._transport)
        self._start(bodiless=bodiless)
        waiter: asyncio.Future[Answer] = loop.create_future()
        self._waiter = waiter
        timer = loop.call_at(until, self._fail, "no complete answer before the deadline")
        self.usable = False
        try:
            transport.write(message)
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None
            if not self.usable:
                transport.abort()

    def abort(self) -> None:
        """Close it at once; an exchange under way is broken."""
        self._fail("the connection was closed here")
        self.usable = False
        cast(asyncio.Transport, self._transport).abort()

    # --- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Read on. What nobody asked for would answer one call with another's: then the connection is over."""
        if self._waiter is None or self._waiter.done():
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("what came back is not HTTP")
        if self._status is None and self._received > MAX_HEAD:
            self._fail(f"the headers of the answer are longer than {MAX_HEAD} bytes")

    def eof_received(self) -> None:
        """Write nothing more: the other side has closed, and we are about to."""
        self.usable = False

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.usable = False
        if exc is None:
            self._fail("the connection was closed without a complete answer")
        else:
            self._fail(f"the connection broke ({named(exc)})")
        self._lost(self)

    # --- the parser ---------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Notice an answer behind the answer."""
        self.usable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """See where the answer ends: without that, one that broke off looks whole."""
        self._status = status = self._parser.get_status_code()
        if status < _FIRST_FINAL or status in _BODILESS:
            return
        if self._bodiless:
            self._complete(again=False)
        elif not any(_tells_the_end(name.lower(), value) for name, value in self._headers):
            self._fail("the answer does not say where it ends")

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._room -= len(body)
        if self._room < 0:
            self._fail(f"the answer is larger than {self._max_body} bytes")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over; an interim one (1xx) is passed by."""
        if cast(int, self._status) < _FIRST_FINAL:
            self._headers, self._status = [], None
        else:
            self._complete(again=self._parser.should_keep_alive())

    def _complete(self, *, again: bool) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            self.usable = again
            waiter.set_result(Answer(cast(int, self._status), self._headers, b"".join(self._body)))

    def _fail(self, why: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(BrokenError(why, self._status))


def _tells_the_end(name: bytes, value: bytes) -> bool:
    return name == b"content-length" or (name == b"transfer-encoding" and value.lower().endswith(b"chunked"))


def named(exc: BaseException) -> str:
    """Return an error's class and number; never its text, which may carry a URL with its query."""
    number = exc.errno if isinstance(exc, OSError) else None
    return " ".join(filter(None, (type(exc).__name__, errno.errorcode.get(number or 0, ""))))
