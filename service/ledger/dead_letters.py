"""Records that cannot be read and that their topic could not take either (correctness 21)."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Final

from service.ledger.rows import BYTES, TEXT, WHOLE, Row, Statement
from service.ports import DeadLetter

INSERT: Final = Statement(
    """
    INSERT INTO dead_letters (topic, partition_no, at_offset, record_key, record_value, headers, reason, detail, at)
    SELECT topic, partition_no, at_offset, record_key, record_value, headers, reason, detail, {now}
    FROM {rows} WHERE true ON CONFLICT (topic, partition_no, at_offset) DO NOTHING
    """,
    [
        ("topic", TEXT),
        ("partition_no", WHOLE),
        ("at_offset", WHOLE),
        ("record_key", BYTES),
        ("record_value", BYTES),
        ("headers", TEXT),
        ("reason", TEXT),
        ("detail", TEXT),
    ],
)


def row(letter: DeadLetter) -> Row:
    """Write a dead letter as a row; header values are bytes and go as base64."""
    place = letter.position
    headers = json.dumps([(name, b64encode(value).decode()) for name, value in letter.headers])
    detail = letter.detail.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return (place.topic, place.partition, place.offset, letter.key, letter.value, headers, letter.reason, detail)
