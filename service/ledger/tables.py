"""Every table of the ledger. Names of people and goods are only in `fact`, `posted`, `effect` and `body`."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

# `sqlite_with_rowid=False`: small rows that are only ever found by their key are stored in it.
metadata: Final = sa.MetaData()


def name_type() -> sa.types.TypeEngine[str]:
    """Text in byte order on both databases: Python sorts as the database does, so that locks are taken in one order."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _name(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, name_type(), primary_key=primary_key, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _whole(name: str, *, primary_key: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(
        name, sa.BigInteger(), primary_key=primary_key, nullable=False, server_default=default, autoincrement=False
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[float]:
    """Unix seconds."""
    return sa.Column(name, sa.Double(), nullable=nullable)


def _partial(name: str, *columns: str, where: str) -> sa.Index:
    """An index of only those rows that somebody looks for."""
    return sa.Index(name, *columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


keys = sa.Table(
    "keys",
    metadata,
    _name("key", primary_key=True),
    _text("owner"),
    _whole("fence"),
    _moment("lease_until"),
    _moment("claimed_at"),
    _moment("first_seen"),
    _moment("wake_at", nullable=True),
    _moment("due_at", nullable=True),
    _text("held"),
    _partial("keys_wake_at", "wake_at", where="wake_at IS NOT NULL"),
    _partial("keys_due_at", "due_at", where="due_at IS NOT NULL"),
    postgresql_with={"fillfactor": 70},  # claimed and given back at every visit: the new row fits on the same page
    sqlite_with_rowid=False,
)

entities = sa.Table(
    "entities",
    metadata,
    _name("key", primary_key=True),
    _name("kind", primary_key=True),
    _name("external_id", primary_key=True),
    _text("version"),
    _text("digest"),
    _text("fact"),
    _whole("conflict"),
    _text("settled_version"),
    _text("settled_digest"),
    _text("settled_policy"),
    sa.Index("entities_external_id", "external_id"),
)

documents = sa.Table(
    "documents",
    metadata,
    _name("erp", primary_key=True),
    _name("external_source", primary_key=True),
    _name("tenant", primary_key=True),
    _name("kind", primary_key=True),
    _name("external_id", primary_key=True),
    _name("key"),
    _name("erp_id"),
    _name("erp_number"),
    _text("posted"),
    sa.Index("documents_key", "key"),
    sa.Index("documents_erp_id", "erp_id"),
    sa.Index("documents_erp_number", "erp_number"),
)

intents = sa.Table(
    "intents",
    metadata,
    _name("id", primary_key=True),
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
    _moment("attempted_at"),
    _moment("deadline"),
    _moment("erp_time"),
    _whole("attempts"),
    _name("state"),
    _text("answer"),
    _text("how"),
    _whole("forgotten", default="0"),
    sa.UniqueConstraint("erp", "external_source", "tenant", "effect_name", "generation", name="intents_once"),
    sa.Index("intents_key", "key"),
    _partial("intents_unresolved", "key", where="state IN ('open', 'in_doubt')"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    _name("key", primary_key=True),
    _name("kind", primary_key=True),
    _name("external_id", primary_key=True),
    _name("external_source"),
    _name("tenant"),
    _name("outcome"),
    _name("reason"),
    _text("detail"),
    _name("release_on"),
    _text("amount"),
    _moment("since"),
    _whole("discarded", default="0"),
    _whole("news", default="0"),
    _partial("verdicts_parked", "since", where="outcome = 'parked'"),
    _partial("verdicts_release_on", "release_on", where="release_on <> ''"),
)

events = sa.Table(
    "events",
    metadata,
    _name("id", primary_key=True),
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
    _moment("at"),
    sa.Index("events_key", "key", "at"),
)

names = sa.Table(
    "names",
    metadata,
    _name("external_source", primary_key=True),
    _name("name", primary_key=True),
    _name("key", primary_key=True),
    sqlite_with_rowid=False,
)

mappings = sa.Table(
    "mappings",
    metadata,
    _name("external_source", primary_key=True),
    _name("tenant", primary_key=True),
    _name("table_name", primary_key=True),
    _name("name", primary_key=True),
    _text("target"),
)

releases = sa.Table(
    "releases",
    metadata,
    _name("external_source", primary_key=True),
    _name("tenant", primary_key=True),
    _name("release_on", primary_key=True),
    _moment("at"),
    sqlite_with_rowid=False,
)

audits = sa.Table(
    "audits",
    metadata,
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True, nullable=False
    ),
    _moment("at"),
    _text("who"),
    _text("action"),
    _text("subject"),
    _name("key"),
    _text("why"),
    sa.Index("audits_key", "key"),
)

standings = sa.Table(
    "standings",
    metadata,
    _name("erp", primary_key=True),
    _name("erp_id", primary_key=True),
    _name("key"),
    _name("account_erp_id"),
    _text("standing"),
    _moment("read_at"),
    sa.Index("standings_key", "key"),
    sa.Index("standings_account", "account_erp_id"),
)
"""What the ERP says of our documents, in its own words, as last read."""

drifts = sa.Table(
    "drifts",
    metadata,
    _name("key", primary_key=True),
    _name("kind", primary_key=True),
    _name("external_id", primary_key=True),
    _name("field", primary_key=True),
    _name("is_now", primary_key=True),
    _name("external_source"),
    _name("tenant"),
    _name("erp_id"),
    _text("was"),
    _name("decision"),
    _moment("at"),
    _partial("drifts_alerted", "at", where="decision = 'alerted'"),
)
"""What people changed in the ERP after us; found over a webhook or a poll, it is the same row."""

looks = sa.Table(
    "looks",
    metadata,
    _name("key", primary_key=True),
    _name("erp_id", primary_key=True),
    _text("version"),
    _moment("asked_at"),
    _moment("due_at"),
    sa.Index("looks_due_at", "due_at"),
    sqlite_with_rowid=False,
)
"""Documents that are to be read again, and when."""

notices = sa.Table(
    "notices",
    metadata,
    _name("erp", primary_key=True),
    _name("event_id", primary_key=True),
    _moment("at"),
    sa.Index("notices_at", "at"),
    sqlite_with_rowid=False,
)
"""Events of the ERP that were noticed, for as long as they may come again."""

cursors = sa.Table(
    "cursors",
    metadata,
    _name("name", primary_key=True),
    _text("place"),
    sqlite_with_rowid=False,
)
"""How far the ERP's feeds were read."""

marks = sa.Table(
    "marks",
    metadata,
    _name("group_id", primary_key=True),
    _name("topic", primary_key=True),
    _whole("partition_no", primary_key=True),
    _whole("next_offset"),
    _text("timeline"),
    _moment("at"),
    sqlite_with_rowid=False,
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    _name("topic", primary_key=True),
    _whole("partition_no", primary_key=True),
    _whole("at_offset", primary_key=True),
    sa.Column("record_key", sa.LargeBinary(), nullable=True),
    sa.Column("record_value", sa.LargeBinary(), nullable=True),
    _text("headers"),
    _text("reason"),
    _text("detail"),
    _moment("at"),
)

budgets = sa.Table("budgets", metadata, _name("budget", primary_key=True), _whole("slices"), sqlite_with_rowid=False)

slices = sa.Table(
    "slices",
    metadata,
    _name("budget", primary_key=True),
    _whole("slice_no", primary_key=True),
    _moment("ends"),
    _whole("permits"),
    sqlite_with_rowid=False,
)

tenants = sa.Table(
    "tenants",
    metadata,
    _name("external_source", primary_key=True),
    _name("tenant", primary_key=True),
    _whole("paused"),
    sqlite_with_rowid=False,
)

policies = sa.Table(
    "policies", metadata, _name("version", primary_key=True), _text("policy"), _moment("at"), sqlite_with_rowid=False
)

histories = sa.Table(
    "histories",
    metadata,
    _name("history", primary_key=True),
    _moment("at"),
    sqlite_with_rowid=False,
)
"""The histories that this database has had, with the first start of a process under each: a restore begins one."""

commits = sa.Table(
    "commits",
    metadata,
    _name("id", primary_key=True),
    _text("marker"),
    _moment("at"),
    sqlite_with_rowid=False,
)
"""One row a worker, with the marker of its last batch, so that a COMMIT without an answer can be read again."""

privacy_requests = sa.Table(
    "privacy_requests",
    metadata,
    _name("id", primary_key=True),
    _name("external_source"),
    _name("tenant"),
    _name("asks"),
    _text("customer_id"),
    _text("email_key"),
    _text("order_ids"),
    _text("number"),
    _name("state"),
    _whole("scanned", default="0"),
    _text("found"),
    _moment("asked_at"),
    _moment("changed_at"),
    _moment("due_at"),
    _partial("privacy_requests_open", "due_at", where="state = 'open'"),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    _name("external_source", primary_key=True),
    _name("tenant", primary_key=True),
    _name("name", primary_key=True),
    _name("request"),
    _moment("until", nullable=True),
    sa.Index("tombstones_name", "name"),
    sa.Index("tombstones_request", "request"),
    sqlite_with_rowid=False,
)
"""Persons that were erased, by id or digest. `until`: only what is older than this is theirs, and erased."""

tellings = sa.Table(
    "tellings",
    metadata,
    _name("channel", primary_key=True),
    _moment("slot"),
    _moment("told_at"),
    _moment("claimed_until"),
    sqlite_with_rowid=False,
)
"""When people were told of parked work last, by channel: of several processes one tells."""
