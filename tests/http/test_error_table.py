"""The error table against a server that misbehaves and counts: only a connection that never was is Retryable."""

import asyncio
import contextlib
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest

from service.errors import FerryError, Retryable, Unknown
from service.http.transport import Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class RawServer:
    """Reads requests by hand, counts the complete ones, and does to each connection what the test says."""

    def __init__(self) -> None:
        self.requests = 0
        self.connections = 0
        self.done = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, behave: "Behaviour") -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await behave(self, reader, writer)
            writer.close()
            self.done.set()

        self._server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def read_request(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        await reader.readexactly(length)
        self.requests += 1

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()


Behaviour = Callable[[RawServer, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(text: bytes, *, then: str = "close") -> Behaviour:
    async def behave(server: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(text)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        if then == "reset":
            reset(writer)
        elif then == "stall":
            await reader.read()

    return behave


AFTER_THE_REQUEST: dict[str, Behaviour] = {
    "closes after the request": says(b""),
    "resets after the request": says(b"", then="reset"),
    "stalls": says(b"", then="stall"),
    "headers cut": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "headers only": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
    "headers only, reset": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", then="reset"),
    "headers only, stall": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", then="stall"),
    "half a body": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}..."),
    "half a body, reset": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}...", then="reset"),
    "half a body, stall": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}...", then="stall"),
    "half a chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{}..."),
    "no last chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "no last chunk, stall": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", then="stall"),
    "garbage for a chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "no end to be told": says(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a length that is none": says(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}"),
    "compressed by nobody knows what": says(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 5\r\n\r\nxxxxx"
    ),
    "half of something compressed": says(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n" + gzip.compress(b"{}")[:12]
    ),
    "broken compression": says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nxxxxx"),
    "garbage": says(b"\x00\xff\xfe garbage\r\n\r\n"),
    "another protocol": says(b"220 mail.example.com ESMTP\r\n"),
    "a switch of protocols": says(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    "endless headers": says(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200_000),
    "a header too long": says(b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 1_000_000 + b"\r\n\r\n"),
}

CASES = [(name, method) for name in AFTER_THE_REQUEST for method in ("POST", "DELETE")] + [
    (name, method)
    for name in ("closes after the request", "resets after the request", "headers cut")
    for method in ("GET", "PUT", "PATCH", "HEAD", "OPTIONS")  # the rest of what client libraries send again
]


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    server = RawServer()
    yield server
    await server.stop()


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport(connect_timeout_s=0.2) as transport:
        yield transport


async def call(
    transport: Transport, port: int, method: str = "POST", *, scheme: str = "http", deadline: float = 5
) -> httpx.Response:
    request = httpx.Request(
        method,
        f"{scheme}://127.0.0.1:{port}/v1/orders?search=anna@example.com",
        headers={"Authorization": "Bearer ark_secret", "Content-Type": "application/json"},
        content=b"{}" if method != "GET" else b"",
    )
    return await transport.send(request, deadline=deadline, what="order 1001")


