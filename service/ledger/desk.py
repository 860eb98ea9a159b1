"""What people may ask and order. Every order is one transaction, with its audit and with its keys locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from schemas.base import Ref
from schemas.order import Order
from schemas.outcome import Reason
from service.ledger import documents, entities, intents, leases, mappings, standings, story
from service.ledger.database import Database
from service.ledger.decisions import audit as _audit
from service.ledger.decisions import lock as _lock
from service.ledger.decisions import pause as _pause
from service.ledger.doubts import adopted, touched
from service.ledger.privacy import SqlPrivacy
from service.ledger.rows import ask, read_ref
from service.ledger.tellings import SqlTellings
from service.ledger.trouble import Rejected
from service.plan.by_hand import sale_digest
from service.ports import Decision, Drift, Intent, Mapped, Parked, Story

_HOLD: Final = "UPDATE keys SET held = :why WHERE key = :key"
_FORGET: Final = "UPDATE intents SET forgotten = 1 WHERE key = :key AND state = 'refused'"
_KNOWN: Final = "SELECT count(*) FROM keys WHERE key = :key"
_PARKED: Final = """
    SELECT key, kind, external_id, external_source, tenant, reason, detail, release_on, amount, since FROM verdicts
    WHERE outcome = 'parked' AND (:tenant = '' OR tenant = :tenant) AND (:reason = '' OR reason = :reason)
    ORDER BY since, key, kind, external_id LIMIT :most
"""
_OF_DOCUMENT: Final = """
    SELECT key FROM verdicts WHERE external_source = :source AND tenant = :tenant AND kind = :kind
    AND external_id = :id AND outcome = 'parked'
"""
_DISCARD: Final = """
    UPDATE verdicts SET outcome = 'skipped', reason = :reason, detail = :detail, release_on = '', since = {now},
    news = 0, discarded = 1 WHERE key = :key AND kind = :kind AND external_id = :id AND outcome = 'parked'
"""
_HEARD: Final = "UPDATE verdicts SET news = 0 WHERE key = :key"
_PAUSED: Final = "SELECT external_source, tenant FROM tenants WHERE paused = 1"
_POSTED: Final = "SELECT erp, posted FROM documents WHERE key = :key"
_KEY_OF_INTENT: Final = "SELECT key FROM intents WHERE id = :id"
_RESOLVE: Final = """
    UPDATE intents SET state = :state, answer = :answer, how = 'person'
    WHERE id = :id AND state IN ('open', 'in_doubt')
