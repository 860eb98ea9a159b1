"""A rig on SQLite for most tests, and on both databases for those that depend on it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.arcus.driver import Driver
from sandbox.arcus.profile import PROFILES
from sandbox.arcus.server import Sandbox
from sandbox.arcus.world import Config
from service.http.transport import Transport
from service.ledger.migrate import migrate
from tests.pipeline.rig import PRODUCTS, Pod, Rig

Start = Callable[..., Awaitable[Rig]]
ENTITIES = (("usd", "USD"), ("eur", "EUR"), ("jpy", "JPY"))


@pytest.fixture(scope="session")
def ledger_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "ledger.sqlite3"
    with asyncio.Runner() as runner:
        runner.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_file_url(ledger_template: Path, tmp_path: Path) -> str:
    shutil.copy(ledger_template, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Open rigs on a database, each with an ERP of its own."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        transport = await stack.enter_async_context(Transport())

        async def _start(url: str, profile: str = "lenient", *, entity: str = "usd", **more: Any) -> Rig:
            config = Config(
                data=tmp_path / "arcus",
                entities=ENTITIES,
                tier="unlimited",
                profile=PROFILES[profile],
                latency_ms=more.pop("latency_ms", 0.0),
            )
            sandbox = await stack.enter_async_context(Sandbox(config))
            driver = Driver(session, port=sandbox.port, keys=sandbox.keys)
            await driver.control("seed", {"entity": entity, "products": PRODUCTS})
            return Rig(url, sandbox, driver, transport, stack, entity=entity)

        yield _start


@pytest.fixture
async def rig(start: Start, sqlite_file_url: str) -> Rig:
    """One ERP and a ledger in a file."""
    return await start(sqlite_file_url)


@pytest.fixture
async def strict(start: Start, sqlite_file_url: str) -> Rig:
    """The same with an ERP that reads its documentation strictly."""
    return await start(sqlite_file_url, "strict")


@pytest.fixture
async def postgres_rig(start: Start, postgres_url: str) -> Rig:
    """One ERP and a ledger that several processes share."""
    return await start(postgres_url)


@pytest.fixture
async def pod(rig: Rig) -> Pod:
    """One process."""
    return await rig.pod()
