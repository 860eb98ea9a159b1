"""Source entities: the newest accepted fact of each, and the mark under which it is settled."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from schemas.base import Ref
from service.ledger.absorb import Seen, dump
from service.ledger.rows import TEXT, WHOLE, Row, Statement, insert

UPSERT: Final = insert(
    "entities",
    [
        ("key", TEXT),
        ("kind", TEXT),
        ("external_id", TEXT),
        ("version", TEXT),
        ("digest", TEXT),
        ("fact", TEXT),
        ("conflict", WHOLE),
    ],
    """(key, kind, external_id) DO UPDATE SET
    version = excluded.version, digest = excluded.digest, fact = excluded.fact, conflict = excluded.conflict""",
)

OF_KEYS: Final = Statement(
    """
    SELECT key, kind, external_id, version, digest, fact, conflict, settled_version, settled_digest, settled_policy
    FROM entities WHERE key IN (SELECT u.key FROM {rows})
    """,
    [("key", TEXT)],
)

SETTLE: Final = Statement(
    """
    UPDATE entities SET settled_version = entities.version, settled_digest = u.digest, settled_policy = u.policy
    FROM {rows} WHERE entities.key = u.key AND entities.kind = u.kind AND entities.external_id = u.external_id
    AND entities.digest = u.digest AND (u.policy = '' OR coalesce((SELECT v.news FROM verdicts v
        WHERE v.key = u.key AND v.kind = u.kind AND v.external_id = u.external_id), 0) <> 2)
    """,
    [("key", TEXT), ("kind", TEXT), ("external_id", TEXT), ("digest", TEXT), ("policy", TEXT)],
)
"""What has unreadable news is not settled, whatever is proven of the older ones.

It is asked of one row each: PostgreSQL would read all verdicts for a NOT EXISTS.
"""


def row(key: str, external_id: str, seen: Seen) -> Row:
    """Write an entity as a row."""
    text = dump(seen.fact)
    return (key, seen.kind, external_id, seen.version, seen.digest, text, int(seen.conflict))


def read(found: sa.Row[Any]) -> Seen:
    """Read what `row` wrote; the fact itself later, if at all."""
    settled = (found.settled_version, found.settled_digest, found.settled_policy)
    return Seen(found.kind, found.version, found.digest, found.fact, bool(found.conflict), *settled)


def settled(key: str, mark: tuple[Ref, str, str]) -> Row:
    """Write a settled mark as a row."""
    ref, digest, policy = mark
    return (key, ref.kind.value, ref.external_id, digest, policy)
