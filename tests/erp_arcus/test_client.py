"""One request and its answer, over real sockets, from a server that says anything."""

from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import web

from service.erp.arcus.client import Client
from service.erp.arcus.reads import Reads
from service.errors import Refused, Retryable, Unknown, Waiting
from service.http.transport import Transport
from service.ports import Priority
from tests.erp_arcus.bench import courier_over
from tests.erp_arcus.effects import settings

LIVE = Priority.LIVE


class Anything:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.asked.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@pytest.fixture
async def erp() -> AsyncIterator[tuple[Anything, Client]]:
    anything = Anything()
    runner = web.ServerRunner(web.Server(anything.handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with Transport() as transport:
        config = settings(base_url=f"http://127.0.0.1:{port}/v1", call_deadline_s=2)
        yield anything, Client(settings=config, courier=courier_over(transport))
    await runner.cleanup()


Pair = tuple[Anything, Client]


async def test_a_write_carries_key_version_and_exact_bytes(erp: Pair) -> None:
    anything, client = erp
    anything.body = b'{"id":"1","amount":10.10}'
    doc = await client.write("POST", "/orders", b'{"a":1.10}', key="of-1", what="test")
    assert str(doc["amount"]) == "10.10"
    method, path, headers, body = anything.asked[0]
    assert (method, path, body) == ("POST", "/v1/orders", b'{"a":1.10}')
    assert headers["Authorization"] == "Bearer ark_test_ent_a_1"
    assert headers["Idempotency-Key"] == "of-1"
    assert headers["Arcus-Version"] == "2026-05-01"
    assert headers["Content-Type"] == "application/json"
    await client.write("POST", "/orders", {"b": 1}, key="of-2", what="test")
    assert anything.asked[1][3] == b'{"b":1}'


@pytest.mark.parametrize("base", ["http://127.0.0.1:8080/v1", "https://api.arcuserp.com:443/v1/", "http://[::1]:9/v1"])
@pytest.mark.parametrize("path", ["/orders", "/orders/a b/confirm"])
async def test_a_change_is_the_request_that_httpx_would_make(base: str, path: str) -> None:
    async with Transport() as transport:
        client = Client(settings=settings(base_url=base), courier=courier_over(transport))
    ours = client._change("POST", path, b'{"a":1}', "of-1")
    headers = {
        "Authorization": "Bearer ark_test_ent_a_1",
        "Arcus-Version": "2026-05-01",
        "Content-Type": "application/json",
        "Idempotency-Key": "of-1",
    }
    theirs = httpx.Request("POST", client.settings.base_url + path, headers=headers, content=b'{"a":1}')
    assert (ours.method, str(ours.url), ours.content) == (theirs.method, str(theirs.url), theirs.content)
    assert ours.headers.raw == theirs.headers.raw


async def test_a_read_asks_for_repeated_parameters(erp: Pair) -> None:
    anything, client = erp
    anything.body = b'{"id":"o1","order_total":1}'
    await Reads(client).order("o1", priority=LIVE)
    assert anything.asked[0][1] == "/v1/orders/o1?expand%5B%5D=line_items&expand%5B%5D=payments"
    assert "Idempotency-Key" not in anything.asked[0][2]


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b"[]", b'{"id":'])
@pytest.mark.parametrize("status", [200, 201, 204])
async def test_a_success_without_a_json_object_is_unknown(erp: Pair, status: int, body: bytes) -> None:
    anything, client = erp
    anything.status, anything.body = status, body
    with pytest.raises(Unknown):
        await client.write("POST", "/orders", b"{}", key="of-1", what="test")
    if status != 204 or not body:
        with pytest.raises(Retryable):
            await client.read("/orders/o1", what="test")


@pytest.mark.parametrize("status", [301, 500, 502, 504])
async def test_an_unclear_read_may_be_repeated(erp: Pair, status: int) -> None:
    anything, client = erp
    anything.status = status
    with pytest.raises(Retryable, match="only a read"):
        await client.read("/orders/o1", what="test")
    with pytest.raises(Unknown):
        await client.write("POST", "/orders", b"{}", key="of-1", what="test")
    assert len(anything.asked) == 2


async def test_answers_of_every_class_are_told_apart(erp: Pair) -> None:
    anything, client = erp
    expected: list[tuple[int, type[Exception]]] = [(404, Refused), (401, Waiting), (423, Waiting), (429, Retryable)]
    for status, error in expected:
        anything.status, anything.body = status, b""
        with pytest.raises(error):
            await client.write("POST", "/orders", b"{}", key=f"of-{status}", what="test")


async def test_the_erps_clock_is_learnt_from_refusals_too(erp: Pair) -> None:
    anything, client = erp
    anything.status, anything.headers = 404, {"Date": "Fri, 01 May 2026 12:00:00 GMT"}
    with pytest.raises(Refused):
        await client.read("/orders/o1", what="test")
    assert abs(client.clock.now() - 1_777_636_800) < 60


async def test_an_object_that_lacks_what_was_asked_for_is_read_again(erp: Pair) -> None:
    anything, client = erp
    anything.body = b'{"data":{"id":""}}'
    with pytest.raises(Retryable, match="lacks"):
        await Reads(client).order("o1", priority=LIVE)
    anything.body = b'{"data":[{"id":"p1"},{"id":"p2","amount":"x"}]}'
    with pytest.raises(Retryable, match="row p1 lacks"):
        await Reads(client).order_payments("o1", priority=LIVE)


async def test_a_list_that_must_be_whole_and_is_cut_is_read_again(erp: Pair) -> None:
    anything, client = erp
    anything.body = b'{"data":[{"id":"p1","amount":1}],"has_more":true}'
    with pytest.raises(Retryable, match="only 1 rows"):
        await Reads(client).order_payments("o1", priority=LIVE)


async def test_no_secret_and_no_query_is_in_an_error(erp: Pair) -> None:
    anything, client = erp
    anything.status, anything.body = 500, b'{"hint":"ada@example.com"}'
    with pytest.raises(Retryable) as caught:
        await Reads(client).accounts(search="ada@example.com", priority=LIVE)
    assert "ada" not in str(caught.value)
    assert "ark_" not in str(caught.value)
