"""Policies by version: a document stays planned under the one that posted it (correctness 3)."""

from __future__ import annotations

from typing import Final

from service.ledger.database import Database
from service.ledger.rows import ask

_PUT: Final = """
    INSERT INTO policies (version, policy, at) VALUES (:version, :policy, {now}) ON CONFLICT (version) DO NOTHING
"""
_GET: Final = "SELECT policy FROM policies WHERE version = :version"


class SqlPolicies:
    """Keeps every policy that ever posted something, as JSON text."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    async def put(self, version: str, policy: str) -> None:
        """Keep a policy. A version names its content, so that the first one stays."""
        await self._database.write(lambda connection: ask(connection, _PUT, version=version, policy=policy).close())

    async def get(self, version: str) -> str | None:
        """Return the policy of a version."""
        return await self._database.read(lambda connection: ask(connection, _GET, version=version).scalar())
