"""A look into the service's PostgreSQL from outside; it reads, and cuts connections where that is the fault."""

from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from sandbox.oracle.claims import Place
from sandbox.torture.phases import Leased

_HELD: Final = """
    SELECT k.key, k.owner, i.id, i.state FROM keys k
    LEFT JOIN intents i ON i.key = k.key AND (i.state = 'open' OR i.attempted_at >= k.claimed_at)
    WHERE k.lease_until > extract(epoch FROM clock_timestamp())
"""
_DUE: Final = """
    SELECT count(*) FROM keys
    WHERE wake_at <= extract(epoch FROM clock_timestamp()) + $1 OR due_at IS NOT NULL
        OR lease_until > extract(epoch FROM clock_timestamp())
"""
_OPEN: Final = "SELECT id FROM intents WHERE state = 'open'"
_LEFT: Final = """
    SELECT i.id FROM intents i JOIN keys k ON k.key = i.key
    WHERE i.state = 'open' AND k.owner LIKE $1 AND i.attempted_at >= k.claimed_at AND i.attempts = 1
        AND i.deadline > $2
"""
_DOUBTS: Final = "SELECT id, key, effect_name, answer FROM intents WHERE state = 'in_doubt' ORDER BY id"
_LETTERS: Final = "SELECT topic, partition_no, at_offset FROM dead_letters"
_ATTEMPTS: Final = "SELECT count(*) FROM intents WHERE id = ANY($1) AND attempts > 1"
_CUT: Final = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()
"""
PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """One database. Every question has a connection of its own, so that an outage leaves nothing behind."""

    url: str
    name: str

    @property
    def address(self) -> str:
        """As asyncpg takes it."""
        scheme, _, rest = self.url.partition("://")
        place, _, query = rest.partition("?")
        return f"{scheme}://{place.partition('/')[0]}/{self.name}" + (f"?{query}" if query else "")

    async def _ask(self, question: str, *values: object, at: str = "") -> list[Any]:
        connection = await asyncpg.connect(at or self.address, timeout=PATIENCE_S)
        try:
            found: list[Any] = await connection.fetch(question, *values, timeout=PATIENCE_S)
            return found
        finally:
            await connection.close()

    async def create(self) -> None:
        """Create the database."""
        await self._ask(f'CREATE DATABASE "{self.name}"', at=self.url)

    async def held(self) -> list[Leased]:
        """Keys under a lease, each with the effects since it was claimed."""
        rows = await self._ask(_HELD)
        return [Leased(row[0], row[1], row[2] or "", row[3] or "") for row in rows]

    async def open_intents(self) -> set[str]:
        """Calls whose outcome is not known yet."""
        return {row[0] for row in await self._ask(_OPEN)}

    async def left_by(self, pid: int, struck: float) -> set[str]:
        """Calls that a process left open: begun by itself, and under way when it was struck (unix seconds) or later.

        Not those that it was finding out, nor those whose outcome it could not record because it had lost the fence.
        """
        return {row[0] for row in await self._ask(_LEFT, f"%-{pid}-%", struck)}

    async def sent_again(self, intents: set[str]) -> int:
        """How many of these calls were sent more than once."""
        return int((await self._ask(_ATTEMPTS, list(intents)))[0][0])

    async def doubts(self) -> list[dict[str, str]]:
        """Effects that only a person can resolve."""
        return [dict(row) for row in await self._ask(_DOUBTS)]

    async def dead_letters(self) -> list[Place]:
        """Records that nobody can read, and that their topic could not take."""
        return [(row[0], row[1], row[2]) for row in await self._ask(_LETTERS)]

    async def due_within(self, seconds: float) -> int:
        """Keys that will be looked at again by themselves, or are leased now."""
        return int((await self._ask(_DUE, seconds))[0][0])

    async def cut(self) -> int:
        """End every connection of the database but our own."""
        return int((await self._ask(_CUT, self.name))[0][0])
