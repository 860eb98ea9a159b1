"""The one way out: an httpx request in; out comes a complete httpx response, or an error that says what may be done.

It is aiohttp's client with everything switched off that would act by itself: following redirects, cookies, proxies of
the environment, and sending again, which aiohttp does with GET, PUT and DELETE on a connection that broke.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

import aiohttp
import httpx
from yarl import URL

from service.errors import Unknown
from service.http.failures import FAILURES, UnaskedAnswerError, translate

if TYPE_CHECKING:
    import ssl

    from aiohttp.connector import Connection

MAX_BODY: Final = 16 * 1024 * 1024
"""Bytes of one answer after decoding; the longest page of 200 orders seen is below 2 MiB."""

BODILESS: Final = frozenset({204, 304})
DEFAULT_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "orderferry"}


class _Request(aiohttp.ClientRequest):
    """aiohttp's request, which remembers whether a byte of it can have left."""

    on_wire = False

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        protocol = conn.protocol
        if protocol is None or protocol.should_close:
            raise UnaskedAnswerError
        self.on_wire = True
        return await super().send(conn)


class _Attempt:
    """One call, as the middleware through which aiohttp passes it, and what became known of it."""

    __slots__ = ("_request", "status", "what")

    def __init__(self, what: str) -> None:
        self.what = what
        self.status: int | None = None
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Pass the request on; an error leaves as ours, and aiohttp repeats a request only after errors of its own."""
        self._request = request
        try:
            return await handler(request)
        except FAILURES as exc:
            raise self.error(exc) from None

    def error(self, exc: BaseException) -> Exception:
        """Translate by the table. Its cause is left out on purpose: texts of aiohttp hold queries and headers."""
        on_wire = getattr(self._request, "on_wire", False)
        return translate(exc, what=self.what, on_wire=on_wire, status=self.status)


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
        self._max_body = max_body
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=connections, keepalive_timeout=keepalive_s, ssl=True if ssl_context is None else ssl_context
            ),
            # The deadline is the caller's; aiohttp rounds waits above its threshold up to whole seconds.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s, ceil_threshold=float("inf")),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=DEFAULT_HEADERS,
            request_class=_Request,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; calls in flight end as Unknown."""
        await self._session.close()

    async def send(self, request: httpx.Request, *, deadline: float, what: str) -> httpx.Response:
        """Send once and return the complete answer, of whatever status, within `deadline` seconds in total.

        Raises Retryable where provably no byte was sent, Unknown in every other failure. `what` names the call in
        errors: it is the only thing that they say about it.
        """
        attempt = _Attempt(what)
        try:
            async with asyncio.timeout(deadline):
                return await self._exchange(request, attempt)
        except FAILURES as exc:
            raise attempt.error(exc) from None

    async def _exchange(self, request: httpx.Request, attempt: _Attempt) -> httpx.Response:
        async with self._session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
            data=request.content or None,
            allow_redirects=False,
            middlewares=(attempt,),
        ) as answer:
            attempt.status = answer.status
            body = await self._body(answer, attempt)
        headers: list[tuple[bytes, bytes]] = list(answer.raw_headers)
        if "Content-Encoding" in answer.headers:  # the body is decoded already
            headers = [(name, value) for name, value in headers if name.lower() not in _ENCODED]
        return _Whole(answer.status, headers=headers, body=body, request=request)

    async def _body(self, answer: aiohttp.ClientResponse, attempt: _Attempt) -> bytes:
        """Read what the answer announced: all of it, bounded, and only where its end can be told from a broken one."""
        headers = answer.headers
        length = answer.content_length
        if length is not None and length <= self._max_body and "Content-Encoding" not in headers:
            return await answer.read()
        if length is None and not _chunked(answer) and not _bodiless(answer):
            raise Unknown(attempt.what, "the answer does not say where it ends", answer.status)
        parts: list[bytes] = []
        room = self._max_body
        async for part in answer.content.iter_any():
            room -= len(part)
            if room < 0:
                raise Unknown(attempt.what, f"the answer is larger than {self._max_body} bytes", answer.status)
            parts.append(part)
        return b"".join(parts)


_ENCODED: Final = frozenset({b"content-encoding", b"content-length"})


def _chunked(answer: aiohttp.ClientResponse) -> bool:
    return answer.headers.get("Transfer-Encoding", "").lower().endswith("chunked")


def _bodiless(answer: aiohttp.ClientResponse) -> bool:
    return answer.method == "HEAD" or answer.status in BODILESS
