"""A process that writes and says what was acknowledged, until it is killed."""

from __future__ import annotations

import asyncio
import itertools
import sys

from service.ledger.ledger import SqlLedger
from tests.ledger.world import ERP, arrival, intent, key_of, opened, order


async def main(url: str) -> None:
    """Begin an intent on one new key after the other, sixteen at a time."""
    ledger = await SqlLedger.open_at(url, erp=ERP, owner="killed", lease_seconds=60)
    roots = itertools.count(1)

    async def write() -> None:
        for number in roots:
            root = str(number)
            held = await opened(ledger, key_of(root), arrival(order(root), event=root, root=root))
            await ledger.begin(held.lease, intent(root))
            sys.stdout.write(f"{root}\n")
            sys.stdout.flush()

    await asyncio.gather(*(write() for _ in range(16)))


asyncio.run(main(sys.argv[1]))
