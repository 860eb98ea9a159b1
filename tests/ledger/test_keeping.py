"""What keeps processes together: marks, budgets, policies, dead letters, migrations, set-based statements."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import Position
from schemas.outcome import Reason
from service.errors import Waiting
from service.ledger.budgets import SqlBudget, Window, allowed
from service.ledger.database import Database, readable
from service.ledger.desk import SqlDesk
from service.ledger.ledger import LedgerDeadLetters, SqlLedger
from service.ledger.migrate import check, migrate
from service.ledger.policies import SqlPolicies
from service.ledger.rows import TEXT, WHOLE, Statement, ask
from service.ledger.tables import metadata
from service.ledger.trouble import Trouble, trouble
from service.ports import DeadLetter
from tests.ledger.world import key_of

Opener = Callable[..., Awaitable[SqlLedger]]


async def test_marks_come_back_and_the_last_word_counts(ledger: SqlLedger) -> None:
    await ledger.offsets.write("g", {("t", 0): 10, ("t", 1): 20, ("u", 0): 5})
    await ledger.offsets.write("g", {("t", 0): 12, ("t", 1): 19})
    await ledger.offsets.write("other", {("t", 0): 99})
    await ledger.offsets.write("g", {})
    assert await ledger.offsets.read("g") == {("t", 0): 12, ("t", 1): 19, ("u", 0): 5}
    assert await ledger.offsets.rewound("g") == frozenset()


async def test_marks_of_another_history_of_the_database_are_told(ledger: SqlLedger, url: str) -> None:
    await ledger.offsets.write("g", {("t", 0): 10, ("t", 1): 20})
    async with Database(url) as database:
        await database.write(
            lambda connection: ask(
                connection, "UPDATE marks SET timeline = 'before' WHERE partition_no = :one", one=1
            ).close()
        )
    assert await ledger.offsets.rewound("g") == frozenset({("t", 1)})
    assert any("history before" in finding for finding in await check(url))
    await ledger.offsets.write("g", {("t", 1): 15})
    assert await ledger.offsets.rewound("g") == frozenset()
    assert await check(url) == []


@pytest.mark.postgres
async def test_a_history_is_a_system_and_a_timeline(postgres_url: str) -> None:
    ledger = await SqlLedger.open_at(postgres_url, erp="arcus", owner="a", lease_seconds=60)
    system, _, timeline = ledger.offsets.history.partition("/")
    await ledger.stop()
    assert int(system) > 0
    assert int(timeline, 16) >= 1


async def test_a_dead_letter_is_kept_with_its_bytes_once(ledger: SqlLedger, url: str) -> None:
    letter = DeadLetter(
        position=Position(topic="t", partition=3, offset=44),
        key=None,
        value=b"\xff\x00",
        headers=[("h", b"\xfe")],
        reason=Reason.UNDECODABLE,
        detail="not JSON: \0",
    )
    letters = LedgerDeadLetters(ledger)
    await letters.put(letter)
    await letters.put(letter)
    async with Database(url) as database:
        rows = await database.read(lambda connection: ask(connection, "SELECT * FROM dead_letters").fetchall())
    assert [(row.at_offset, row.record_key, bytes(row.record_value), row.headers) for row in rows] == [
        (44, None, b"\xff\x00", '[["h", "/g=="]]')
    ]


async def test_a_policy_is_kept_by_its_version(url: str) -> None:
    async with Database(url) as database:
        policies = SqlPolicies(database)
        assert await policies.get("v1") is None
        await policies.put("v1", "{}")
        await policies.put("v1", "something else")
        assert await policies.get("v1") == "{}"


async def test_many_processes_share_one_budget(url: str) -> None:
    windows = (Window(limit=10, length_s=60.0), Window(limit=None, length_s=1.0))
    async with Database(url) as one, Database(url) as two:
        budgets = [SqlBudget(one, windows=windows), SqlBudget(two, windows=windows)]
        grants = await asyncio.gather(*(budgets[number % 2].reserve("key", 100.0, 3) for number in range(6)))
        assert sum(grant.permits for grant in grants) == 10
        assert all((grant.starts, grant.ends) == (100.0, 100.5) for grant in grants if grant.permits)
        nothing = await budgets[0].reserve("key", 200.0, 3)
        assert nothing.permits == 0
        assert 200.0 < nothing.starts <= 261.0
        assert (await budgets[0].reserve("another", 100.0, 3)).permits == 3


@given(
    given_before=st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), max_size=20),
    want=st.integers(1, 20),
    limit=st.integers(1, 30),
)
def test_permits_never_exceed_a_window_and_the_next_one_comes_in_time(
    given_before: list[tuple[float, int]], want: int, limit: int
) -> None:
    windows = (Window(limit=limit, length_s=60.0), Window(limit=None, length_s=1.0))
    at = 100.0
    permits, again_s = allowed(windows, given_before, at=at, want=want)
    held = sum(count for ends, count in given_before if ends + 60.0 > at)
    assert permits == max(0, min(want, limit - held))
    if permits == 0:
        later, _ = allowed(windows, given_before, at=at + again_s, want=1)
        assert later == 1


async def test_a_migrated_database_has_the_tables_of_this_version(url: str) -> None:
    async with Database(url) as database:
        found = await database.read(
            lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
        )
    assert found == []


async def test_migrating_again_changes_nothing(url: str) -> None:
    await migrate(url)
    assert await check(url) == []


async def test_a_file_that_was_not_migrated_is_named_with_the_fix(tmp_path: Path) -> None:
    assert "orderferry migrate" in (await check(f"sqlite:///{tmp_path}/new.sqlite3"))[0]


@pytest.mark.postgres
async def test_pods_that_start_at_once_migrate_once(empty_postgres_url: str) -> None:
    await asyncio.gather(*(migrate(empty_postgres_url) for _ in range(3)))
    assert await check(empty_postgres_url) == []


@pytest.mark.postgres
async def test_asynchronous_commit_is_refused(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    database = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
    await connection.close()
    findings = await check(postgres_url)
    assert len(findings) == 1
    assert "synchronous_commit=off" in findings[0]


@pytest.mark.parametrize("bad", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_a_ledger_that_forgets_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///"):
        readable(bad)


@pytest.mark.parametrize("url", ["postgres://h/d", "postgresql://h/d", "postgresql+psycopg://h/d"])
def test_every_spelling_of_postgresql_is_understood(url: str) -> None:
    assert readable(url).drivername == "postgresql+asyncpg"


async def test_a_server_that_is_not_there_is_a_named_wait() -> None:
    async with Database("postgresql://x@127.0.0.1:1/none") as database:
        with pytest.raises(Waiting, match="ledger_down"):
            await database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())


@pytest.mark.parametrize("count", [0, 1, 2, 7, 128, 300])
async def test_a_statement_over_rows_reads_each_of_them(url: str, count: int) -> None:
    statement = Statement("SELECT u.name, u.number + 1 AS number FROM {rows}", [("name", TEXT), ("number", WHOLE)])
    rows = [(str(number), number) for number in range(count)]
    async with Database(url) as database:
        found = await database.read(lambda connection: statement.read(connection, rows))
    assert sorted((row.name, row.number) for row in found) == sorted((name, number + 1) for name, number in rows)


def test_errors_are_cut_by_what_may_be_done_next() -> None:
    assert trouble(ConnectionRefusedError()) is Trouble.DOWN
    assert trouble(TimeoutError()) is Trouble.DOWN
    assert trouble(asyncpg.CannotConnectNowError()) is Trouble.DOWN
    assert trouble(asyncpg.TooManyConnectionsError()) is Trouble.DOWN
    assert trouble(asyncpg.ReadOnlySQLTransactionError()) is Trouble.DOWN
    assert trouble(asyncpg.AdminShutdownError()) is Trouble.DOWN
    assert trouble(asyncpg.DeadlockDetectedError()) is Trouble.CROSSED
    assert trouble(asyncpg.SerializationError()) is Trouble.CROSSED
    assert trouble(asyncpg.UniqueViolationError()) is Trouble.REFUSED
    assert trouble(UnicodeError()) is Trouble.REFUSED
    assert trouble(KeyError()) is None


async def test_what_was_acknowledged_survives_a_kill(url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).parent / "writes_until_killed.py"),
        url,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    rest = (await process.stdout.read()).decode().splitlines(keepends=True)
    await process.wait()
    acknowledged += [line.strip() for line in rest if line.endswith("\n")]
    async with Database(url) as database:
        desk = SqlDesk(database)
        for root in acknowledged:
            story = await desk.story(key_of(root))
            assert len(story.known) == 1
            assert len(story.intents) == 1


def test_sqlite_is_new_enough() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35, 0), "RETURNING and UPDATE FROM"