def check_no_secret(error: FerryError) -> None:
    said = f"{error!r} {error} {error.__cause__!r}"
    assert "order 1001" in said
    assert "ark_secret" not in said
    assert "anna" not in said
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize(("name", "method"), CASES)
async def test_after_the_request_was_sent_every_failure_is_unknown_and_nothing_is_sent_twice(
    server: RawServer, transport: Transport, name: str, method: str
) -> None:
    await server.start(AFTER_THE_REQUEST[name])
    with pytest.raises(Unknown) as caught:
        await call(transport, server.port, method, deadline=0.2 if "stall" in name else 5)
    assert (server.requests, server.connections) == (1, 1)
    check_no_secret(caught.value)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_a_server_that_hangs_up_at_accept_leaves_it_unknown(
    server: RawServer, transport: Transport, method: str
) -> None:
    async def behave(_: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        reset(writer)

    await server.start(behave)
    with pytest.raises(Unknown) as caught:
        await call(transport, server.port, method)
    assert server.connections == 1
    check_no_secret(caught.value)


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_a_reused_connection_that_ends_after_our_request_is_unknown_and_not_sent_again(
    server: RawServer, transport: Transport, method: str, how: str
) -> None:
    async def behave(server: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(OK)
        await server.read_request(reader)
        if how == "resets":
            reset(writer)

    await server.start(behave)
    assert (await call(transport, server.port, method)).status_code == 200
    with pytest.raises(Unknown):
        await call(transport, server.port, method)
    assert (server.requests, server.connections) == (2, 1)


async def test_a_connection_that_the_server_closed_while_idle_is_replaced(
    server: RawServer, transport: Transport
) -> None:
    await server.start(says(OK))
    assert (await call(transport, server.port)).status_code == 200
    await server.done.wait()
    while server.connections < 2:  # the close may still be on its way to us: then the call is Unknown, never doubled
        with contextlib.suppress(Unknown):
            assert (await call(transport, server.port)).status_code == 200
    assert server.requests == 2


async def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one(
    server: RawServer, transport: Transport
) -> None:
    again = asyncio.Event()

    async def behave(server: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(OK)
        await again.wait()
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await reader.read()
        server.done.set()  # the other side hung up

    await server.start(behave)
    assert (await call(transport, server.port)).status_code == 200
    again.set()
    await server.done.wait()
    assert (await call(transport, server.port)).status_code == 200
    assert (server.requests, server.connections) == (2, 2)


async def test_an_answer_behind_the_answer_ends_the_connection(server: RawServer, transport: Transport) -> None:
    await server.start(says(OK + b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", then="stall"))
    assert (await call(transport, server.port)).status_code == 200
    assert (await call(transport, server.port)).status_code == 200
    assert (server.requests, server.connections) == (2, 2)


async def test_an_interim_answer_is_passed_by(server: RawServer, transport: Transport) -> None:
    await server.start(says(b"HTTP/1.1 102 Processing\r\n\r\n" + OK))
    answer = await call(transport, server.port)
    assert (answer.status_code, answer.content) == (200, b"{}")


async def test_the_answer_to_a_head_has_no_body(server: RawServer, transport: Transport) -> None:
    await server.start(says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", then="stall"))
    answer = await call(transport, server.port, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_call_that_waits_for_a_connection_until_its_deadline_is_retryable(server: RawServer) -> None:
    await server.start(says(b"", then="stall"))
    async with Transport(connections=1) as transport:
        first = asyncio.create_task(call(transport, server.port, deadline=2))
        while not server.requests:  # noqa: ASYNC110 - it runs in this loop
            await asyncio.sleep(0)
        with pytest.raises(Retryable, match="deadline passed"):
            await call(transport, server.port, deadline=0.1)
        with pytest.raises(Unknown, match="before the deadline"):
            await first


async def test_a_call_in_flight_is_unknown_where_the_transport_closes(server: RawServer) -> None:
    await server.start(says(b"", then="stall"))
    async with Transport() as transport:
        first = asyncio.create_task(call(transport, server.port))
        while not server.requests:  # noqa: ASYNC110 - it runs in this loop
            await asyncio.sleep(0)
    with pytest.raises(Unknown):
        await first


async def test_a_refused_connection_is_retryable(transport: Transport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: the kernel refuses
        with pytest.raises(Retryable, match="ECONNREFUSED") as caught:
            await call(transport, taken.getsockname()[1])
    check_no_secret(caught.value)


async def test_a_name_that_does_not_resolve_is_retryable(transport: Transport) -> None:
    request = httpx.Request("POST", "http://orders.invalid/v1", content=b"{}")
    with pytest.raises(Retryable):
        await transport.send(request, deadline=2, what="order 1001")


@pytest.fixture
def deaf() -> Iterator[int]:
    """Yield a port whose queue of connections is full, so that the kernel answers nothing."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", port))
        yield port


async def test_a_connect_that_takes_too_long_is_retryable(transport: Transport, deaf: int) -> None:
    with pytest.raises(Retryable, match="too long") as caught:
        await call(transport, deaf)
    check_no_secret(caught.value)


async def test_a_deadline_that_passes_while_connecting_is_retryable(deaf: int) -> None:
    async with Transport(connect_timeout_s=5) as transport:
        with pytest.raises(Retryable, match="deadline"):
            await call(transport, deaf, deadline=0.2)


@pytest.mark.parametrize("then", ["close", "reset", "stall"])
async def test_a_tls_handshake_that_fails_is_retryable(server: RawServer, transport: Transport, then: str) -> None:
    async def behave(_: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        if then == "reset":
            reset(writer)
        elif then == "stall":
            await reader.read()
        else:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    await server.start(behave)
    with pytest.raises(Retryable) as caught:
        await call(transport, server.port, scheme="https")
    assert server.requests == 0
    check_no_secret(caught.value)
