"""Tokens for SASL OAUTHBEARER: from a file that somebody else renews, or by client credentials from a URL."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiokafka.abc import AbstractTokenProvider

TIMEOUT_S: Final = 10.0
RENEW: Final = 0.8
"""A token is asked for again after this share of its life."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_ANSWER: Final = 1024 * 1024


class _Provider(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is not typed
    """Asks in a thread, and again only when the token grows old."""

    def __init__(self, fetch: Callable[[], tuple[str, float]]) -> None:
        self._fetch = fetch
        self._token = ""
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            if time.monotonic() >= self._good_until:
                async with asyncio.timeout(TIMEOUT_S):
                    self._token, life = await asyncio.to_thread(self._fetch)
                self._good_until = time.monotonic() + life * RENEW
            return self._token


@dataclass(frozen=True)
class TokenFile:
    """A file that holds the token and is rewritten before it expires, as Kubernetes does; read at every connection."""

    path: str

    def provider(self) -> AbstractTokenProvider:
        """Return what aiokafka asks for tokens."""
        return _Provider(lambda: (Path(self.path).read_text(encoding="ascii").strip(), 0.0))


@dataclass(frozen=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

    url: str
    client_id: str
    secret: str = field(repr=False)
    scope: str = ""

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("the token URL must begin with https://: the client's secret is sent to it")

    def provider(self) -> AbstractTokenProvider:
        """Return what aiokafka asks for tokens."""
        return _Provider(self._ask)

    def _ask(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        names = (urllib.parse.quote(self.client_id, safe=""), urllib.parse.quote(self.secret, safe=""))
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            self.url,
            data=urllib.parse.urlencode(form).encode(),
            headers={
                "Authorization": "Basic " + base64.b64encode(":".join(names).encode()).decode(),
                "Accept": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  the scheme was checked
            body = json.loads(answer.read(MAX_ANSWER))
        return str(body["access_token"]), float(body.get("expires_in", 60))