"""


class SqlDesk:
    """The people's side of the ledger. Implements `service.ports.Desk`."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self.tellings: Final = SqlTellings(database)
        self.privacy: Final = SqlPrivacy(database)
        """Requests about persons."""

    async def find_keys(self, external_source: str, text: str) -> Sequence[str]:
        """Keys that match a document id, an order name, an ERP number or a transaction id."""
        return await self._database.read(lambda connection: story.search(connection, external_source, text))

    async def all_keys(self, external_source: str, *, after: str, limit: int) -> Sequence[str]:
        """Keys in order, for a report over everything."""
        return await self._database.read(lambda connection: story.listed(connection, external_source, after, limit))

    async def story(self, key: str) -> Story:
        """Everything known about one key."""
        return await self._database.read(lambda connection: story.tell(connection, key))

    async def parked(
        self, *, tenant: str | None = None, reason: str | None = None, limit: int = 1000
    ) -> Sequence[Parked]:
        """The parked documents, oldest first."""

        def work(connection: sa.Connection) -> list[Parked]:
            return [
                _parked(row) for row in ask(connection, _PARKED, tenant=tenant or "", reason=reason or "", most=limit)
            ]

        return await self._database.read(work)

    async def last_told(self) -> float:
        """When people were told of parked work last, unix seconds; 0 for never."""
        return await self.tellings.last()

    async def release(self, key: str, *, who: str, why: str) -> None:
        """Let a key try again: forget refusals, holds and unreadable news, plan it now."""

        def work(connection: sa.Connection) -> None:
            _known(connection, key)
            _lock(connection, [key])
            ask(connection, _HOLD, key=key, why="")
            ask(connection, _FORGET, key=key)
            ask(connection, _HEARD, key=key)
            leases.DUE.write(connection, [(key,)])
            _audit(connection, who=who, why=why, action="release", subject=key, key=key)

        await self._database.write(work)

    async def hold(self, key: str, *, who: str, why: str) -> None:
        """Keep a key from being planned until it is released."""

        def work(connection: sa.Connection) -> None:
            _known(connection, key)
            _lock(connection, [key])
            ask(connection, _HOLD, key=key, why=f"{who}: {why}")
            _audit(connection, who=who, why=why, action="hold", subject=key, key=key)

        await self._database.write(work)

    async def discard(self, document: Ref, *, who: str, why: str) -> None:
        """End a parked document for good as skipped by a person."""
        source, tenant, kind, external_id = documents.identity("", document)[1:]

        def work(connection: sa.Connection) -> None:
            found = list(
                ask(connection, _OF_DOCUMENT, source=source, tenant=tenant, kind=kind, id=external_id).scalars()
            )
            if not found:
                raise Rejected(f"discarding {document}", "it is not parked; `parked list` shows what is")
            _lock(connection, found)
            detail = f"discarded by {who}: {why}"
            for key in found:
                ask(
                    connection,
                    _DISCARD,
                    key=key,
                    kind=kind,
                    id=external_id,
                    reason=Reason.DISCARDED.value,
                    detail=detail,
                )
                _audit(connection, who=who, why=why, action="discard", subject=str(document), key=key)
            leases.DUE.write(connection, [(key,) for key in found])  # what depends on it is not to wait for it any more

        await self._database.write(work)

    async def mappings(self, external_source: str, tenant: str) -> Sequence[Mapped]:
        """The tenant's tables."""
        return await self._database.read(lambda connection: mappings.read(connection, external_source, tenant))

    async def set_mapping(self, mapping: Mapped, *, who: str, why: str) -> int:
        """Set one line and reopen exactly what was parked for it; returns how many keys were reopened."""
        source, tenant = mapping.external_source, mapping.tenant

        def work(connection: sa.Connection) -> int:
            mappings.put(connection, mapping)
            subject = f"{source} {tenant} {mapping.table}:{mapping.name} = {mapping.target}"
            _audit(connection, who=who, why=why, action="map", subject=subject)
            return _meet(connection, source, tenant, mappings.conditions(mapping))

        return await self._database.write(work)

    async def reopen(self, external_source: str, tenant: str, release_on: str) -> int:
        """Note that a condition is met (a SKU exists now, a tenant is set up) and reopen what was parked for it."""
        return await self._database.write(lambda connection: _meet(connection, external_source, tenant, [release_on]))

    async def pause(self, external_source: str, tenant: str, *, paused: bool, who: str, why: str) -> None:
        """Stop or resume a tenant; what waited for it is due as soon as it goes on."""

        def work(connection: sa.Connection) -> None:
            _pause(connection, external_source, tenant, paused=paused, who=who, why=why)

        await self._database.write(work)

    async def paused(self) -> frozenset[tuple[str, str]]:
        """The paused tenants."""
        return await self._database.read(
            lambda connection: frozenset((row.external_source, row.tenant) for row in ask(connection, _PAUSED))
        )

    async def drifts(self, *, decision: Decision | None = None, limit: int = 1000) -> Sequence[tuple[str, Drift]]:
        """Drift with the key that it belongs to, newest first."""
        asked = "" if decision is None else decision.value

        def work(connection: sa.Connection) -> list[tuple[str, Drift]]:
            rows = ask(connection, standings.DRIFTS, decision=asked, most=limit)
            return [(row.key, standings.read_drift(row)) for row in rows]

        return await self._database.read(work)

    async def accept_drift(self, key: str, *, who: str, why: str) -> int:
        """A person says that what was changed in the ERP is right; returns how many fields that were."""

        def work(connection: sa.Connection) -> int:
            _known(connection, key)
            _lock(connection, [key])
            count = ask(connection, standings.ACCEPT, key=key).rowcount
            if count == 0:
                raise Rejected(
                    f"accepting the drift of {key}", "there is none that waits; `drift list` shows what does"
                )
            _accept(connection, key)
            leases.DUE.write(connection, [(key,)])
            _audit(connection, who=who, why=why, action="accept drift", subject=key, key=key)
            return count

        return await self._database.write(work)

    async def resolve_doubt(self, intent_id: str, *, happened: bool, erp_id: str, who: str, why: str) -> None:
        """A person says whether an effect in doubt exists in the ERP; its key is planned anew."""
        state = "done" if happened else "absent"
        said = f"{who} found {erp_id} in the ERP" if happened else f"{who} found nothing in the ERP"

        def work(connection: sa.Connection) -> None:
            key = ask(connection, _KEY_OF_INTENT, id=intent_id).scalar()
            if key is None:
                raise Rejected(f"the answer about {intent_id}", "there is no such intent; `explain` shows their ids")
            _lock(connection, [key])
            if ask(connection, _RESOLVE, id=intent_id, state=state, answer=said).rowcount == 0:
                raise Rejected(f"the answer about {intent_id}", "it has an outcome already; `explain` shows it")
            intent = intents.read(intents.WHOLE_ROWS.read(connection, [(intent_id,)])[0])
            if happened:
                _adopt(connection, intent, erp_id)
            if condition := mappings.of_account(intent.document):
                source, tenant, release_on = condition
                _meet(connection, source, tenant, [release_on])
            leases.DUE.write(connection, [(key,)])
            _audit(connection, who=who, why=why, action=f"resolve {state}", subject=intent_id, key=key)

        await self._database.write(work)


