"""What the ERP says by itself: how documents stand there, drift, and what is to be read again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ALERTED = sa.text("decision = 'alerted'")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "standings",
        _name("erp"),
        _name("erp_id"),
        _name("key"),
        _name("account_erp_id"),
        _text("standing"),
        _moment("read_at"),
        sa.PrimaryKeyConstraint("erp", "erp_id"),
    )
    op.create_index("standings_key", "standings", ["key"])
    op.create_index("standings_account", "standings", ["account_erp_id"])
    op.create_table(
        "drifts",
        *(_name(name) for name in ("key", "kind", "external_id", "field", "is_now")),
        *(_name(name) for name in ("external_source", "tenant", "erp_id")),
        _text("was"),
        _name("decision"),
        _moment("at"),
        sa.PrimaryKeyConstraint("key", "kind", "external_id", "field", "is_now"),
    )
    op.create_index("drifts_alerted", "drifts", ["at"], postgresql_where=_ALERTED, sqlite_where=_ALERTED)
    op.create_table(
        "looks",
        _name("key"),
        _name("erp_id"),
        _text("version"),
        _moment("asked_at"),
        _moment("due_at"),
        sa.PrimaryKeyConstraint("key", "erp_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("looks_due_at", "looks", ["due_at"])
    op.create_table(
        "notices",
        _name("erp"),
        _name("event_id"),
        _moment("at"),
        sa.PrimaryKeyConstraint("erp", "event_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("notices_at", "notices", ["at"])
    op.create_table("cursors", _name("name"), _text("place"), sa.PrimaryKeyConstraint("name"), sqlite_with_rowid=False)


def downgrade() -> None:
    """Drop them; everything in them can be read from the ERP again, but for who accepted what."""
    for table in ("standings", "drifts", "looks", "notices", "cursors"):
        op.drop_table(table)


def _name(name: str) -> sa.Column[str]:
    """Text in byte order on both databases."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)
