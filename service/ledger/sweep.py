"""What is to be done although nothing arrives: keys that are due, and keys that were abandoned."""

from __future__ import annotations

from typing import Final

from schemas.outcome import TENANT_RESUMED
from service.ledger.database import Database
from service.ledger.rows import ask

STALE_S: Final = 10.0  # a process may plan with a mapping that it read this long ago

_FREE: Final = "k.lease_until <= {now} AND k.held = '' AND k.key > :after"

DUE: Final = f"""
    SELECT k.key FROM keys k WHERE k.wake_at <= {{now}} AND {_FREE}
    UNION
    SELECT k.key FROM keys k WHERE k.due_at IS NOT NULL AND {_FREE}
    UNION
    SELECT k.key FROM releases r, verdicts v, keys k
    WHERE v.release_on = r.release_on AND v.release_on <> '' AND v.external_source = r.external_source
        AND v.tenant = r.tenant AND v.outcome = 'parked' AND k.key = v.key AND {_FREE}
        AND (r.at >= k.claimed_at - :stale OR k.lease_until > 0)
    UNION
    SELECT k.key FROM verdicts v, keys k
    WHERE v.release_on = '{TENANT_RESUMED}' AND v.release_on <> '' AND k.key = v.key AND {_FREE}
        AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.external_source = v.external_source AND t.tenant = v.tenant
            AND t.paused = 1)
    ORDER BY 1 LIMIT :most
"""  # noqa: S608
"""By their own time; released by a person; parked for a condition that was met since; of a tenant that goes on again.

A condition was met since also where the last owner died with the key in hand: nobody knows what it had seen.
The last two are asked of the state itself, not of a message about it, so that nothing that crosses is missed.
"""

ABANDONED: Final = """
    SELECT DISTINCT k.key FROM intents i, keys k
    WHERE i.state IN ('open', 'in_doubt') AND i.state = 'open' AND k.key = i.key
        AND k.held = '' AND k.lease_until <= {now} AND (k.lease_until > 0 OR k.wake_at IS NULL)
    ORDER BY 1 LIMIT :most
"""
"""The first condition is the one of the index. A key that was given back is looked at when it said, or else at once."""

NEXT_WAKE: Final = "SELECT min(wake_at) - {now} FROM keys WHERE wake_at > {now}"


_UNFINISHED: Final = "SELECT state, count(*) AS number FROM intents WHERE state IN ('open', 'in_doubt') GROUP BY state"


class Sweep:
    """Questions that the releasing duty asks again and again."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    async def due(self, *, limit: int = 1000, after: str = "") -> list[str]:
        """Return keys whose time has come, that a person released, or whose condition was met; none held or leased."""
        return await self._database.read(
            lambda connection: list(ask(connection, DUE, after=after, stale=STALE_S, most=limit).scalars())
        )

    async def abandoned(self, *, limit: int = 1000) -> list[str]:
        """Return keys with open intents that nobody has in hand: their owner is gone, or left without a time."""
        return await self._database.read(lambda connection: list(ask(connection, ABANDONED, most=limit).scalars()))

    async def next_wake(self) -> float | None:
        """Seconds until the next key is due by its own time; None where no key waits for one."""
        return await self._database.read(lambda connection: ask(connection, NEXT_WAKE).scalar())

    async def unfinished(self) -> tuple[int, int]:
        """Return how many intents are open, and how many are in doubt."""
        rows = await self._database.read(lambda connection: ask(connection, _UNFINISHED).all())
        found = {row.state: row.number for row in rows}
        return found.get("open", 0), found.get("in_doubt", 0)
