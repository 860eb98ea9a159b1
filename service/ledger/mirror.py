"""The ERP's side as last read, and what is to be read again. Implements `service.ports.Mirror`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from schemas.standing import Standing
from service.ledger import documents, entities, leases, looks, standings
from service.ledger.batch import Batch
from service.ledger.database import Database
from service.ledger.group_commit import GroupCommit
from service.ledger.members import Plain, put_all
from service.ledger.rows import ask
from service.ports import Kept, Notice, Observation, Wanted

CLAIMED_S: Final = 60.0
"""A process that claimed a look and died leaves it to others after this."""

_INTENTS: Final = """
    SELECT max(attempted_at) AS written_at, sum(CASE WHEN state IN ('open', 'in_doubt') THEN 1 ELSE 0 END) AS open
    FROM intents WHERE key = :key
"""


class Notices(Plain):
    """Events of the ERP: each asks for its documents once."""

    def __init__(self, notices: Sequence[Notice], settle_s: float) -> None:
        self._ask = [row for notice in notices for row in looks.asked(notice, settle_s=settle_s)]
        self._by_tag = [row for notice in notices for row in looks.asked_by_tag(notice, settle_s=settle_s)]
        self._ids = [(notice.erp, notice.event_id) for notice in notices if notice.event_id]

    def decide(self, batch: Batch) -> None:
        """Put the questions before the events that ask them, which are known from then on."""
        for row in self._ask:
            batch.put(looks.ASK, row[:3], row)
        for row in self._by_tag:
            batch.put(looks.ASK_BY_TAG, row[:3], row)
        for row in self._ids:
            batch.put(looks.NOTICED, row, row)


class Observe(Plain):
    """What a look at a key came to, where nobody acted on the key since it was read."""

    def __init__(self, erp: str, observation: Observation, at: float) -> None:
        key = observation.key
        self.keys = (key,)
        self.kept = False
        self._observation = observation
        self._standings = [standings.row(erp, key, one) for one in observation.standings]
        self._posted = [documents.row(erp, key, one) for one in observation.posted]
        self._erp = erp
        self._at = at

    def decide(self, batch: Batch) -> None:
        """The fence says whether anybody acted; a lease, whether somebody does now (correctness 13)."""
        told = self._observation
        held = batch.held.get(told.key)
        self.kept = held is not None and held.fence == told.fence and held.lease_until <= held.at
        if not self.kept:
            return
        put_all(batch, self._posted)
        for row in self._standings:
            batch.put(standings.UPSERT, row[:2], row)
        for drift in told.drifts:
            row = standings.drift_row(told.key, drift)
            batch.put(standings.DRIFT, row[:5], row)
        for erp_id in told.seen:
            batch.put(looks.DONE, (told.key, erp_id), (told.key, erp_id, self._at))
        if told.again_in is not None:
            batch.put(looks.LATER, told.key, (told.key, told.again_in))
        for account in told.merged:
            batch.put(looks.ASK_OF_ACCOUNT, account, (self._erp, account))
        if told.wake:
            batch.put(leases.DUE, told.key, (told.key,))


class SqlMirror:
    """The mirror in the ledger. `settle_s` is how old a reading of the ERP may be."""

    def __init__(self, database: Database, commits: GroupCommit, *, erp: str) -> None:
        self._database: Final = database
        self._commits: Final = commits
        self._erp: Final = erp
        self.settle_s = 30.0

    async def notice(self, notices: Sequence[Notice]) -> None:
        """Ask for the documents to be read again; an event that was noticed before asks for nothing."""
        if notices:
            await self._commits.submit(Notices(notices, self.settle_s))

    async def claim(self, *, limit: int) -> Sequence[str]:
        """Return keys that are to be looked at now; no other process gets them for a while."""
        due = "SELECT 1 FROM looks WHERE due_at <= {now} LIMIT 1"
        if await self._database.read(lambda connection: ask(connection, due).first()) is None:
            return ()

        def work(connection: sa.Connection) -> list[str]:
            return list(dict.fromkeys(ask(connection, looks.CLAIM, hidden=CLAIMED_S, most=limit).scalars()))

        return await self._database.write(work)

    async def kept(self, key: str) -> Kept | None:
        """Return what is known of a key; None while somebody has it in hand."""
        return await self._database.read(lambda connection: _kept(connection, key))

    async def keep(self, observation: Observation, *, at: float) -> bool:
        """Record a look that began `at`, on the ledger's clock. False where somebody acted on the key meanwhile."""
        member = Observe(self._erp, observation, at)
        await self._commits.submit(member)
        return member.kept

    async def postpone(self, key: str, *, seconds: float) -> None:
        """Look at a key again later."""
        await self._database.write(lambda connection: ask(connection, looks.POSTPONE, key=key, seconds=seconds).close())

    async def standing(self, erp_ids: Sequence[str]) -> Mapping[str, Standing]:
        """Return what is known of these documents, by id."""
        rows = [(self._erp, erp_id) for erp_id in erp_ids]
        found = await self._database.read(lambda connection: standings.OF_IDS.read(connection, rows))
        return {row.erp_id: standings.read(row) for row in found}

    async def cursor(self, name: str) -> str:
        """Return how far a feed of the ERP was read; empty where it never was."""
        return await self._database.read(lambda connection: ask(connection, looks.CURSOR, name=name).scalar() or "")

    async def move(self, name: str, cursor: str) -> None:
        """Keep how far a feed was read, and forget events that nobody sends any more."""

        def work(connection: sa.Connection) -> None:
            ask(connection, looks.MOVE, name=name, place=cursor)
            ask(connection, looks.FORGET, old=looks.KEEP_S)

        await self._database.write(work)

    async def counts(self) -> tuple[int, Mapping[str, int]]:
        """Return how many looks wait, and how much drift there is by decision."""

        def work(connection: sa.Connection) -> tuple[int, dict[str, int]]:
            waiting = int(ask(connection, looks.WAITING).scalar() or 0)
            return waiting, {row.decision: row.number for row in ask(connection, standings.COUNT)}

        return await self._database.read(work)


def _kept(connection: sa.Connection, key: str) -> Kept | None:
    one = [(key,)]
    row = next(iter(leases.LOOK.read(connection, one)), None)
    if row is None or row.lease_until > row.at:
        return None
    posted = [documents.read(found) for found in documents.OF_KEYS.read(connection, one)]
    order = next(
        (entities.read(found) for found in entities.OF_KEYS.read(connection, one) if found.kind == "order"), None
    )
    calls = ask(connection, _INTENTS, key=key).one()
    return Kept(
        key=key,
        fence=row.fence,
        at=row.at,
        posted={document.document: document for document in posted},
        standings=[standings.read(found) for found in standings.OF_KEYS.read(connection, one)],
        drifts=[standings.read_drift(found) for found in standings.DRIFTS_OF_KEYS.read(connection, one)],
        wanted=[
            Wanted(found.erp_id, found.version, found.asked_at) for found in ask(connection, looks.OF_KEY, key=key)
        ],
        sale=None if order is None else order.fact,
        unresolved=bool(calls.open),
        written_at=calls.written_at or 0.0,
    )
