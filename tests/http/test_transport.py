"""The transport against a server that answers well: what it sends, what it returns, what it must not do by itself."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web

from service.errors import Unknown
from service.http.transport import Transport

PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/v1/orders": (201, {"X-RateLimit-Remaining": "7"}, b'{"id": "1"}'),
    "/moved": (307, {"Location": "/v1/orders"}, b""),
    "/cookie": (200, {"Set-Cookie": "session=1"}, b""),
    "/zipped": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"small")),
    "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 5_000_000)),
    "/large": (200, {}, b"0" * 2_000_000),
}


@dataclass
class Shop:
    """A well-behaved server that remembers what it was sent."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    peers: set[object] = field(default_factory=set)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        self.peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        if request.path == "/chunks":
            return await self._chunks(request)
        if request.path == "/stall":
            self.waiting.set()
            await asyncio.Event().wait()
        if request.path.startswith("/status/"):
            return web.Response(status=int(request.path.rsplit("/", 1)[1]), body=b"{}")
        status, headers, body = PAGES.get(request.path, PAGES["/v1/orders"])
        return web.Response(status=status, headers=headers, body=body)

    async def _chunks(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(4):
            await response.write(b"0" * 500_000)
        return response


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", shop.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shop
    await runner.cleanup()


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport(max_body=1_000_000) as transport:
        yield transport


async def send(transport: Transport, method: str, url: str, content: bytes = b"") -> httpx.Response:
    headers = {"Authorization": "Bearer secret", "Idempotency-Key": "k-1", "Content-Type": "application/json"}
    request = httpx.Request(method, url, headers=headers, content=content)
    return await transport.send(request, deadline=5, what="order 1")


async def test_the_bytes_headers_and_query_arrive_as_they_were_given(shop: Shop, transport: Transport) -> None:
    await send(transport, "POST", f"{shop.url}/v1/orders?expand%5B%5D=a%2Fb&q=x+y", b'{"a": "\xc3\xa4"}')
    seen = shop.seen[0]
    assert seen.raw_path == "/v1/orders?expand%5B%5D=a%2Fb&q=x+y"
    assert seen.headers["Idempotency-Key"] == "k-1"
    assert seen.headers["Authorization"] == "Bearer secret"
    assert seen.headers["Accept-Encoding"] == "identity"
    assert seen.headers.getall("Content-Length") == ["11"]
    assert seen.headers.getall("Host") == [shop.url.removeprefix("http://")]
    assert shop.bodies == [b'{"a": "\xc3\xa4"}']


async def test_the_answer_has_status_headers_body_and_request(shop: Shop, transport: Transport) -> None:
    answer = await send(transport, "POST", f"{shop.url}/v1/orders", b"{}")
    assert (answer.status_code, answer.json()) == (201, {"id": "1"})
    assert answer.headers["x-ratelimit-remaining"] == "7"
    assert answer.headers["date"].endswith("GMT")
    assert answer.request.url.path == "/v1/orders"


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 409, 422, 423, 429, 500, 502, 503])
async def test_every_complete_answer_is_returned_whatever_its_status(
    shop: Shop, transport: Transport, status: int
) -> None:
    answer = await send(transport, "POST", f"{shop.url}/status/{status}", b"{}")
    assert answer.status_code == status


async def test_a_redirect_is_an_answer_and_is_not_followed(shop: Shop, transport: Transport) -> None:
    answer = await send(transport, "GET", f"{shop.url}/moved")
    assert (answer.status_code, len(shop.seen)) == (307, 1)


async def test_no_cookie_is_kept(shop: Shop, transport: Transport) -> None:
    await send(transport, "GET", f"{shop.url}/cookie")
    await send(transport, "GET", f"{shop.url}/cookie")
    assert "Cookie" not in shop.seen[1].headers


async def test_connections_are_reused(shop: Shop, transport: Transport) -> None:
    for _ in range(5):
        await send(transport, "POST", f"{shop.url}/v1/orders", b"{}")
    assert len(shop.peers) == 1


async def test_more_calls_than_connections_wait_their_turn(shop: Shop) -> None:
    async with Transport(connections=2) as transport:
        answers = await asyncio.gather(*(send(transport, "GET", f"{shop.url}/v1/orders") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(shop.peers) == 2


async def test_an_answer_that_was_compressed_unasked_is_decoded(shop: Shop, transport: Transport) -> None:
    answer = await send(transport, "GET", f"{shop.url}/zipped")
    assert answer.content == b"small"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/large", "/chunks", "/bomb"])
async def test_an_answer_that_is_too_large_is_unknown(shop: Shop, transport: Transport, path: str) -> None:
    with pytest.raises(Unknown, match="larger than 1000000 bytes") as caught:
        await send(transport, "GET", f"{shop.url}{path}")
    assert caught.value.status == 200
    assert len(shop.seen) == 1
    assert (await send(transport, "GET", f"{shop.url}/v1/orders")).status_code == 201


async def test_an_answer_in_chunks_is_put_together(shop: Shop) -> None:
    async with Transport() as transport:
        assert len((await send(transport, "GET", f"{shop.url}/chunks")).content) == 2_000_000


async def test_a_cancelled_call_is_cancelled_and_its_connection_is_not_reused(shop: Shop, transport: Transport) -> None:
    call = asyncio.create_task(send(transport, "POST", f"{shop.url}/stall", b"{}"))
    await shop.waiting.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await send(transport, "POST", f"{shop.url}/v1/orders", b"{}")).status_code == 201
    assert len(shop.peers) == 2


async def test_the_environment_names_no_proxy(
    shop: Shop, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert (await send(transport, "GET", f"{shop.url}/v1/orders")).status_code == 201


@pytest.mark.parametrize("value", [b"a\r\nX-Evil: b", b"a\nb", b"a\rb", b"a\0b"])
async def test_a_header_cannot_break_out_of_its_line(shop: Shop, transport: Transport, value: bytes) -> None:
    request = httpx.Request("POST", f"{shop.url}/v1/orders", headers=[(b"X-Bad", value)], content=b"{}")
    with pytest.raises(ValueError, match="line break"):
        await transport.send(request, deadline=1, what="order 1")
    assert not shop.seen


async def test_a_connection_that_idled_too_long_is_not_used_again(shop: Shop) -> None:
    async with Transport(keepalive_s=0) as transport:
        for _ in range(3):
            await send(transport, "GET", f"{shop.url}/v1/orders")
    assert len(shop.peers) == 3


async def test_where_all_connections_idle_elsewhere_one_of_them_makes_room(shop: Shop) -> None:
    async with Transport(connections=1) as transport:
        await send(transport, "GET", f"{shop.url}/v1/orders")
        other = shop.url.replace("127.0.0.1", "localhost")
        assert (await send(transport, "GET", f"{other}/v1/orders")).status_code == 201
    assert len(shop.peers) == 2
