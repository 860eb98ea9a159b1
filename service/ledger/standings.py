"""How documents of ours stand in the ERP, and what people changed there: rows and statements."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from schemas.standing import Standing
from service.ledger.rows import MOMENT, TEXT, Row, Statement, insert, read_ref
from service.ports import Decision, Drift

UPSERT: Final = insert(
    "standings",
    [
        ("erp", TEXT),
        ("erp_id", TEXT),
        ("key", TEXT),
        ("account_erp_id", TEXT),
        ("standing", TEXT),
        ("read_at", MOMENT),
    ],
    """(erp, erp_id) DO UPDATE SET key = excluded.key, account_erp_id = excluded.account_erp_id,
    standing = excluded.standing, read_at = excluded.read_at WHERE standings.read_at <= excluded.read_at""",
)
"""Of two readings that cross, the one that began later counts."""

OF_KEYS: Final = Statement("SELECT standing FROM standings WHERE key IN (SELECT u.key FROM {rows})", [("key", TEXT)])

OF_IDS: Final = Statement(
    "SELECT s.erp_id, s.standing FROM {rows} JOIN standings s ON s.erp = u.erp AND s.erp_id = u.erp_id",
    [("erp", TEXT), ("erp_id", TEXT)],
)

DRIFT: Final = Statement(
    """
    INSERT INTO drifts (key, kind, external_id, field, is_now, external_source, tenant, erp_id, was, decision, at)
    SELECT u.key, u.kind, u.external_id, u.field, u.is_now, u.external_source, u.tenant, u.erp_id, u.was, u.decision,
        {now} FROM {rows} WHERE true
    ON CONFLICT (key, kind, external_id, field, is_now) DO NOTHING
    """,
    [
        ("key", TEXT),
        ("kind", TEXT),
        ("external_id", TEXT),
        ("field", TEXT),
        ("is_now", TEXT),
        ("external_source", TEXT),
        ("tenant", TEXT),
        ("erp_id", TEXT),
        ("was", TEXT),
        ("decision", TEXT),
    ],
)

_COLUMNS: Final = "key, kind, external_id, field, is_now, external_source, tenant, erp_id, was, decision, at"

DRIFTS_OF_KEYS: Final = Statement(
    f"SELECT {_COLUMNS} FROM drifts WHERE key IN (SELECT u.key FROM {{rows}})",  # noqa: S608  # names of ours
    [("key", TEXT)],
)
DRIFTS: Final = f"""
    SELECT {_COLUMNS} FROM drifts WHERE :decision = '' OR decision = :decision ORDER BY at DESC, key LIMIT :most
"""  # noqa: S608  # names of ours
COUNT: Final = "SELECT decision, count(*) AS number FROM drifts GROUP BY decision"
ACCEPT: Final = "UPDATE drifts SET decision = 'accepted' WHERE key = :key AND decision = 'alerted'"


def row(erp: str, key: str, standing: Standing) -> Row:
    """Write a standing as a row."""
    text = standing.model_dump_json(exclude_defaults=True)
    return (erp, standing.erp_id, key, standing.account_erp_id, text, standing.read_at)


def read(found: sa.Row[Any]) -> Standing:
    """Read what `row` wrote."""
    return Standing.model_validate_json(found.standing)


def drift_row(key: str, drift: Drift) -> Row:
    """Write drift as a row."""
    ref = drift.document
    names = (key, ref.kind.value, ref.external_id, drift.field, drift.now)
    return (*names, ref.external_source, ref.tenant, drift.erp_id, drift.was, drift.decision.value)


def read_drift(found: sa.Row[Any]) -> Drift:
    """Read what `drift_row` wrote."""
    return Drift(
        document=read_ref(found),
        erp_id=found.erp_id,
        field=found.field,
        was=found.was,
        now=found.is_now,
        decision=Decision(found.decision),
        at=found.at,
    )
