"""One request to Arcus and its answer: headers, key, clock, and the translation of every answer that is no success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlencode

import httpx

from service.erp.arcus import errors
from service.erp.arcus.erp_clock import ErpClock
from service.erp.arcus.errors import Meaning
from service.erp.arcus.paging import PAGINGS, Rows, walk
from service.erp.arcus.settings import ArcusSettings
from service.erp.arcus.wire import Doc, decode, encode
from service.errors import Retryable, Unknown
from service.ports import Priority


class Courier(Protocol):
    """What carries a request under one API key: `service.http.courier.Courier`."""

    def admit(self, *, lane: Priority) -> AbstractAsyncContextManager[None]:
        """Wait for breaker, rate token and place; the next `send` of this task inside uses them. Raises Waiting."""
        ...

    async def send(
        self, request: httpx.Request, *, lane: Priority, deadline_s: float, what: str, resend: bool
    ) -> httpx.Response:
        """Send once; return the complete answer of whatever status, or raise Retryable, Unknown or Waiting."""
        ...


class Client:
    """Speaks Arcus's HTTP for one entity and API key."""

    def __init__(self, *, settings: ArcusSettings, courier: Courier, clock: ErpClock | None = None) -> None:
        self.settings = settings
        self.clock = ErpClock() if clock is None else clock
        self._courier = courier
        self._waits: Mapping[Meaning, float] = {
            Meaning.FROZEN: settings.frozen_wait_s,
            Meaning.CREDENTIALS: settings.credentials_wait_s,
        }
        self._reading = [
            (b"Authorization", b"Bearer " + settings.api_key.get_secret_value().encode()),
            (b"Arcus-Version", settings.version.encode()),
        ]
        self._url = lru_cache(maxsize=256)(httpx.URL)  # parsing one costs 7 us, and all creates share one
        host = self._url(settings.base_url).netloc
        self._writing = [(b"Host", host), *self._reading, (b"Content-Type", b"application/json")]

    async def write(
        self,
        method: str,
        path: str,
        body: bytes | Doc,
        *,
        key: str,
        what: str,
        priority: Priority = Priority.LIVE,
        deadline_s: float | None = None,
        resend: bool = False,
    ) -> Doc:
        """Send a change under an idempotency key; `path` is the whole path below the base URL.

        Raises Retryable, Unknown, Refused or Waiting.
        """
        content = body if isinstance(body, bytes) else encode(body)
        request = self._change(method, path, content, key)
        answer = await self._send(request, what=what, priority=priority, deadline_s=deadline_s, resend=resend)
        doc = decode(answer.content)
        if doc is None:
            raise Unknown(what, f"answer {answer.status_code} without a JSON object", answer.status_code)
        return doc

    async def read(
        self,
        path: str,
        params: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        what: str,
        priority: Priority = Priority.LIVE,
    ) -> Doc:
        """Read one object or one page; `path` is flat. A read has no effect, so what is unclear is Retryable.

        Raises Retryable, Refused or Waiting.
        """
        query = f"?{urlencode(params)}" if params else ""
        url = self.settings.base_url + self.settings.path(path) + query
        request = httpx.Request("GET", url, headers=self._reading)
        try:
            answer = await self._send(request, what=what, priority=priority, deadline_s=None, resend=False)
        except Unknown as unclear:
            raise Retryable(what, f"only a read: {unclear.why}") from unclear
        doc = decode(answer.content)
        if doc is None:
            raise Retryable(what, f"only a read: answer {answer.status_code} without a JSON object")
        return doc

    async def listed(
        self, endpoint: str, params: Mapping[str, str], *, what: str, priority: Priority, path: str = ""
    ) -> Rows:
        """Return the rows of a list, paged the way the endpoint declares."""

        async def fetch(page: Mapping[str, str]) -> Doc:
            return await self.read(path or endpoint, page, what=what, priority=priority)

        return await walk(fetch, params, PAGINGS[endpoint], what=what)

    def _change(self, method: str, path: str, content: bytes, key: str) -> httpx.Request:
        """Return the request that httpx makes of method, URL, headers and content, at a fifth of its cost.

        Given a stream, httpx leaves out the three passes over the headers in which it looks for these two of its own.
        """
        headers = [
            *self._writing,
            (b"Idempotency-Key", key.encode("ascii")),
            (b"Content-Length", b"%d" % len(content)),
        ]
        url = self._url(self.settings.base_url + path)
        request = httpx.Request(method, url, headers=headers, stream=httpx.ByteStream(content))
        request.read()
        return request

    async def _send(
        self, request: httpx.Request, *, what: str, priority: Priority, deadline_s: float | None, resend: bool
    ) -> httpx.Response:
        deadline = self.settings.call_deadline_s if deadline_s is None else deadline_s
        answer = await self._courier.send(request, lane=priority, deadline_s=deadline, what=what, resend=resend)
        self.clock.observe(answer.headers.get("Date"))
        if answer.status_code // 100 == 2:
            return answer
        raise errors.classify(
            what=what,
            status=answer.status_code,
            headers=answer.headers,
            body=answer.content,
            waits=self._waits,
        )
