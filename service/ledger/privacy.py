"""Requests about persons: carried out key by key, and told to people (correctness 23)."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from schemas.event import Position
from schemas.outcome import Reason
from schemas.personal import told
from schemas.privacy import Asks, PrivacyRequest
from service.ledger import cases, tombstones
from service.ledger.database import ANSWER_S, Database
from service.ledger.decisions import audit
from service.ledger.erasing import Erased, erase
from service.ledger.recognising import named
from service.ledger.rows import TEXT, Statement, ask
from service.ledger.trouble import Rejected
from service.ledger.whereabouts import Outside, facts_of, keys_of, known, parts
from service.ports import Arrival, CaseState, DeadLetter, EventEnd, PrivacyCase, Traces

AT_ONCE: Final = 50  # keys a transaction: some ten milliseconds
LETTERS: Final = 50  # dead letters that are looked through at once; one may have a megabyte
CLAIM_S: Final = 300.0  # a process that took a request and died has it no longer than this
AGAIN_S: Final = 15.0
EARLY, SETTLED = 1, 2
"""How often everything was looked through: once at once, and once when every transaction of before had ended."""

_LIFT: Final = "UPDATE tombstones SET until = {now} WHERE request = :id AND until IS NULL"
_NOW: Final = "SELECT {now}"
_BODIES: Final = Statement(
    "SELECT count(*) AS bodies FROM intents WHERE key IN (SELECT u.key FROM {rows}) AND length(body) > 0",
    [("key", TEXT)],
)
_LETTERS: Final = """
    SELECT topic, partition_no, at_offset, record_key, record_value, headers, reason, detail FROM dead_letters
    WHERE (topic, partition_no, at_offset) > (:topic, :partition, :offset)
    ORDER BY topic, partition_no, at_offset LIMIT :most
"""
_EMPTY: Final = """
    UPDATE dead_letters SET record_key = NULL, record_value = NULL, headers = '[]'
    WHERE topic = :topic AND partition_no = :partition AND at_offset = :offset
