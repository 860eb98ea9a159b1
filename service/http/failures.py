"""The error table: what each failure of aiohttp means for what may be done next."""

from __future__ import annotations

import errno

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from service.errors import Retryable, Unknown


class UnaskedAnswerError(aiohttp.ClientConnectionError):
    """A connection held an answer before anything was asked on it: taking it would answer one call with another's."""


FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError)
"""Everything that the network can do to a call. `TimeoutError` is an OSError; anything else is a fault of ours."""

NEVER_CONNECTED = (
    aiohttp.ClientConnectorError,  # refused, unreachable, DNS, TLS handshake, certificate
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    UnaskedAnswerError,
    TimeoutError,  # our own deadline, where it passed before anything was written
)
"""Failures that can come before the request is written. They prove no effect only together with `on_wire=False`."""

WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (UnaskedAnswerError, "the connection held an answer that nobody asked for"),
    (aiohttp.ClientConnectorDNSError, "the name of the host could not be resolved"),
    (aiohttp.ClientSSLError, "the TLS handshake failed"),
    (aiohttp.ServerFingerprintMismatch, "the server showed another certificate than the pinned one"),
    (aiohttp.ConnectionTimeoutError, "connecting took too long"),
    (aiohttp.ClientConnectorError, "no connection could be made"),
    (aiohttp.ServerDisconnectedError, "the connection was closed without a complete answer"),
    (TimeoutError, "no complete answer before the deadline"),
    (OSError, "the connection broke"),
    (aiohttp.ClientPayloadError, "the answer stopped half way"),
    (aiohttp.ClientResponseError, "what came back is not HTTP"),
    (HttpProcessingError, "what came back is not HTTP"),
    (aiohttp.ClientError, "the call failed"),
)
"""The first that fits is said. Texts of aiohttp are not repeated: they carry URLs with their queries."""


def translate(exc: BaseException, *, what: str, on_wire: bool, status: int | None = None) -> Retryable | Unknown:
    """Say what may be done after `exc`; `on_wire` is whether a byte of the request can have left this process."""
    why = _why(exc)
    if not on_wire and isinstance(exc, NEVER_CONNECTED):
        return Retryable(what=what, why=f"{why}; nothing was sent")
    return Unknown(what=what, why=why, status=status)


def _why(exc: BaseException) -> str:
    words = next((text for kind, text in WORDS if isinstance(exc, kind)), "the call failed")
    number = exc.errno if isinstance(exc, OSError) else None
    name = errno.errorcode.get(number, "") if isinstance(number, int) else ""
    return f"{words} ({' '.join(filter(None, (type(exc).__name__, name)))})"
