"""What stands in the ERP: one row a document of ours, by ERP and source identity."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from schemas.base import Ref
from schemas.posted import Posted
from service.ledger.rows import TEXT, Row, Statement, insert

_IDENTITY: Final = (
    ("erp", TEXT),
    ("external_source", TEXT),
    ("tenant", TEXT),
    ("kind", TEXT),
    ("external_id", TEXT),
)

UPSERT: Final = insert(
    "documents",
    (*_IDENTITY, ("key", TEXT), ("erp_id", TEXT), ("erp_number", TEXT), ("posted", TEXT)),
    """(erp, external_source, tenant, kind, external_id) DO UPDATE SET key = excluded.key,
    erp_id = excluded.erp_id, erp_number = excluded.erp_number, posted = excluded.posted""",
)

OF_KEYS: Final = Statement("SELECT key, posted FROM documents WHERE key IN (SELECT u.key FROM {rows})", [("key", TEXT)])

BY_REF: Final = Statement(
    """
    SELECT d.external_source, d.tenant, d.kind, d.external_id, d.posted FROM {rows} JOIN documents d
    ON d.erp = u.erp AND d.external_source = u.external_source AND d.tenant = u.tenant AND d.kind = u.kind
    AND d.external_id = u.external_id
    """,
    _IDENTITY,
)


def identity(erp: str, ref: Ref) -> Row:
    """The primary key of a document."""
    return (erp, ref.external_source, ref.tenant, ref.kind.value, ref.external_id)


def row(erp: str, key: str, posted: Posted) -> Row:
    """Write a posted document as a row."""
    text = posted.model_dump_json(exclude_defaults=True)
    return (*identity(erp, posted.document), key, posted.erp_id, posted.erp_number, text)


def read(found: sa.Row[Any]) -> Posted:
    """Read what `row` wrote."""
    return Posted.model_validate_json(found.posted)
