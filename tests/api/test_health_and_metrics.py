from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from service.api.app import create_app
from service.api.health import Health
from service.api.serve import serve
from service.errors import Fatal


@dataclass
class Running:
    """A server on a real port, and the health that it is told."""

    client: httpx.AsyncClient
    registry: CollectorRegistry
    health: Health = field(default_factory=Health)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    registry = CollectorRegistry()
    async with httpx.AsyncClient(trust_env=False) as client:
        state = Running(client=client, registry=registry)
        app = create_app(health=lambda: state.health, metrics=registry)
        async with serve(app, host="127.0.0.1", port=0) as port:
            client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
            yield state


async def test_a_content_process_lives_and_is_ready(running: Running) -> None:
    for path in ("/livez", "/readyz"):
        assert (await running.client.get(path)).status_code == 200


async def test_a_stall_is_told_with_its_cause(running: Running) -> None:
    running.health = Health(stall="no progress on orderferry.shopify/3 for 60 s")
    answer = await running.client.get("/livez")
    assert answer.status_code == 503
    assert answer.json() == {"alive": False, "stall": "no progress on orderferry.shopify/3 for 60 s"}
    assert (await running.client.get("/readyz")).json()["missing"] == {"stall": running.health.stall}


async def test_what_is_missing_is_named_and_the_process_lives_on(running: Running) -> None:
    running.health = Health(missing={"ledger": "connection refused"}, waits={"ledger_down": "connection refused"})
    answer = await running.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "missing": {"ledger": "connection refused"},
        "waits": {"ledger_down": "connection refused"},
    }
    assert (await running.client.get("/livez")).status_code == 200


async def test_a_named_wait_is_neither_dead_nor_unready(running: Running) -> None:
    running.health = Health(waits={"breaker_open": "the ERP does not answer"})
    assert (await running.client.get("/livez")).status_code == 200
    answer = await running.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["waits"] == {"breaker_open": "the ERP does not answer"}


async def test_metrics_come_in_the_text_format(running: Running) -> None:
    Gauge("orderferry_in_flight", "Keys.", registry=running.registry).set(7)
    answer = await running.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "orderferry_in_flight 7.0" in answer.text


async def test_nothing_else_is_there(running: Running) -> None:
    for path in ("/", "/docs", "/openapi.json"):
        assert (await running.client.get(path)).status_code == 404


async def test_stopping_lets_an_answer_under_way_finish() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    app = create_app(health=Health, metrics=CollectorRegistry())

    @app.get("/slow")
    async def slow() -> str:
        asked.set()
        await go_on.wait()
        return "done"

    async with httpx.AsyncClient(trust_env=False) as client:
        async with serve(app, host="127.0.0.1", port=0) as port:
            call = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/slow"))
            await asked.wait()
            asyncio.get_running_loop().call_later(0.2, go_on.set)
        assert (await call).text == '"done"'
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{port}/livez")


async def test_a_taken_port_is_told_with_its_fix() -> None:
    app = create_app(health=Health, metrics=CollectorRegistry())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Fatal, match=rf"port {port} .*set http.port"):
            async with serve(app, host="127.0.0.1", port=port):
                pass


async def test_signals_stay_with_their_owner() -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    app = create_app(health=Health, metrics=CollectorRegistry())
    async with serve(app, host="127.0.0.1", port=0):
        assert {one: signal.getsignal(one) for one in before} == before
