"""Who may act on a key: claimed, looked at, extended and given back under its fence, on the database's clock."""

from __future__ import annotations

from typing import Final

from service.ledger.rows import MOMENT, TEXT, WHOLE, Statement

LOCK: Final = Statement(
    """
    INSERT INTO keys (key, owner, fence, lease_until, claimed_at, first_seen)
    SELECT u.key, u.owner, 1, CASE WHEN u.lease_s > 0 THEN {now} + u.lease_s ELSE 0 END, {now}, {now}
    FROM {rows} WHERE true ORDER BY u.key
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, fence = keys.fence + 1, claimed_at = {now},
        lease_until = {now} + (excluded.lease_until - excluded.claimed_at)
    WHERE excluded.lease_until > 0 AND keys.lease_until <= {now}
    RETURNING key, fence, lease_until, first_seen, held
    """,
    [("key", TEXT), ("owner", TEXT), ("lease_s", MOMENT)],
)
"""Lock the rows of all keys of a batch in one order, and claim those with `lease_s` above 0 that are free.

ON CONFLICT locks a row even where its WHERE leaves it as it is. Returns the claimed keys; a fence of 1 is a new key.
"""

LOOK: Final = Statement(
    "SELECT key, fence, lease_until, {now} AS at FROM keys WHERE key IN (SELECT u.key FROM {rows})", [("key", TEXT)]
)

RENEW: Final = Statement(
    "UPDATE keys SET lease_until = {now} + u.lease_s FROM {rows} WHERE keys.key = u.key AND keys.fence = u.fence",
    [("key", TEXT), ("fence", WHOLE), ("lease_s", MOMENT)],
)

DUE: Final = Statement("UPDATE keys SET due_at = {now} WHERE key IN (SELECT u.key FROM {rows})", [("key", TEXT)])
"""Let a key be looked at although nothing arrived."""

GIVE_BACK: Final = Statement(
    """
    UPDATE keys SET lease_until = 0, wake_at = u.wake_at,
        due_at = CASE WHEN keys.due_at >= keys.claimed_at THEN keys.due_at END
    FROM {rows} WHERE keys.key = u.key AND keys.fence = u.fence
    """,
    [("key", TEXT), ("fence", WHOLE), ("wake_at", MOMENT)],
)
"""Give a key back. What a person released while it was held stays due: the plan may not have seen it."""
