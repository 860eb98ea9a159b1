"""Everything that the ledger knows about one key, for people."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from schemas.event import Fact
from service.ledger import documents, entities, intents, names, outcomes, standings
from service.ledger.members import known
from service.ledger.rows import ask
from service.ports import Audit, Story

_EVENTS: Final = f"SELECT {outcomes.EVENT_COLUMNS} FROM events WHERE key = :key ORDER BY at, id"  # noqa: S608
_VERDICTS: Final = "SELECT * FROM verdicts WHERE key = :key ORDER BY kind, external_id"
_AUDITS: Final = "SELECT at, who, action, subject, why FROM audits WHERE key = :key ORDER BY at, id"

_SEARCH: Final = """
    SELECT key FROM names WHERE external_source = :source AND name = :name
    UNION SELECT key FROM entities WHERE external_id = :text AND key >= :first AND key < :beyond
    UNION SELECT key FROM documents WHERE erp_number = :text AND external_source = :source
    UNION SELECT key FROM documents WHERE erp_id = :text AND external_source = :source
    UNION SELECT key FROM keys WHERE key = :text AND key >= :first AND key < :beyond
    ORDER BY 1
"""
_ALL: Final = """
    SELECT key FROM keys WHERE key >= :first AND key < :beyond AND key > :after ORDER BY key LIMIT :most
"""


def search(connection: sa.Connection, source: str, text: str) -> list[str]:
    """Keys by document id, order name, ERP number or id, or by the key itself."""
    text = text.strip()
    span = _span(source)
    return list(ask(connection, _SEARCH, source=source, name=names.plain(text), text=text, **span).scalars())


def listed(connection: sa.Connection, source: str, after: str, limit: int) -> list[str]:
    """Keys of a source in order."""
    return list(ask(connection, _ALL, after=after, most=limit, **_span(source)).scalars())


def _span(source: str) -> dict[str, str]:
    """All keys that begin with `source|`, in byte order: `}` follows `|`."""
    return {"first": source + "|", "beyond": source + "}"}


def tell(connection: sa.Connection, key: str) -> Story:
    """Read everything about one key."""
    one = [(key,)]
    seen = [entities.read(row) for row in entities.OF_KEYS.read(connection, one)]
    facts: dict[tuple[str, str, str], Fact] = {
        (entity.kind, entity.fact.external_id, entity.version): entity.fact for entity in seen
    }
    return Story(
        key=key,
        known=[known(entity) for entity in sorted(seen, key=lambda entity: (entity.kind, entity.fact.external_id))],
        posted=[documents.read(row) for row in documents.OF_KEYS.read(connection, one)],
        intents=sorted(
            (intents.read(row) for row in intents.WHOLE_OF_KEYS.read(connection, one)),
            key=lambda intent: (intent.attempted_at, intent.effect.name, intent.generation),
        ),
        events=[outcomes.read_event(row, facts) for row in ask(connection, _EVENTS, key=key)],
        verdicts=[outcomes.read_verdict(row) for row in ask(connection, _VERDICTS, key=key)],
        audits=[_audit(row) for row in ask(connection, _AUDITS, key=key)],
        standings=sorted(
            (standings.read(row) for row in standings.OF_KEYS.read(connection, one)),
            key=lambda standing: (str(standing.document), standing.number, standing.erp_id),
        ),
        drifts=sorted(
            (standings.read_drift(row) for row in standings.DRIFTS_OF_KEYS.read(connection, one)),
            key=lambda drift: (drift.at, str(drift.document), drift.field),
        ),
    )


def _audit(row: sa.Row[Any]) -> Audit:
    return Audit(at=row.at, who=row.who, action=row.action, subject=row.subject, why=row.why)
