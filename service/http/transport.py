"""The one way out: an httpx request in; out comes a complete httpx response, or an error that says what may be done.

Ours on purpose. What a client library does by itself doubles orders: aiohttp sends GET, PUT and DELETE again on a
connection that broke, httpx-aiohttp takes an answer that broke off for a connect that never was.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import zlib
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, Self

import aiohappyeyeballs
import httpx

from service.errors import Retryable, Unknown
from service.http.connection import Answer, BrokenError, Connection, named

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BODY: Final = 16 * 1024 * 1024
"""Bytes of one answer after decoding; the longest page of 200 orders seen is below 2 MiB."""

_Origin = tuple[str, bytes]  # scheme and authority
_DEFAULTS: Final = (
    (b"accept", b"Accept: application/json\r\n"),
    (b"accept-encoding", b"Accept-Encoding: identity\r\n"),
    (b"user-agent", b"User-Agent: orderferry\r\n"),
)


class _SlowError(TimeoutError):
    """Connecting took longer than it may."""


_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (_SlowError, "connecting took too long"),
    (TimeoutError, "the deadline passed before there was a connection"),
    (socket.gaierror, "the name of the host could not be resolved"),
    (UnicodeError, "the name of the host is none"),
    (ssl.SSLError, "the TLS handshake failed"),
    (OSError, "no connection could be made"),
)
"""The first that fits is said. Texts of the libraries are not repeated: they carry names that are not ours to log."""
_PORTS: Final = {"http": 80, "https": 443}
_SECOND_ADDRESS_S: Final = 0.25  # RFC 8305
_ZIPPED: Final = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_ABOUT_THE_BODY: Final = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class _Whole(httpx.Response):
    """A response whose body is here, decoded: httpx would stream, decode and chunk it once more, for 30 us."""

    def __init__(self, status: int, *, headers: list[tuple[bytes, bytes]], body: bytes, request: httpx.Request) -> None:
        super().__init__(status, headers=headers, stream=_NOTHING, request=request)
        self._body = body
        self.is_closed = self.is_stream_consumed = True

    @property
    def content(self) -> bytes:
        """The whole body."""
        return self._body

    def read(self) -> bytes:
        """The whole body; it was read before."""
        return self._body

    async def aread(self) -> bytes:
        """The whole body; it was read before."""
        return self._body


_NOTHING: Final = httpx.SyncByteStream()


class Transport:
    """One pool of connections for the process. Built inside the running loop, closed with `aclose`."""

    def __init__(
        self,
        *,
        connections: int = 256,
        connect_timeout_s: float = 5.0,
        keepalive_s: float = 10.0,
        max_body: int = MAX_BODY,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._most = connections
        self._connect_timeout_s = connect_timeout_s
        self._keepalive_s = keepalive_s
        self._max_body = max_body
        self._ssl = ssl_context
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._connecting = 0
        self._idle: dict[_Origin, list[Connection]] = {}
        self._queue: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; calls in flight end as Unknown."""
        while self._open:
            for connection in list(self._open):
                connection.abort()
            await asyncio.sleep(0)  # until the loop has told each of them

    async def send(self, request: httpx.Request, *, deadline: float, what: str) -> httpx.Response:
        """Send once and return the complete answer, of whatever status, within `deadline` seconds in total.

        Raises Retryable where provably no byte was sent, Unknown in every other failure. `what` names the call in
        errors: it is the only thing that they say about it.
        """
        until = self._loop.time() + deadline
        message = _message(request)
        url = request.url
        origin = url.scheme, url.netloc
        connection = self._take(origin) or await self._connected(origin, url, until, what)
        try:
            answer = await connection.exchange(message, bodiless=request.method == "HEAD", until=until)
        except BrokenError as broken:
            raise Unknown(what, str(broken), broken.status) from None
        finally:
            self._put_back(origin, connection)
        return self._response(answer, request, what)

    # --- the pool -----------------------------------------------------------------------------------------------

    def _take(self, origin: _Origin) -> Connection | None:
        """Return the connection that was used last: of many that idle, the others may grow old and go."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable and self._loop.time() - connection.idle_since < self._keepalive_s:
                return connection
            connection.abort()
        return None

    def _put_back(self, origin: _Origin, connection: Connection) -> None:
        if connection.usable:
            connection.idle_since = self._loop.time()
            self._idle.setdefault(origin, []).append(connection)
        self._next()

    def _forget(self, origin: _Origin, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in (idle := self._idle.get(origin, [])):
            idle.remove(connection)
        self._next()

    def _next(self) -> None:
        """Let the first who waits look again."""
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def _connected(self, origin: _Origin, url: httpx.URL, until: float, what: str) -> Connection:
        """Return a connection once there is room for one. Whatever goes wrong here, nothing was sent."""
        try:
            async with asyncio.timeout_at(until):
                while not self._room():
                    await self._turn()
                    if (connection := self._take(origin)) is not None:
                        return connection
                return await self._connect(origin, url)
        except (OSError, UnicodeError) as exc:
            words = next(text for kind, text in _WORDS if isinstance(exc, kind))
            raise Retryable(what, f"{words} ({named(exc)}); nothing was sent") from None

    async def _turn(self) -> None:
        """Wait until a connection may be free."""
        waiter = self._loop.create_future()
        self._queue.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                self._next()
            raise

    def _room(self) -> bool:
        """Whether one more may be opened; where not, one that idles is closed, and tells when it is gone."""
        if len(self._open) + self._connecting < self._most:
            return True
        if (idle := next(filter(None, self._idle.values()), None)) is not None:
            idle[0].abort()
        return False

    async def _connect(self, origin: _Origin, url: httpx.URL) -> Connection:
        self._connecting += 1
        try:
            async with asyncio.timeout(self._connect_timeout_s) as connecting:
                connection = await self._opened(origin, url)
        except BaseException as exc:
            self._next()
            if isinstance(exc, TimeoutError) and connecting.expired():
                raise _SlowError from None
            raise
        finally:
            self._connecting -= 1
        return connection

    async def _opened(self, origin: _Origin, url: httpx.URL) -> Connection:
        host = url.raw_host.decode("ascii")
        secure = url.scheme == "https"
        found = await self._loop.getaddrinfo(host, url.port or _PORTS[url.scheme], type=socket.SOCK_STREAM)
        sock = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=_SECOND_ADDRESS_S, interleave=1, loop=self._loop
        )
        try:
            _, connection = await self._loop.create_connection(
                lambda: Connection(max_body=self._max_body, lost=partial(self._forget, origin)),
                sock=sock,
                ssl=self._context() if secure else None,
                server_hostname=host if secure else None,
            )
        except BaseException:
            sock.close()
            raise
        if not connection.usable:
            raise ConnectionResetError(errno.ECONNRESET, "closed before anything was said")
        self._open.add(connection)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._ssl is None:
            self._ssl = ssl.create_default_context()
        return self._ssl

    # --- bytes --------------------------------------------------------------------------------------------------

    def _response(self, answer: Answer, request: httpx.Request, what: str) -> httpx.Response:
        headers, body = answer.headers, answer.body
        encoding = next((value for name, value in headers if name.lower() == b"content-encoding"), b"identity").lower()
        if encoding != b"identity" and body:
            body = self._unzipped(encoding, body, what, answer.status)
            headers = [(name, value) for name, value in headers if name.lower() not in _ABOUT_THE_BODY]
        return _Whole(answer.status, headers=headers, body=body, request=request)

    def _unzipped(self, encoding: bytes, body: bytes, what: str, status: int) -> bytes:
        """Decode what was compressed although we asked for it as it is."""
        bits = _ZIPPED.get(encoding)
        if bits is None:
            raise Unknown(what, f"the answer is compressed by {encoding.decode('ascii', 'replace')!r}, unasked", status)
        unzip = zlib.decompressobj(bits)
        try:
            whole = unzip.decompress(body, self._max_body)
        except zlib.error:
            raise Unknown(what, "the answer cannot be decompressed", status) from None
        if unzip.unconsumed_tail:
            raise Unknown(what, f"the answer is larger than {self._max_body} bytes", status)
        if not unzip.eof:
            raise Unknown(what, "the answer cannot be decompressed to its end", status)
        return whole


def _message(request: httpx.Request) -> bytes:
    """Return the bytes of a request. Raises ValueError where a part of it would break out of its line."""
    lines = [b"%s %s HTTP/1.1\r\n" % (request.method.encode("ascii"), request.url.raw_path), *_lines(request)]
    head = b"".join(lines)
    if not head.count(b"\n") == head.count(b"\r") == len(lines) or b"\0" in head:
        raise ValueError(f"a header or the path of a {request.method} request has a line break in it")
    return b"%s\r\n%s" % (head, request.content)


def _lines(request: httpx.Request) -> Iterator[bytes]:
    given = request.headers.raw
    names = {name.lower() for name, _ in given}
    for name, value in given:
        yield b"%s: %s\r\n" % (name, value)
    for name, line in _DEFAULTS:
        if name not in names:
            yield line