def _known(connection: sa.Connection, key: str) -> None:
    if not ask(connection, _KNOWN, key=key).scalar():
        raise Rejected(f"the order about {key}", "the ledger does not know this key; `explain` finds keys")


def _adopt(connection: sa.Connection, intent: Intent, erp_id: str) -> None:
    """Record what a person found, to be read again from the ERP."""
    found = documents.BY_REF.read(connection, [documents.identity(intent.erp, touched(intent.effect))])
    stands = documents.read(found[0]) if found else None
    rows = [documents.row(intent.erp, intent.key, posted) for posted in adopted(intent, erp_id, stands)]
    documents.UPSERT.write(connection, rows)


def _accept(connection: sa.Connection, key: str) -> None:
    """Let documents be as people left them, under the shop's sale as it is known now."""
    order = next(
        (entities.read(row) for row in entities.OF_KEYS.read(connection, [(key,)]) if row.kind == "order"), None
    )
    fact = None if order is None else order.fact
    sale = sale_digest(fact if isinstance(fact, Order) else None)
    for row in ask(connection, _POSTED, key=key).all():
        document = documents.read(row)
        if document.by_hand is None:
            continue
        accepted = document.by_hand.model_copy(update={"accepted": True, "sale": sale})
        documents.UPSERT.write(
            connection, [documents.row(row.erp, key, document.model_copy(update={"by_hand": accepted}))]
        )


def _meet(connection: sa.Connection, source: str, tenant: str, conditions: Iterable[str]) -> int:
    keys = sorted({key for release_on in conditions for key in mappings.met(connection, source, tenant, release_on)})
    _lock(connection, keys)
    leases.DUE.write(connection, [(key,) for key in keys])
    return len(keys)


def _parked(row: sa.Row[Any]) -> Parked:
    return Parked(
        document=read_ref(row),
        key=row.key,
        reason=Reason(row.reason),
        detail=row.detail,
        release=row.release_on,
        amount=row.amount,
        since=row.since,
    )
