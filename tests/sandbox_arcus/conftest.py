"""One sandbox on a free port, in this process, with a client that speaks to it over real HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.arcus.driver import Driver
from sandbox.arcus.profile import LENIENT, STRICT
from sandbox.arcus.server import Sandbox
from sandbox.arcus.trial import Books, seeded
from sandbox.arcus.world import Config

Start = Callable[..., Awaitable[Driver]]
ENTITIES = (("usd", "USD"), ("jpy", "JPY"), ("kwd", "KWD"))


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def _start(**options: object) -> Driver:
            config: dict[str, Any] = {"data": tmp_path / "arcus", "entities": ENTITIES, "tier": "unlimited", **options}
            sandbox = await stack.enter_async_context(Sandbox(Config(**config)))
            return Driver(session, port=sandbox.port, keys=sandbox.keys)

        yield _start


@pytest.fixture
async def erp(start: Start) -> Driver:
    return await start(profile=LENIENT)


@pytest.fixture
async def books(erp: Driver) -> Books:
    return await seeded(erp, "usd")


@pytest.fixture
async def yen(erp: Driver) -> Books:
    return await seeded(erp, "jpy")


@pytest.fixture
async def dinar(erp: Driver) -> Books:
    return await seeded(erp, "kwd")


@pytest.fixture
async def strict(start: Start) -> Books:
    return await seeded(await start(profile=STRICT), "usd")
