from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from service.ledger.database import Database
from service.ledger.desk import SqlDesk
from service.ledger.ledger import SqlLedger
from service.ledger.migrate import migrate
from tests.ledger.world import ERP

Opener = Callable[..., Awaitable[SqlLedger]]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    template = tmp_path_factory.mktemp("template") / "ledger.sqlite3"
    with asyncio.Runner() as runner:
        runner.run(migrate(f"sqlite:///{template}"))
    return template


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database: every test runs on both."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
async def opener(url: str) -> AsyncIterator[Opener]:
    """Opens ledgers as different owners, and stops them."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(owner: str = "a", *, lease_seconds: float = 60.0, depth: int | None = None) -> SqlLedger:
            ledger = await SqlLedger.open_at(url, erp=ERP, owner=owner, lease_seconds=lease_seconds, depth=depth)
            stack.push_async_callback(ledger.stop)
            return ledger

        yield open_one


@pytest.fixture
async def ledger(opener: Opener) -> SqlLedger:
    return await opener()


@pytest.fixture
async def desk(url: str) -> AsyncIterator[SqlDesk]:
    async with Database(url) as database:
        yield SqlDesk(database)
