"""Where consumer groups go on, as intake asks for it: written with the next batch, read when partitions arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.ledger import marks
from service.ledger.database import Database
from service.ledger.group_commit import GroupCommit
from service.ledger.members import Rows
from service.ledger.timeline import timeline


class Offsets:
    """Low-water marks of consumer groups."""

    def __init__(self, database: Database, commits: GroupCommit, *, history: str) -> None:
        self._database: Final = database
        self._commits: Final = commits
        self._history = history

    @property
    def history(self) -> str:
        """System identifier and timeline under which marks are written now."""
        return self._history

    async def write(self, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit marks along with whatever else is on its way. The next record to read is at the offset."""
        rows = {(group, *place): marks.row(group, self._history, place, offset) for place, offset in offsets.items()}
        if rows:
            await self._commits.submit(Rows(marks.UPSERT, rows))

    async def read(self, group: str) -> dict[tuple[str, int], int]:
        """Return the marks of a group."""
        found = await self._database.read(lambda connection: marks.READ.read(connection, [(group,)]))
        return {(row.topic, row.partition_no): row.next_offset for row in found}

    async def rewound(self, group: str) -> frozenset[tuple[str, int]]:
        """Partitions whose mark was written in another history of the database: a horizon before it is read again.

        Asks the database which history it is now, so that marks written from here on carry it.
        """
        self._history = await self._database.read(timeline)
        found = await self._database.read(lambda connection: marks.READ.read(connection, [(group,)]))
        return frozenset((row.topic, row.partition_no) for row in found if row.timeline != self._history)
