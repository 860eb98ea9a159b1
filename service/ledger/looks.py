"""What is to be read again from the ERP: asked for by its events, claimed, done or put off; rows and statements."""

from __future__ import annotations

from typing import Final

from service.ledger.rows import MOMENT, TEXT, Row, Statement
from service.ports import Notice

CLOCKS_S: Final = 5.0
"""Our clock and the ERP's may differ by so much: a reading must be younger than an event by that to have seen it."""
KEEP_S: Final = 7 * 86_400.0
"""An event comes again within this, or is read again for nothing."""

_ASK: Final = """
    INSERT INTO looks (key, erp_id, version, asked_at, due_at)
    SELECT found.key, found.erp_id, max(found.version), {now}, {now} FROM (
        SELECT %s AS key, u.erp, u.event_id, u.erp_id, u.version, u.seen_by FROM {rows} %s
    ) AS found
    WHERE NOT EXISTS (SELECT 1 FROM notices n WHERE n.erp = found.erp AND n.event_id = found.event_id)
        AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.erp = found.erp AND s.erp_id = found.erp_id
            AND s.read_at >= found.seen_by)
    GROUP BY found.key, found.erp_id ORDER BY 1, 2
    ON CONFLICT (key, erp_id) DO UPDATE SET asked_at = excluded.asked_at, due_at = excluded.due_at,
        version = CASE WHEN excluded.version > looks.version THEN excluded.version ELSE looks.version END
"""
_COLUMNS: Final = [("erp", TEXT), ("event_id", TEXT), ("link", TEXT), ("erp_id", TEXT), ("version", TEXT)]

ASK: Final = Statement(
    _ASK % ("d.key", "JOIN documents d ON d.erp_id = u.link AND d.erp = u.erp"), [*_COLUMNS, ("seen_by", MOMENT)]
)
"""For the key of the document that is meant, or of one beside it. One reading covers all events before it."""

ASK_BY_TAG: Final = Statement(_ASK % ("k.key", "JOIN keys k ON k.key = u.link"), [*_COLUMNS, ("seen_by", MOMENT)])
"""For the key that the document's own tag names: its receipt may have been lost, or a revision took its place."""

ASK_OF_ACCOUNT: Final = Statement(
    """
    INSERT INTO looks (key, erp_id, version, asked_at, due_at)
    SELECT s.key, '', '', {now}, {now} FROM {rows} JOIN standings s
        ON s.erp = u.erp AND s.account_erp_id = u.account_erp_id
    WHERE true GROUP BY s.key ORDER BY 1
    ON CONFLICT (key, erp_id) DO UPDATE SET asked_at = excluded.asked_at, due_at = excluded.due_at
    """,
    [("erp", TEXT), ("account_erp_id", TEXT)],
)
"""For everything that names an account which another took the place of."""

NOTICED: Final = Statement(
    """
    INSERT INTO notices (erp, event_id, at) SELECT u.erp, u.event_id, {now} FROM {rows} WHERE true
    ON CONFLICT (erp, event_id) DO NOTHING
    """,
    [("erp", TEXT), ("event_id", TEXT)],
)

DONE: Final = Statement(
    """
    DELETE FROM looks WHERE EXISTS (
        SELECT 1 FROM {rows} WHERE u.key = looks.key AND u.erp_id = looks.erp_id AND looks.asked_at <= u.asked_before
    )
    """,
    [("key", TEXT), ("erp_id", TEXT), ("asked_before", MOMENT)],
)
"""What was asked for again since the reading began stays."""

LATER: Final = Statement(
    """
    INSERT INTO looks (key, erp_id, version, asked_at, due_at)
    SELECT u.key, '', '', 0, {now} + u.seconds FROM {rows} WHERE true
    ON CONFLICT (key, erp_id) DO UPDATE SET due_at = excluded.due_at
    """,
    [("key", TEXT), ("seconds", MOMENT)],
)

CLAIM: Final = """
    UPDATE looks SET due_at = {now} + :hidden WHERE key IN (
        SELECT key FROM looks WHERE due_at <= {now} GROUP BY key ORDER BY min(due_at), key LIMIT :most
    ) AND due_at <= {now} RETURNING key
"""
POSTPONE: Final = "UPDATE looks SET due_at = {now} + :seconds WHERE key = :key"
OF_KEY: Final = "SELECT erp_id, version, asked_at FROM looks WHERE key = :key"
WAITING: Final = "SELECT count(*) FROM looks"
CURSOR: Final = "SELECT place FROM cursors WHERE name = :name"
MOVE: Final = """
    INSERT INTO cursors (name, place) VALUES (:name, :place)
    ON CONFLICT (name) DO UPDATE SET place = excluded.place
"""
FORGET: Final = "DELETE FROM notices WHERE at < {now} - :old"


def asked(notice: Notice, *, settle_s: float) -> list[Row]:
    """Rows of `ASK`: the document itself, and those by which ours can be found."""
    seen_by = notice.happened_at + settle_s + CLOCKS_S if notice.happened_at else _NEVER
    ids = dict.fromkeys((notice.erp_id, *notice.related))
    return [(notice.erp, notice.event_id, link, notice.erp_id, notice.version, seen_by) for link in ids if link]


def asked_by_tag(notice: Notice, *, settle_s: float) -> list[Row]:
    """Rows of `ASK_BY_TAG`."""
    seen_by = notice.happened_at + settle_s + CLOCKS_S if notice.happened_at else _NEVER
    named = (notice.erp, notice.event_id, notice.key, notice.erp_id, notice.version, seen_by)
    return [named] if notice.key and notice.erp_id else []


_NEVER: Final = 1e18  # no reading is that young
