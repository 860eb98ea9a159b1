"""When people were told of parked work, by channel: of several processes one claims each time, and tells."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from service.ledger.database import Database
from service.ledger.rows import ask

CLAIM_S: Final = 300.0  # a process that claimed and died keeps others from telling no longer than this

_FIRST: Final = """
    INSERT INTO tellings (channel, slot, told_at, claimed_until) VALUES (:channel, :slot, 0, 0)
    ON CONFLICT (channel) DO NOTHING
"""
_CLAIM: Final = """
    UPDATE tellings SET claimed_until = {now} + :taken
    WHERE channel = :channel AND slot < :slot AND claimed_until <= {now} RETURNING told_at
"""
_TOLD: Final = "UPDATE tellings SET slot = :slot, told_at = :at, claimed_until = 0 WHERE channel = :channel"
_FAILED: Final = "UPDATE tellings SET claimed_until = 0 WHERE channel = :channel"
_LAST: Final = "SELECT max(told_at) FROM tellings"


class SqlTellings:
    """Claims on times at which people are told. `slot` is such a time, in unix seconds."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    async def claim(self, channel: str, slot: float) -> float | None:
        """Return when this channel was told last, 0 for never; None where nothing is due or another process tells.

        A channel that is new waits for the next time.
        """

        def work(connection: sa.Connection) -> float | None:
            if ask(connection, _FIRST, channel=channel, slot=slot).rowcount:
                return None
            return ask(connection, _CLAIM, channel=channel, slot=slot, taken=CLAIM_S).scalar()

        return await self._database.write(work)

    async def told(self, channel: str, *, slot: float, at: float) -> None:
        """People were told of what was parked at `at`, or there was nothing to tell."""
        await self._database.write(lambda connection: ask(connection, _TOLD, channel=channel, slot=slot, at=at).close())

    async def failed(self, channel: str) -> None:
        """Nobody was told; the next round tries again."""
        await self._database.write(lambda connection: ask(connection, _FAILED, channel=channel).close())

    async def last(self) -> float:
        """When any channel was told last, unix seconds; 0 for never."""
        return await self._database.read(lambda connection: float(ask(connection, _LAST).scalar() or 0.0))
