"""How this process runs: its ledger, its reading window, its port, its log."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from service.settings.section import Section


class LedgerSettings(Section):
    """The ledger: where state survives."""

    url: SecretStr = SecretStr("sqlite:///orderferry.sqlite3")
    """`sqlite:///file` for one process, `postgresql://user:password@host/database` for several."""
    lease_seconds: float = Field(default=90.0, ge=5, le=3_600)
    """How long a key stays ours without renewal, by the database's clock; longer than `erp.call_deadline_s`."""
    batch_size: int = Field(default=256, ge=1, le=4_096)
    """Most members of one group commit."""
    batches_in_flight: int = Field(default=2, ge=1, le=16)
    """Commits under way at once (PostgreSQL; SQLite always has one)."""
    pool_size: int = Field(default=5, ge=1, le=64)
    """Connections to PostgreSQL."""
    rewind_s: float = Field(default=3_600.0, ge=0)
    """After the database was restored or failed over, events of this long ago are read again: it may have forgotten."""
    sweep_s: float = Field(default=5.0, gt=0, le=600)
    """How often keys that are due, released or left open by a dead process are looked for."""


class IntakeSettings(Section):
    """Reading from Kafka: how much at once."""

    max_in_flight: int = Field(default=128, ge=1, le=10_000)
    """Most keys that are worked on at the same time."""
    window_records: int = Field(default=20_000, ge=1)
    """Most records of a partition from the last commit to the highest read: what a crash reads again."""
    window_bytes: int = Field(default=134_217_728, ge=65_536)
    """Most bytes of records held in memory; then partitions are paused."""
    coalesce: int = Field(default=64, ge=1, le=1_000)
    """Most waiting events of one key that are taken together."""
    drain_s: float = Field(default=45.0, gt=0)
    """How long work in flight may finish when partitions are taken away or the process stops."""
    stall_s: float = Field(default=25.0, ge=5)
    """Partitions, lag, no progress and no named wait for so long: the client is rebuilt, then the process ends."""
    bad_share: float = Field(default=0.5, gt=0, le=1)
    """When more than this share of the last `bad_window` records fails the same way, intake stops and says so."""
    bad_window: int = Field(default=200, ge=10)
    """Over how many records `bad_share` is measured."""
    max_record_bytes: int = Field(default=20_971_520, ge=1_024)
    """A larger record is a dead letter of reason `too_large`."""


class HttpSettings(Section):
    """The HTTP server: health, metrics, webhooks, and what people order."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a container."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """Port to listen on; 0 takes a free one."""
    admin_tokens: tuple[SecretStr, ...] = ()
    """Bearer tokens of the admin API; any of them opens it, and without one it is closed."""


class LoggingSettings(Section):
    """The log."""

    level: Literal["debug", "info", "warning", "error", "off"] = "info"
    """What is worth a line; `off` costs nothing."""
    format: Literal["json", "console"] = "json"
    """`json` for machines, `console` for a terminal."""
