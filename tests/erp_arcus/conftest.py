"""A sandbox on a free port, in this process, and the adapter that speaks to it over real HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.arcus.driver import Driver
from sandbox.arcus.faults import Plan
from sandbox.arcus.profile import PROFILES
from sandbox.arcus.server import Sandbox
from sandbox.arcus.trial import seeded
from sandbox.arcus.world import Config
from service.http.transport import Transport
from tests.erp_arcus.bench import Bench

Open = Callable[..., Awaitable[Bench]]
ENTITIES = (("usd", "USD"), ("jpy", "JPY"), ("kwd", "KWD"))
EXTRA = [
    {"sku": "TAX", "product_type": "service"},
    {"sku": "TWICE", "title": "First", "list_price": 1},
    {"sku": "TWICE", "title": "Second", "list_price": 2},
    {"sku": "REPLACED", "title": "Old", "list_price": 1, "is_active": False},
    {"sku": "REPLACED", "title": "New", "list_price": 1},
]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Open]:
    """Open benches, each with a sandbox of its own."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        transport = await stack.enter_async_context(Transport())

        async def _start(
            profile: str = "lenient", *, entity: str = "usd", faults: dict[str, Any] | None = None, **more: Any
        ) -> Bench:
            config = Config(
                data=tmp_path / f"arcus-{profile}-{entity}",
                entities=ENTITIES,
                tier="unlimited",
                profile=more.get("profile_object") or PROFILES[profile],
                latency_ms=more.get("latency_ms", 0.0),
            )
            sandbox = await stack.enter_async_context(Sandbox(config))
            driver = Driver(session, port=sandbox.port, keys=sandbox.keys)
            books = await seeded(driver, entity)
            await driver.control("seed", {"entity": entity, "products": EXTRA})
            if faults is not None:
                sandbox.world.faults.plan = Plan.load(faults, base=sandbox.world.faults.plan)
            return Bench(books, driver, transport)

        yield _start


@pytest.fixture(params=["lenient", "strict"])
async def bench(request: pytest.FixtureRequest, start: Open) -> Bench:
    """Run a test under both profiles."""
    return await start(str(request.param))


@pytest.fixture
async def lenient(start: Open) -> Bench:
    """Run a test under the lenient profile."""
    return await start("lenient")


@pytest.fixture
async def strict(start: Open) -> Bench:
    """Run a test under the strict profile."""
    return await start("strict")
