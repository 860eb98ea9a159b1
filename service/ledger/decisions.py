"""What every order of a person has in common: its keys locked, the audit, a tenant paused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from service.ledger.rows import TEXT, Statement, ask

_AUDIT: Final = """
    INSERT INTO audits (at, who, action, subject, key, why) VALUES ({now}, :who, :action, :subject, :key, :why)
"""
_LOCK: Final = Statement(
    """
    INSERT INTO keys (key, owner, fence, lease_until, claimed_at, first_seen)
    SELECT u.key, '', 1, 0, 0, {now} FROM {rows} WHERE true ORDER BY u.key
    ON CONFLICT (key) DO UPDATE SET owner = keys.owner
    """,
    [("key", TEXT)],
)
"""In the order in which batches lock them."""

_PAUSE: Final = """
    INSERT INTO tenants (external_source, tenant, paused) VALUES (:source, :tenant, :paused)
    ON CONFLICT (external_source, tenant) DO UPDATE SET paused = excluded.paused
"""


def lock(connection: sa.Connection, keys: Iterable[str]) -> None:
    """Lock the rows of these keys until the transaction ends."""
    _LOCK.write(connection, [(key,) for key in sorted(keys)])


def audit(connection: sa.Connection, *, who: str, why: str, action: str, subject: str, key: str = "") -> None:
    """Keep who decided what, and why."""
    ask(connection, _AUDIT, who=who, why=why, action=action, subject=subject, key=key)


def pause(connection: sa.Connection, source: str, tenant: str, *, paused: bool, who: str, why: str) -> None:
    """Stop or resume a tenant."""
    ask(connection, _PAUSE, source=source, tenant=tenant, paused=int(paused))
    audit(connection, who=who, why=why, action="pause" if paused else "resume", subject=f"{source} {tenant}")
