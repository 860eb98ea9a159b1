"""The error table by itself: every exception of aiohttp is in it, so that an upgrade cannot slip one past us."""

import aiohttp
import pytest
from aiohttp import http_exceptions
from aiohttp.client_reqrep import ConnectionKey

from service.errors import Retryable, Unknown
from service.http.failures import FAILURES, NEVER_CONNECTED, translate


def family(root: type[BaseException]) -> set[type[BaseException]]:
    return {root}.union(*(family(kind) for kind in root.__subclasses__()))


def known(kinds: set[type[BaseException]]) -> set[str]:
    return {kind.__name__ for kind in kinds if kind.__module__.startswith("aiohttp")}


RETRYABLE_WHEN_UNSENT = {
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "ClientProxyConnectionError",
    "UnixClientConnectorError",
    "ClientSSLError",
    "ClientConnectorSSLError",
    "ClientConnectorCertificateError",
    "ConnectionTimeoutError",
    "ServerFingerprintMismatch",
    "ServerTimeoutError",  # a TimeoutError: with nothing sent it can only be the deadline
    "SocketTimeoutError",
}

ALWAYS_UNKNOWN = {
    "ClientError",
    "ClientResponseError",
    "ContentTypeError",
    "WSServerHandshakeError",
    "ClientHttpProxyError",
    "TooManyRedirects",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientOSError",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ClientPayloadError",
    "UploadAbortedError",
    "InvalidURL",
    "InvalidUrlClientError",
    "RedirectClientError",
    "NonHttpUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlRedirectClientError",
}


def test_every_client_error_of_aiohttp_is_in_the_table() -> None:
    assert known(family(aiohttp.ClientError)) == RETRYABLE_WHEN_UNSENT | ALWAYS_UNKNOWN


def test_every_exception_that_aiohttp_exports_is_caught_or_known_to_be_foreign() -> None:
    exported = {thing for thing in vars(aiohttp).values() if isinstance(thing, type) and issubclass(thing, Exception)}
    foreign = {kind.__name__ for kind in exported if not issubclass(kind, FAILURES)}
    assert foreign == {
        "BadContentDispositionHeader",
        "BadContentDispositionParam",
        "EofStream",
        "WSMessageTypeError",
        "WebSocketError",
    }
    parser = {kind for kind in vars(http_exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert all(issubclass(kind, FAILURES) for kind in parser if kind.__module__ == http_exceptions.__name__)


@pytest.mark.parametrize("kind", sorted(family(aiohttp.ClientError) | family(OSError), key=repr), ids=repr)
def test_on_the_wire_nothing_is_retryable(kind: type[BaseException]) -> None:
    assert isinstance(translate(kind.__new__(kind), what="order 1", on_wire=True), Unknown)


@pytest.mark.parametrize("kind", sorted(family(aiohttp.ClientError), key=repr), ids=repr)
def test_with_nothing_sent_only_failed_connects_are_retryable(kind: type[BaseException]) -> None:
    retryable = isinstance(translate(kind.__new__(kind), what="order 1", on_wire=False), Retryable)
    assert retryable == (issubclass(kind, NEVER_CONNECTED))
    if kind.__module__.startswith("aiohttp"):
        assert retryable == (kind.__name__ in RETRYABLE_WHEN_UNSENT)


def test_the_words_of_a_failed_connect_hold_no_host_of_aiohttp() -> None:
    key = ConnectionKey("h", 1, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
    error = translate(aiohttp.ClientConnectorError(key, OSError(111, "x")), what="order 1", on_wire=False)
    assert str(error) == (
        "order 1: nothing happened (no connection could be made (ClientConnectorError ECONNREFUSED); nothing was sent)"
    )
