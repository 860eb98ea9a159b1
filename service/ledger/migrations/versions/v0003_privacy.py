"""Requests about persons, the tombstones that keep erased ones out, and when people were told what is parked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "privacy_requests",
        _name("id"),
        _name("external_source"),
        _name("tenant"),
        _name("asks"),
        *(_text(name) for name in ("customer_id", "email_key", "order_ids", "number")),
        _name("state"),
        sa.Column("scanned", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        _text("found"),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("asked_at", "changed_at", "due_at")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("privacy_requests_open", "privacy_requests", ["due_at"], postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.create_table(
        "tombstones",
        *(_name(name) for name in ("external_source", "tenant", "name", "request")),
        sa.Column("until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("external_source", "tenant", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tellings",
        _name("channel"),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("slot", "told_at", "claimed_until")),
        sa.PrimaryKeyConstraint("channel"),
        sqlite_with_rowid=False,
    )
    op.create_index("tombstones_name", "tombstones", ["name"])
    op.create_index("tombstones_request", "tombstones", ["request"])


def downgrade() -> None:
    """Drop them: what was erased before comes back with the next replay."""
    for table in ("tellings", "tombstones", "privacy_requests"):
        op.drop_table(table)


def _name(name: str) -> sa.Column[str]:
    """Text in byte order on both databases."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)
