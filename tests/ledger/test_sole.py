"""One process a SQLite file: it takes over at once what a dead one held, and keeps a living second one out."""

import pytest

from service.errors import Fatal
from service.ledger.ledger import SqlLedger
from service.ledger.sole import sole, take_over
from service.ports import Busy, Opened

KEY = "shopify|a.myshopify.com|1"


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


async def test_the_leases_of_a_dead_process_end_when_the_next_one_starts(url: str) -> None:
    dead = await SqlLedger.open_at(url, erp="arcus", owner="dead", lease_seconds=60.0)
    first = await dead.open(KEY, ())
    assert isinstance(first, Opened)
    await dead.stop()
    heir = await SqlLedger.open_at(url, erp="arcus", owner="heir", lease_seconds=60.0)
    assert isinstance(await heir.open(KEY, ()), Busy)
    await take_over(heir.database)
    second = await heir.open(KEY, ())
    assert isinstance(second, Opened)
    assert second.lease.fence > first.lease.fence
    await heir.stop()


async def test_a_second_process_is_kept_out_while_the_first_one_lives(url: str) -> None:
    ledger = await SqlLedger.open_at(url, erp="arcus", owner="one", lease_seconds=60.0)
    with sole(ledger.database), pytest.raises(Fatal, match="another process"), sole(ledger.database):
        pass
    with sole(ledger.database):
        pass
    await ledger.stop()
