"""Who may use the admin API: a bearer token, compared in constant time before anything of the request is read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.answer import Answer

BODY_BYTES: Final = 65_536
"""An order of a person is a few hundred bytes."""
_SCHEME: Final = "bearer "
CLOSED: Final = Answer("closed", 403, "The admin API is closed: set http.admin_tokens to open it.")
UNAUTHORIZED: Final = Answer(
    "unauthorized",
    401,
    "Send one of http.admin_tokens: `Authorization: Bearer ...`.",
    ((b"www-authenticate", b"Bearer"),),
)
TOO_LARGE: Final = Answer("too_large", 413, f"The body is larger than {BODY_BYTES} bytes.")


def fits(header: str, tokens: Sequence[str]) -> bool:
    """Whether an `Authorization` header holds one of the tokens; an empty token opens nothing."""
    given = hashlib.sha256(header[len(_SCHEME) :].strip().encode()).digest()
    found = False
    for token in tokens:
        found |= bool(token) & hmac.compare_digest(hashlib.sha256(token.encode()).digest(), given)
    return found and header[: len(_SCHEME)].lower() == _SCHEME


class Guard:
    """Lets those through who show a token. Without a token in the settings nobody passes."""

    def __init__(self, app: ASGIApp, *, tokens: Sequence[str]) -> None:
        self._app = app
        self._tokens = tuple(token for token in tokens if token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        if not self._tokens:
            await CLOSED.to(send)
            return
        told = [value for name, value in scope["headers"] if name == b"authorization"]
        if not fits(told[0].decode("latin-1") if len(told) == 1 else "", self._tokens):
            await UNAUTHORIZED.to(send)
            return
        body = await _body(receive)
        if body is None:
            await TOO_LARGE.to(send)
            return
        await self._app(scope, _Again(body, receive), send)


class _Again:
    """A body that was read, to be received once more; then whatever else comes."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        return await self._receive() if body is None else {"type": "http.request", "body": body, "more_body": False}


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; None where it is too large."""
    read = bytearray()
    while True:
        message = await receive()
        read += message.get("body", b"")
        if len(read) > BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(read)
