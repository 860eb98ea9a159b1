"""The tenants' tables, and the conditions that parked documents wait for."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from schemas.base import Kind, Ref
from service.ledger.rows import TEXT, Row, Statement, ask
from service.ports import Mapped

_TARGETS: Final = {
    "tax": "tax",
    "marketplace_tax": "tax",
    "shipping": "shipping",
    "tip": "tips",
    "gift_card": "gift_cards",
    "duties": "duties",
    "fees": "fees",
    "custom": "goods",
    "rounding": "rounding",
}
"""What a document says that waits for one of these tables, in the planner's word for the component: `target:tips`."""

_READ: Final = """
    SELECT external_source, tenant, table_name, name, target FROM mappings
    WHERE external_source = :source AND tenant = :tenant ORDER BY table_name, name
"""
_SET: Final = """
    INSERT INTO mappings (external_source, tenant, table_name, name, target)
    VALUES (:source, :tenant, :table_name, :name, :target)
    ON CONFLICT (external_source, tenant, table_name, name) DO UPDATE SET target = excluded.target
"""
_INSTEAD: Final = """
    DELETE FROM mappings WHERE external_source = :source AND tenant = :tenant AND table_name = :table_name
    AND name <> :name AND NOT (table_name = 'tax' AND name = 'marketplace')
"""
"""A table of one target holds one line, whatever name it has; the tax table holds the marketplace's beside its own."""
MET: Final = Statement(
    """
    INSERT INTO releases (external_source, tenant, release_on, at)
    SELECT external_source, tenant, release_on, {now} FROM {rows} WHERE true
    ON CONFLICT (external_source, tenant, release_on) DO UPDATE SET at = excluded.at
    """,
    [("external_source", TEXT), ("tenant", TEXT), ("release_on", TEXT)],
)
"""Note that a condition was met: the sweep finds what was parked for it, whenever that was."""
_WAITING: Final = """
    SELECT DISTINCT key FROM verdicts WHERE release_on = :release_on AND release_on <> '' AND outcome = 'parked'
    AND external_source = :source AND tenant = :tenant
"""


def conditions(mapping: Mapped) -> frozenset[str]:
    """The release conditions that this line meets."""
    own = {f"{mapping.table}:{mapping.name}"}
    if mapping.table in _TARGETS:
        own.add(f"target:{_TARGETS[mapping.table]}")
    return frozenset(own)


def read(connection: sa.Connection, source: str, tenant: str) -> list[Mapped]:
    """The tables of one tenant."""
    found = ask(connection, _READ, source=source, tenant=tenant)
    return [Mapped(row.external_source, row.tenant, row.table_name, row.name, row.target) for row in found]


def put(connection: sa.Connection, mapping: Mapped) -> None:
    """Set one line, which in a table of one target takes the place of the one there."""
    place = {"source": mapping.external_source, "tenant": mapping.tenant, "table_name": mapping.table}
    if mapping.table in _TARGETS and (mapping.table, mapping.name) != ("tax", "marketplace"):
        ask(connection, _INSTEAD, **place, name=mapping.name)
    ask(connection, _SET, **place, name=mapping.name, target=mapping.target)


def met(connection: sa.Connection, source: str, tenant: str, release_on: str) -> set[str]:
    """Note that a condition was met, and return the keys with documents parked for exactly it."""
    MET.write(connection, [(source, tenant, release_on)])
    return set(ask(connection, _WAITING, source=source, tenant=tenant, release_on=release_on).scalars())


def of_account(document: Ref) -> Row | None:
    """The condition that an account meets by standing in the ERP; None for any other document."""
    if document.kind is not Kind.ACCOUNT:
        return None
    return (document.external_source, document.tenant, f"account:{document.external_id}")
