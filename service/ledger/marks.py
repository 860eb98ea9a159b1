"""Low-water marks: where a consumer group goes on reading, by the ledger's own account (correctness 18)."""

from __future__ import annotations

from typing import Final

from service.ledger.rows import TEXT, WHOLE, Row, Statement

UPSERT: Final = Statement(
    """
    INSERT INTO marks (group_id, topic, partition_no, next_offset, timeline, at)
    SELECT group_id, topic, partition_no, next_offset, timeline, {now} FROM {rows} WHERE true
    ON CONFLICT (group_id, topic, partition_no) DO UPDATE SET
        next_offset = excluded.next_offset, timeline = excluded.timeline, at = excluded.at
    """,
    [("group_id", TEXT), ("topic", TEXT), ("partition_no", WHOLE), ("next_offset", WHOLE), ("timeline", TEXT)],
)
"""The last word counts: a lower mark only means that more is read again."""

READ: Final = Statement(
    "SELECT topic, partition_no, next_offset, timeline FROM marks WHERE group_id IN (SELECT u.group_id FROM {rows})",
    [("group_id", TEXT)],
)


def row(group: str, timeline: str, place: tuple[str, int], offset: int) -> Row:
    """Write a mark as a row."""
    topic, partition = place
    return (group, topic, partition, offset, timeline)
