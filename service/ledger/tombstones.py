"""Erased persons: under which names they may come again, and facts without them. Pure but for its statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from schemas.base import Kind
from schemas.event import Fact
from schemas.order import Order
from schemas.party import email_key
from schemas.personal import without_person
from schemas.privacy import Asks, PrivacyRequest
from schemas.refund import Refund
from service.ledger.rows import MOMENT, TEXT, Row, Statement, ask, insert

SHOP: Final = "shop"
"""The name under which everybody of a tenant is erased."""

_COLUMNS: Final = [("external_source", TEXT), ("tenant", TEXT), ("name", TEXT), ("request", TEXT), ("until", MOMENT)]

INSERT: Final = insert(
    "tombstones",
    _COLUMNS,
    "(external_source, tenant, name) DO NOTHING",
)

RENEW: Final = insert(
    "tombstones",
    _COLUMNS,
    "(external_source, tenant, name) DO UPDATE SET request = excluded.request, until = excluded.until",
)
"""Asked for again after it was lifted: it holds for everything again."""

READ: Final = Statement(
    """
    SELECT t.external_source, t.tenant, t.name, t.request, t.until FROM {rows} JOIN tombstones t
    ON t.external_source = u.external_source AND t.tenant = u.tenant AND t.name = u.name
    """,
    [("external_source", TEXT), ("tenant", TEXT), ("name", TEXT)],
)

_SOME: Final = "SELECT EXISTS (SELECT 1 FROM tombstones)"

_BY_NAME: Final = Statement(
    "SELECT t.tenant, t.name FROM {rows} JOIN tombstones t ON t.name = u.name", [("name", TEXT)]
)
"""Also those that were lifted: nobody can tell how old a record is that nobody can read. Where it stood is kept."""

Stone = tuple[str, float | None]
"""Which request erased the person, and until when what is theirs was made."""
Stones = Mapping[Row, Stone]
"""By (external_source, tenant, name)."""


def some(connection: sa.Connection) -> bool:
    """Whether anybody was ever erased: most ledgers need not ask any further."""
    return bool(ask(connection, _SOME).scalar())


def read(connection: sa.Connection, wanted: Iterable[Row]) -> dict[Row, Stone]:
    """The tombstones among these names."""
    found = READ.read(connection, sorted(set(wanted)))
    return {(row.external_source, row.tenant, row.name): (row.request, row.until) for row in found}


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a record may be about that nobody can read: tenants, and names as tombstones have them."""

    tenants: frozenset[str]
    names: frozenset[str]

    def fits(self, tenant: str, wanted: Iterable[str]) -> bool:
        """Whether it may be about one of these persons of a tenant. Where it tells no tenant the names decide."""
        if self.tenants and tenant not in self.tenants:
            return False
        return any(name in self.names or (name == SHOP and tenant in self.tenants) for name in wanted)


def any_of(connection: sa.Connection, about: Named) -> bool:
    """Whether somebody erased may be meant."""
    if not some(connection):
        return False
    found = _BY_NAME.read(connection, [(name,) for name in sorted({SHOP, *about.names})])
    return any(about.fits(row.tenant, [row.name]) for row in found)


def order_name(external_id: str) -> str:
    """The name of whoever an order is of."""
    return f"order:{external_id}"


def names_of(fact: Fact) -> Iterator[str]:
    """Under which names the person of a fact may have been erased."""
    if isinstance(fact, Order):
        buyer = fact.buyer
        yield order_name(fact.external_id)
        if buyer.customer_id:
            yield f"customer:{buyer.customer_id}"
        if digest := buyer.email_key or email_key(buyer.email):
            yield f"email:{digest}"


def names_for(request: PrivacyRequest) -> list[str]:
    """The names that an erasure leaves tombstones under."""
    if request.asks is Asks.ERASE_SHOP:
        return [SHOP]
    named = [order_name(number) for number in request.order_ids]
    if request.customer_id:
        named.append(f"customer:{request.customer_id}")
    if request.email_key:
        named.append(f"email:{request.email_key}")
    return sorted(set(named))


class Grave:
    """What of one key is erased, as its tombstones say."""

    def __init__(self, key: str, facts: Iterable[Fact], stones: Stones) -> None:
        self._source, self._tenant, root = key.split("|", 2)
        self._stones: Final = stones
        of_all = [SHOP, order_name(root), *(name for fact in facts for name in names_of(fact))]
        self._found: Final = [stone for name in dict.fromkeys(of_all) if (stone := self._stone(name)) is not None]

    def _stone(self, name: str) -> Stone | None:
        return self._stones.get((self._source, self._tenant, name))

    def cleared(self, fact: Fact) -> Fact:
        """The fact as it may be kept; the very same where nobody in it was erased."""
        at = _made_at(fact)
        if any(until is None or at is None or at < until for _, until in self._found):
            return without_person(fact)
        return fact

    def left_by(self, fact: Fact) -> Row | None:
        """A tombstone for the order itself: its refunds and later bodies may not name the person (correctness 23)."""
        if fact.entity is not Kind.ORDER or not self._found:
            return None
        if self._stone(SHOP) or self._stone(order_name(fact.external_id)):
            return None
        request, until = self._found[0]
        return (self._source, self._tenant, order_name(fact.external_id), request, until)


def _made_at(fact: Fact) -> float | None:
    """When what a fact tells was made; None where it holds no person anyway."""
    if isinstance(fact, Order):
        return fact.placed_at.timestamp()
    return fact.created_at.timestamp() if isinstance(fact, Refund) else None
