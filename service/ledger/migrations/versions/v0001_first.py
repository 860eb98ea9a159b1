"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _seen()
    _done()
    _decided()
    _kept()


def downgrade() -> None:
    """Drop every table, and with them everything that was promised."""
    for table in (
        "audits",
        "budgets",
        "commits",
        "dead_letters",
        "documents",
        "entities",
        "events",
        "histories",
        "intents",
        "keys",
        "mappings",
        "marks",
        "names",
        "policies",
        "releases",
        "slices",
        "tenants",
        "verdicts",
    ):
        op.drop_table(table)


def _name(name: str) -> sa.Column[str]:
    """Text in byte order on both databases."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _whole(name: str, *, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=default, autoincrement=False, nullable=False)


def _moment(name: str, *, nullable: bool) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _seen() -> None:
    """What was seen of every key."""
    op.create_table(
        "keys",
        _name("key"),
        _text("owner"),
        _whole("fence"),
        _moment("lease_until", nullable=False),
        _moment("claimed_at", nullable=False),
        _moment("first_seen", nullable=False),
        _moment("wake_at", nullable=True),
        _moment("due_at", nullable=True),
        _text("held"),
        sa.PrimaryKeyConstraint("key"),
        postgresql_with={"fillfactor": 70},
        sqlite_with_rowid=False,
    )
    op.create_index(
        "keys_due_at",
        "keys",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "keys_wake_at",
        "keys",
        ["wake_at"],
        unique=False,
        postgresql_where=sa.text("wake_at IS NOT NULL"),
        sqlite_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "entities",
        _name("key"),
        _name("kind"),
        _name("external_id"),
        _text("version"),
        _text("digest"),
        _text("fact"),
        _whole("conflict"),
        _text("settled_version"),
        _text("settled_digest"),
        _text("settled_policy"),
        sa.PrimaryKeyConstraint("key", "kind", "external_id"),
    )
    op.create_index("entities_external_id", "entities", ["external_id"], unique=False)
    op.create_table(
        "events",
        _name("id"),
        _name("key"),
        _text("external_source"),
        _text("tenant"),
        _text("topic"),
        _text("event_id"),
        _text("delivery_id"),
        _text("triggered_at"),
        _text("api_version"),
        _text("root"),
        _text("facts"),
        _text("kafka_topic"),
        _whole("kafka_partition"),
        _whole("kafka_offset"),
        _whole("priority"),
        _text("outcome"),
        _text("reason"),
        _text("detail"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_key", "events", ["key", "at"], unique=False)
    op.create_table(
        "verdicts",
        _name("key"),
        _name("kind"),
        _name("external_id"),
        _name("external_source"),
        _name("tenant"),
        _name("outcome"),
        _name("reason"),
        _text("detail"),
        _name("release_on"),
        _text("amount"),
        _moment("since", nullable=False),
        _whole("discarded", default="0"),
        sa.PrimaryKeyConstraint("key", "kind", "external_id"),
    )
    op.create_index(
        "verdicts_parked",
        "verdicts",
        ["since"],
        unique=False,
        postgresql_where=sa.text("outcome = 'parked'"),
        sqlite_where=sa.text("outcome = 'parked'"),
    )
    op.create_index(
        "verdicts_paused",
        "verdicts",
        ["external_source", "tenant"],
        unique=False,
        postgresql_where=sa.text("reason = 'tenant_paused'"),
        sqlite_where=sa.text("reason = 'tenant_paused'"),
    )
    op.create_index(
        "verdicts_release_on",
        "verdicts",
        ["release_on"],
        unique=False,
        postgresql_where=sa.text("release_on <> ''"),
        sqlite_where=sa.text("release_on <> ''"),
    )
    op.create_table(
        "names",
        _name("external_source"),
        _name("name"),
        _name("key"),
        sa.PrimaryKeyConstraint("external_source", "name", "key"),
        sqlite_with_rowid=False,
    )


def _done() -> None:
    """What was done in the ERP."""
    op.create_table(
        "documents",
        _name("erp"),
        _name("external_source"),
        _name("tenant"),
        _name("kind"),
        _name("external_id"),
        _name("key"),
        _name("erp_id"),
        _name("erp_number"),
        _text("posted"),
        sa.PrimaryKeyConstraint("erp", "external_source", "tenant", "kind", "external_id"),
    )
    op.create_index("documents_erp_id", "documents", ["erp_id"], unique=False)
    op.create_index("documents_erp_number", "documents", ["erp_number"], unique=False)
    op.create_index("documents_key", "documents", ["key"], unique=False)
    op.create_table(
        "intents",
        _name("id"),
        _name("erp"),
        _name("key"),
        _name("external_source"),
        _name("tenant"),
        _name("kind"),
        _name("external_id"),
        _name("effect_name"),
        _whole("generation"),
        _text("effect"),
        _text("method"),
        _text("path"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _text("content"),
        _text("credential"),
        _moment("attempted_at", nullable=False),
        _moment("deadline", nullable=False),
        _moment("erp_time", nullable=False),
        _whole("attempts"),
        _name("state"),
        _text("answer"),
        _text("how"),
        _whole("forgotten", default="0"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("erp", "external_source", "tenant", "effect_name", "generation", name="intents_once"),
    )
    op.create_index("intents_key", "intents", ["key"], unique=False)
    op.create_index(
        "intents_unresolved",
        "intents",
        ["key"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'in_doubt')"),
        sqlite_where=sa.text("state IN ('open', 'in_doubt')"),
    )
    op.create_table(
        "policies",
        _name("version"),
        _text("policy"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("version"),
        sqlite_with_rowid=False,
    )


def _decided() -> None:
    """What people decided."""
    op.create_table(
        "mappings",
        _name("external_source"),
        _name("tenant"),
        _name("table_name"),
        _name("name"),
        _text("target"),
        sa.PrimaryKeyConstraint("external_source", "tenant", "table_name", "name"),
    )
    op.create_table(
        "releases",
        _name("external_source"),
        _name("tenant"),
        _name("release_on"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("external_source", "tenant", "release_on"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audits",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        _moment("at", nullable=False),
        _text("who"),
        _text("action"),
        _text("subject"),
        _name("key"),
        _text("why"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audits_key", "audits", ["key"], unique=False)
    op.create_table(
        "tenants",
        _name("external_source"),
        _name("tenant"),
        _whole("paused"),
        sa.PrimaryKeyConstraint("external_source", "tenant"),
        sqlite_with_rowid=False,
    )


def _kept() -> None:
    """What keeps the processes together."""
    op.create_table(
        "marks",
        _name("group_id"),
        _name("topic"),
        _whole("partition_no"),
        _whole("next_offset"),
        _text("timeline"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("group_id", "topic", "partition_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dead_letters",
        _name("topic"),
        _whole("partition_no"),
        _whole("at_offset"),
        sa.Column("record_key", sa.LargeBinary(), nullable=True),
        sa.Column("record_value", sa.LargeBinary(), nullable=True),
        _text("headers"),
        _text("reason"),
        _text("detail"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition_no", "at_offset"),
    )
    op.create_table(
        "budgets", _name("budget"), _whole("slices"), sa.PrimaryKeyConstraint("budget"), sqlite_with_rowid=False
    )
    op.create_table(
        "slices",
        _name("budget"),
        _whole("slice_no"),
        _moment("ends", nullable=False),
        _whole("permits"),
        sa.PrimaryKeyConstraint("budget", "slice_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "histories",
        _name("history"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("history"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "commits",
        _name("id"),
        _text("marker"),
        _moment("at", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
