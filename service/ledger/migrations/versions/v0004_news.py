"""What is said of unreadable news stays until there are others; a paused tenant's keys wait for a condition by name."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PAUSED = sa.text("reason = 'tenant_paused'")


def upgrade() -> None:
    """Add the column, and give what waits its condition."""
    op.add_column("verdicts", sa.Column("news", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE verdicts SET release_on = 'tenant:resumed' WHERE reason = 'tenant_paused'")
    op.drop_index("verdicts_paused", "verdicts")


def downgrade() -> None:
    """Ask for what waits by its reason again."""
    op.create_index(
        "verdicts_paused", "verdicts", ["external_source", "tenant"], postgresql_where=_PAUSED, sqlite_where=_PAUSED
    )
    op.execute("UPDATE verdicts SET release_on = '' WHERE release_on = 'tenant:resumed'")
    op.drop_column("verdicts", "news")