"""


class SqlPrivacy:
    """Requests about persons. Implements `service.ports.PrivacyDesk`, and does what the duty asks."""

    def __init__(self, database: Database, *, settle_s: float | None = None) -> None:
        self._database: Final = database
        # SQLite has one writer, so that nothing can have begun before an erasure and end behind it.
        self._settle_s: Final = (0.0 if database.is_sqlite else ANSWER_S) if settle_s is None else settle_s

    async def record(self, arrival: Arrival, request: PrivacyRequest) -> EventEnd:
        """Keep a request, with its tombstones; what happens by it happens once."""
        return await self._database.write(lambda connection: cases.record(connection, arrival, request))

    async def take(self, *, limit: int = 10) -> list[str]:
        """Claim requests that can be carried further now; each is claimed by one process."""
        return await self._database.write(
            lambda connection: list(ask(connection, cases.CLAIM, taken=CLAIM_S, most=limit).scalars())
        )

    async def unfinished(self) -> int:
        """How many requests are open, or wait for an answer by a person."""
        return int(await self._database.read(lambda connection: ask(connection, cases.UNFINISHED).scalar_one()))

    async def cases(self) -> Sequence[PrivacyCase]:
        """Every request, oldest first."""
        return await self._database.read(lambda connection: [cases.read(row) for row in ask(connection, cases.ALL)])

    async def case(self, case_id: str) -> PrivacyCase | None:
        """One request."""
        row = await self._database.read(lambda connection: ask(connection, cases.ONE, id=case_id).one_or_none())
        return None if row is None else cases.read(row)

    async def carry_out(self, case_id: str) -> PrivacyCase:
        """Bring a request as far as it goes now. Raises Rejected where there is none."""
        case = await self._one(case_id)
        if case.state is not CaseState.OPEN:
            return case
        began = float(await self._database.read(lambda connection: ask(connection, _NOW).scalar_one()))
        settled = began >= case.asked_at + self._settle_s
        if case.request.asks is Asks.TELL_CUSTOMER:
            found = await self._what_is_held(await keys_of(self._database, case))
            after = replace(case, state=CaseState.TO_ANSWER, found=found)
        else:
            found = await self._erase(case)
            done = settled and not found.waiting
            scanned = SETTLED if settled else EARLY
            after = replace(case, state=CaseState.DONE if done else CaseState.OPEN, found=found, scanned=scanned)
        again = AGAIN_S if settled else max(0.0, case.asked_at + self._settle_s - began)
        await self._database.write(lambda connection: _save(connection, after, again))
        return after

    async def _one(self, case_id: str) -> PrivacyCase:
        case = await self.case(case_id)
        if case is None:
            raise Rejected(f"request {case_id}", "there is none of this id; `orderferry privacy list` shows them")
        return case

    async def _erase(self, case: PrivacyCase) -> Traces:
        """Erase what can be erased now. Once everything was looked through, only what had to wait is left."""
        before = case.found
        whole = case.scanned < SETTLED
        keys = await keys_of(self._database, case) if whole else [key for key, _ in before.waiting]
        erased = await self._erase_keys(keys)
        accounts = {account for one in erased for account in one.accounts}.difference(keys)
        erased += await self._erase_keys(await known(self._database, sorted(accounts)))
        outside = Outside(() if whole else before.erp)
        for some in parts([one.key for one in erased], AT_ONCE):
            await outside.look(self._database, some)
        return Traces(
            keys=len(erased) if whole else before.keys,
            facts=before.facts + sum(one.facts for one in erased),
            requests=before.requests + sum(one.requests for one in erased),
            letters=before.letters + (await self._erase_letters(case) if whole else 0),
            erp=outside.erp,
            erp_more=outside.more + (0 if whole else before.erp_more),
            kafka=outside.kafka if whole else before.kafka,
            waiting=tuple((one.key, one.why) for one in erased if one.why),
        )

    async def _erase_keys(self, keys: Sequence[str]) -> list[Erased]:
        found: list[Erased] = []
        for some in parts(keys, AT_ONCE):
            found += await self._database.write(partial(_erase_some, keys=some))
        return found

    async def _erase_letters(self, case: PrivacyCase) -> int:
        """Empty the dead letters that may be about the person; why each was one stays."""
        names = tombstones.names_for(case.request)
        place: tuple[str, int, int] | None = ("", -1, -1)
        count = 0
        while place is not None:
            place, emptied = await self._database.write(
                partial(_empty_letters, after=place, tenant=case.tenant, names=names)
            )
            count += emptied
        return count

    async def _what_is_held(self, keys: Sequence[str]) -> Traces:
        outside, facts, requests = Outside(), 0, 0
        for some in parts(keys, AT_ONCE):
            facts += sum(bool(told(fact)) for _, fact in await facts_of(self._database, some))
            rows = [(key,) for key in some]
            bodies = await self._database.read(partial(_BODIES.read, rows=rows))
            requests += sum(row.bodies for row in bodies)
            await outside.look(self._database, some)
        return Traces(len(keys), facts, requests, 0, outside.erp, outside.more, outside.kafka)

    async def held(self, case_id: str) -> Sequence[Mapping[str, object]]:
        """The personal fields that the ledger holds of the person now, document by document."""
        found: list[Mapping[str, object]] = []
        for some in parts(await keys_of(self._database, await self._one(case_id)), AT_ONCE):
            for _, fact in sorted(await facts_of(self._database, some), key=lambda one: str(one[1].ref)):
                if data := told(fact):
                    found.append({"kind": fact.entity.value, "external_id": fact.external_id, "data": data})
        return found

    async def answered(self, case_id: str, *, who: str, why: str) -> None:
        """A person answered the shop."""

        def work(connection: sa.Connection) -> None:
            if not ask(connection, cases.ANSWERED, id=case_id).rowcount:
                raise Rejected(f"the answer to request {case_id}", "it waits for none; see `orderferry privacy list`")
            audit(connection, who=who, why=why, action="answer", subject=f"privacy request {case_id}")

        await self._database.write(work)

    async def lift(self, case_id: str, *, who: str, why: str) -> int:
        """Let orders that are made from now on keep their persons; what is older stays erased, in replays too."""

        def work(connection: sa.Connection) -> int:
            count = ask(connection, _LIFT, id=case_id).rowcount
            if not count:
                raise Rejected(f"lifting request {case_id}", "it erases nobody now; see `orderferry privacy list`")
            audit(connection, who=who, why=why, action="lift", subject=f"privacy request {case_id}")
            return count

        return await self._database.write(work)


def _save(connection: sa.Connection, case: PrivacyCase, again: float) -> None:
    ask(
        connection,
        cases.SAVE,
        id=case.id,
        state=case.state.value,
        scanned=case.scanned,
        found=cases.written(case.found),
        again=again,
    ).close()


def _erase_some(connection: sa.Connection, keys: Sequence[str]) -> list[Erased]:
    return [erase(connection, key) for key in keys]


def _empty_letters(
    connection: sa.Connection, *, after: tuple[str, int, int], tenant: str, names: Sequence[str]
) -> tuple[tuple[str, int, int] | None, int]:
    """Look through one page; returns where the next one begins, and how many were emptied."""
    topic, partition, offset = after
    rows = ask(connection, _LETTERS, topic=topic, partition=partition, offset=offset, most=LETTERS).all()
    found = [row for row in rows if row.record_value is not None and named(_letter(row)).fits(tenant, names)]
    for row in found:
        ask(connection, _EMPTY, topic=row.topic, partition=row.partition_no, offset=row.at_offset).close()
    last = rows[-1] if len(rows) == LETTERS else None
    return (last.topic, last.partition_no, last.at_offset) if last is not None else None, len(found)


def _letter(row: sa.Row[Any]) -> DeadLetter:
    return DeadLetter(
        position=Position(topic=row.topic, partition=row.partition_no, offset=row.at_offset),
        key=None if row.record_key is None else bytes(row.record_key),
        value=bytes(row.record_value),
        headers=[(name, b64decode(value)) for name, value in json.loads(row.headers)],
        reason=Reason(row.reason),
        detail=row.detail,
    )
