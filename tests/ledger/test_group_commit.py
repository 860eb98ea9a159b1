from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from sandbox.postgres_server import PostgresServer
from service.errors import Fatal, Waiting
from service.ledger.database import Database
from service.ledger.desk import SqlDesk
from service.ledger.ledger import POSTGRES_DEPTH, SqlLedger
from service.ledger.migrate import migrate
from service.ledger.tables import commits
from service.ledger.timeline import began
from service.ledger.trouble import Rejected
from service.ports import IntentState, Opened
from tests.ledger.commit_proxy import CommitProxy, Loss
from tests.ledger.world import (
    ERP,
    arrival,
    closing,
    ended,
    event_end,
    eventually,
    intent,
    key_of,
    opened,
    order,
    posted,
    said,
)

Opener = Callable[..., Awaitable[SqlLedger]]
postgres = pytest.mark.postgres


async def test_a_bad_member_neither_fails_nor_passes_the_others(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = {root: await opened(ledger, key_of(root)) for root in "12345"}
    await ledger.begin(held["1"].lease, intent("1"))
    bad = replace(intent("1"), id="another", key=key_of("2"))  # the same effect of the same generation, twice
    answers = await asyncio.gather(
        ledger.begin(held["3"].lease, intent("3")),
        ledger.begin(held["2"].lease, bad),
        ledger.end(ended(intent("1"))),
        ledger.begin(held["4"].lease, intent("4")),
        ledger.close(closing(held["5"].lease, said("5"))),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [type(None), Rejected, type(None), type(None), type(None)]
    assert "intents" in str(answers[1])
    states = {root: [one.state for one in (await desk.story(key_of(root))).intents] for root in "1234"}
    assert states == {"1": [IntentState.DONE], "2": [], "3": [IntentState.OPEN], "4": [IntentState.OPEN]}


async def test_a_database_that_was_restored_to_an_earlier_time_ends_the_process(ledger: SqlLedger, url: str) -> None:
    await opened(ledger, key_of("1"))
    async with Database(url) as other:
        workers = 1 if other.is_sqlite else POSTGRES_DEPTH

        async def known() -> bool:  # a worker whose first batch comes after the restore knows of no earlier time
            count = sa.select(sa.func.count()).select_from(commits)
            return await other.read(lambda connection: connection.scalar(count)) == workers

        await eventually(known)
        await other.write(lambda connection: connection.exec_driver_sql("DELETE FROM commits"))
    for _ in range(2):
        with pytest.raises(Fatal, match="restored"):
            await ledger.open(key_of("2"), ())


async def test_the_first_history_forgot_nothing_and_every_other_one_says_since_when(url: str) -> None:
    async with Database(url) as database:
        assert await database.write(lambda connection: began(connection, "system/1")) == 0.0
        assert await database.write(lambda connection: began(connection, "system/1")) == 0.0
        since = await database.write(lambda connection: began(connection, "system/2"))
        assert abs(since - time.time()) < 60
        assert await database.write(lambda connection: began(connection, "system/2")) == since


async def test_content_that_no_database_takes_fails_alone(ledger: SqlLedger) -> None:
    bad = order("2").model_copy(update={"external_id": "2\ud800"})
    answers = await asyncio.gather(
        ledger.open(key_of("1"), [arrival(order("1"))]),
        ledger.open(key_of("2"), [arrival(bad, event="e2", root="2")]),
        ledger.open(key_of("3"), [arrival(order("3"), event="e3", root="3")]),
        return_exceptions=True,
    )
    assert isinstance(answers[0], Opened)
    assert isinstance(answers[1], Rejected)
    assert isinstance(answers[2], Opened)


@postgres
async def test_a_nul_byte_fails_alone_and_is_not_repeated_in_the_message(postgres_url: str) -> None:
    ledger = await SqlLedger.open_at(postgres_url, erp=ERP, owner="a", lease_seconds=60)
    try:
        answers = await asyncio.gather(
            ledger.open(key_of("1"), []), ledger.open(key_of("secret\0"), []), return_exceptions=True
        )
        assert isinstance(answers[0], Opened)
        assert isinstance(answers[1], Rejected)
        assert "secret" not in str(answers[1])
    finally:
        await ledger.stop()


async def test_everybody_who_waits_goes_along(url: str) -> None:
    sizes: list[int] = []
    ledger = await SqlLedger.open_at(
        url, erp=ERP, owner="a", lease_seconds=60, on_commit=lambda members, _: sizes.append(members), depth=1
    )
    try:
        await asyncio.gather(*(ledger.open(key_of(str(number)), []) for number in range(300)))
    finally:
        await ledger.stop()
    assert sum(sizes) == 300
    assert len(sizes) <= 3


@postgres
async def test_a_worker_commits_for_nobody_only_to_leave_its_first_marker(postgres_url: str) -> None:
    """Both workers are called when one member comes; the second leaves its first marker, and then has nothing to do."""
    sizes: list[int] = []
    ledger = await SqlLedger.open_at(
        postgres_url, erp=ERP, owner="a", lease_seconds=60, on_commit=lambda members, _: sizes.append(members), depth=2
    )
    try:
        for root in "12345":
            await opened(ledger, key_of(root))
    finally:
        await ledger.stop()
    assert sorted(sizes) == [0, 1, 1, 1, 1, 1]


async def test_a_caller_who_goes_away_takes_nothing_back(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, key_of("1"))
    call = asyncio.create_task(ledger.begin(held.lease, intent()))
    await asyncio.sleep(0)  # it is submitted
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    async def kept() -> bool:
        return bool((await desk.story(key_of("1"))).intents)

    assert await eventually(kept)


async def test_a_stopped_ledger_takes_nothing(url: str) -> None:
    ledger = await SqlLedger.open_at(url, erp=ERP, owner="a", lease_seconds=60)
    pending = asyncio.create_task(ledger.open(key_of("1"), []))
    await asyncio.sleep(0)
    await ledger.stop()
    assert isinstance(await pending, Opened), "what was taken is committed first"
    with pytest.raises(Waiting, match="ledger_closed"):
        await ledger.open(key_of("2"), [])


async def test_eight_writers_do_not_lock_each_other_up(opener: Opener, desk: SqlDesk) -> None:
    ledgers = [await opener(str(number), depth=2) for number in range(8)]
    roots = [str(number) for number in range(24)]

    async def write(number: int, ledger: SqlLedger) -> None:
        turned = roots[number * 3 :] + roots[: number * 3]
        await asyncio.gather(*(one(ledger, root, number) for root in (turned if number % 2 else reversed(turned))))

    async def one(ledger: SqlLedger, root: str, number: int) -> None:
        async def look() -> Opened | None:
            found = await ledger.open(key_of(root), [arrival(order(root), event=f"{root}-{number}", root=root)])
            return found if isinstance(found, Opened) else None

        held = await eventually(look)
        step = intent(root, generation=number + 1)
        await ledger.begin(held.lease, step)
        await ledger.offsets.write("g", {("t", partition): number for partition in range(6)})
        end = event_end(arrival(order(root), event=f"{root}-{number}", root=root))
        await ledger.close(replace(closing(held.lease, said(root), events=(end,)), ended=[ended(step)]))

    await asyncio.wait_for(asyncio.gather(*(write(*pair) for pair in enumerate(ledgers))), 60)
    for root in roots:
        story = await desk.story(key_of(root))
        assert [one.state for one in story.intents] == [IntentState.DONE] * 8
        assert len(story.events) == 8


# --- PostgreSQL goes away -----------------------------------------------------------------------------------------


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[CommitProxy]:
    with tempfile.TemporaryDirectory(prefix="of-") as directory:  # a short path: it becomes a socket's address
        async with CommitProxy(postgres_url, Path(directory)) as proxy:
            yield proxy


@pytest.fixture
async def behind(proxy: CommitProxy) -> AsyncIterator[SqlLedger]:
    """A ledger that reaches PostgreSQL through the proxy."""
    ledger = await SqlLedger.open_at(proxy.url, erp=ERP, owner="a", lease_seconds=60, depth=1)
    yield ledger
    await ledger.stop()


@postgres
async def test_a_commit_whose_answer_was_lost_is_found_and_told_as_done(
    behind: SqlLedger, proxy: CommitProxy, postgres_url: str
) -> None:
    held = await opened(behind, key_of("1"))
    proxy.loss = Loss.ANSWER
    await behind.begin(held.lease, intent())
    assert proxy.lost.is_set()
    async with Database(postgres_url) as database:
        assert [one.attempts for one in (await SqlDesk(database).story(key_of("1"))).intents] == [1]


@postgres
async def test_nobody_is_told_anything_before_it_is_known(
    behind: SqlLedger, proxy: CommitProxy, postgres_url: str
) -> None:
    held = await opened(behind, key_of("1"))
    proxy.loss = Loss.LATE
    call = asyncio.create_task(behind.begin(held.lease, intent()))
    await proxy.lost.wait()
    async with Database(postgres_url) as database:

        async def asked_again() -> bool:
            return await _waits_for_a_lock(postgres_url)

        await eventually(asked_again)  # the look-up waits for the transaction that may still commit
        assert not call.done()
        assert (await SqlDesk(database).story(key_of("1"))).intents == []
        proxy.let_go.set()
        await call
        assert len((await SqlDesk(database).story(key_of("1"))).intents) == 1


@postgres
async def test_a_commit_that_never_arrived_is_a_wait_and_may_be_tried_again(
    behind: SqlLedger, proxy: CommitProxy
) -> None:
    held = await opened(behind, key_of("1"))
    proxy.loss = Loss.COMMIT
    proxy.let_go.set()
    with pytest.raises(Waiting, match="ledger_down"):
        await behind.begin(held.lease, intent())
    await behind.begin(held.lease, intent())
    await behind.close(replace(closing(held.lease, said()), ended=[ended(intent())], posted=[posted()]))


@postgres
async def test_a_connection_that_is_terminated_is_a_wait_and_nothing_happened(postgres_url: str) -> None:
    ledger = await SqlLedger.open_at(postgres_url, erp=ERP, owner="a", lease_seconds=60)
    other = await asyncpg.connect(postgres_url)
    try:
        held = await opened(ledger, key_of("1"))
        async with other.transaction():
            await other.execute("SELECT * FROM keys FOR UPDATE")
            call = asyncio.create_task(ledger.begin(held.lease, intent()))

            async def blocked() -> bool:
                return await _waits_for_a_lock(postgres_url)

            await eventually(blocked)
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'"
            )
            with pytest.raises(Waiting, match="ledger_down"):
                await call
        await ledger.begin(held.lease, intent())
    finally:
        await other.close()
        await ledger.stop()


async def _waits_for_a_lock(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    finally:
        await connection.close()
    return bool(count)


@postgres
async def test_a_server_that_is_gone_is_a_named_wait_and_the_ledger_comes_back_by_itself(
    own_postgres: PostgresServer,
) -> None:
    await migrate(own_postgres.url)
    ledger = await SqlLedger.open_at(own_postgres.url, erp=ERP, owner="a", lease_seconds=600)
    try:
        held = await opened(ledger, key_of("1"), arrival(order()))
        await ledger.begin(held.lease, intent())
        await asyncio.to_thread(own_postgres.kill)
        for _ in range(3):
            with pytest.raises(Waiting, match="ledger_down"):
                await ledger.end(ended(intent()), posted=[posted()])
        await asyncio.to_thread(own_postgres.start)

        async def back() -> bool:
            try:
                await ledger.end(ended(intent()), posted=[posted()])
            except Waiting:
                return False
            return True

        assert await eventually(back)
        await ledger.close(closing(held.lease, said()))
        again = await opened(ledger, key_of("1"))
        assert again.posted == {order().ref: posted()}
        assert again.known[order().ref].fact == order(), "what was acknowledged before the server died is there"
    finally:
        await ledger.stop()


async def test_another_process_that_holds_the_file_is_waited_for(sqlite_url: str) -> None:
    ledger = await SqlLedger.open_at(sqlite_url, erp=ERP, owner="a", lease_seconds=60)
    try:
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        call = asyncio.create_task(ledger.open(key_of("1"), []))
        await asyncio.sleep(0.05)
        assert not call.done()
        other.execute("COMMIT")
        other.close()
        assert isinstance(await call, Opened)
    finally:
        await ledger.stop()
