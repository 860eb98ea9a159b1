"""Where a person is: the keys of their orders and accounts, what stands in the ERP, and where events stood on Kafka."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from schemas.event import Fact
from schemas.party import email_key
from schemas.privacy import Asks, PrivacyRequest
from service.ledger import entities
from service.ledger.database import Database
from service.ledger.rows import TEXT, Statement, ask
from service.ports import PrivacyCase, StandsInErp, StandsOnKafka

PAGE: Final = 500  # order bodies that are looked through at once: some milliseconds
LISTED: Final = 1_000  # documents that a report names one by one

_ORDERS: Final = """
    SELECT key, fact FROM entities WHERE key > :after AND key < :beyond AND kind = 'order' ORDER BY key LIMIT :most
"""
"""One order a key, so that a page never ends inside one."""
_KEYS: Final = "SELECT key FROM keys WHERE key > :after AND key < :beyond ORDER BY key LIMIT :most"
_KNOWN: Final = Statement("SELECT key FROM keys WHERE key IN (SELECT u.key FROM {rows})", [("key", TEXT)])
_STANDS: Final = Statement(
    """
    SELECT kind, external_id, posted, erp_id, erp_number FROM documents
    WHERE key IN (SELECT u.key FROM {rows}) AND kind IN ('order', 'refund', 'account')
    """,
    [("key", TEXT)],
)
"""Payments hold no person there: an amount, a method and a transaction id."""
_READ_AT: Final = Statement(
    """
    SELECT kafka_topic, kafka_partition, min(kafka_offset) AS first, max(kafka_offset) AS last, count(*) AS records
    FROM events WHERE key IN (SELECT u.key FROM {rows}) AND kafka_topic <> '' GROUP BY kafka_topic, kafka_partition
    """,
    [("key", TEXT)],
)
_EMAIL: Final = re.compile(r'"email":("(?:[^"\\]|\\.)*")')
"""Only the buyer has such a field, and the quotes of a text inside are escaped."""


async def keys_of(database: Database, case: PrivacyCase) -> list[str]:
    """The keys of everything that is about the person, or of the whole tenant."""
    span = f"{case.external_source}|{case.tenant}|"
    if case.request.asks is Asks.ERASE_SHOP:
        return [row.key async for row in _pages(database, _KEYS, span)]
    about = is_about(case.request)
    found = {row.key async for row in _pages(database, _ORDERS, span) if about(row.fact)}
    named = [span + number for number in case.request.order_ids]
    return sorted(found.union(await known(database, [*named, *accounts_of(case)])))


async def _pages(database: Database, statement: str, span: str) -> AsyncIterator[sa.Row[Any]]:
    after = span
    while True:
        rows = await database.read(partial(_page, statement=statement, span=span, after=after))
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1].key


def _page(connection: sa.Connection, *, statement: str, span: str, after: str) -> list[sa.Row[Any]]:
    beyond = span[:-1] + "}"  # follows `|` in byte order
    return list(ask(connection, statement, after=after, beyond=beyond, most=PAGE).all())


def is_about(request: PrivacyRequest) -> Callable[[str], bool]:
    """Whether the text of an order body, as the ledger keeps it, names the person by id or e-mail."""
    customer = f'"customer_id":"{request.customer_id}"'
    erased = f'"email_key":"{request.email_key}"'

    def about(text: str) -> bool:
        if request.customer_id and customer in text:
            return True
        if not request.email_key:
            return False
        email = _EMAIL.search(text)
        return erased in text or (email is not None and email_key(json.loads(email[1])) == request.email_key)

    return about


def accounts_of(case: PrivacyCase) -> list[str]:
    """The keys of the accounts that are the person's own (books 16)."""
    account = f"{case.external_source}|{case.tenant}|~account:"
    named = (("customer", case.request.customer_id), ("email", case.request.email_key))
    return [f"{account}{kind}:{name}" for kind, name in named if name]


async def known(database: Database, keys: Sequence[str]) -> list[str]:
    """Those of some keys that the ledger has ever heard of."""
    rows = await database.read(lambda connection: _KNOWN.read(connection, [(key,) for key in keys]))
    return sorted(row.key for row in rows)


def parts(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """A few keys at a time."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


async def facts_of(database: Database, keys: Sequence[str]) -> list[tuple[str, Fact]]:
    """The facts of some keys."""
    rows = await database.read(lambda connection: entities.OF_KEYS.read(connection, [(key,) for key in keys]))
    return [(row.key, entities.read(row).fact) for row in rows]


class Outside:
    """What remains where the ledger cannot erase: in the ERP and on Kafka."""

    def __init__(self, before: Sequence[StandsInErp] = ()) -> None:
        self._erp = {(one.kind, one.external_id): one for one in before}
        self._kafka: dict[tuple[str, int], StandsOnKafka] = {}
        self.more = 0
        """Documents beyond those that are listed."""

    async def look(self, database: Database, keys: Sequence[str]) -> None:
        """Add what there is of some keys."""
        rows = [(key,) for key in keys]
        for row in await database.read(lambda connection: _STANDS.read(connection, rows)):
            if len(self._erp) < LISTED or (row.kind, row.external_id) in self._erp:
                kind = json.loads(row.posted).get("document_type", "")
                stands = StandsInErp(row.kind, row.external_id, kind, row.erp_id, row.erp_number)
                self._erp[row.kind, row.external_id] = stands
            else:
                self.more += 1
        for row in await database.read(lambda connection: _READ_AT.read(connection, rows)):
            here = StandsOnKafka(row.kafka_topic, row.kafka_partition, row.first, row.last, row.records)
            self._add(here)

    def _add(self, here: StandsOnKafka) -> None:
        """Count events of one partition."""
        there = self._kafka.get((here.topic, here.partition), here)
        records = here.records if there is here else there.records + here.records
        first, last = min(there.first, here.first), max(there.last, here.last)
        self._kafka[here.topic, here.partition] = StandsOnKafka(here.topic, here.partition, first, last, records)

    @property
    def erp(self) -> tuple[StandsInErp, ...]:
        """Documents, in order."""
        return tuple(self._erp[name] for name in sorted(self._erp))

    @property
    def kafka(self) -> tuple[StandsOnKafka, ...]:
        """Partitions, in order."""
        return tuple(self._kafka[place] for place in sorted(self._kafka))
