"""How to reach Kafka and which topics are ours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from service.settings.section import Section


class KafkaSettings(Section):
    """Kafka: brokers, topics, group, and how we prove who we are."""

    bootstrap_servers: str = "localhost:9092"
    """Brokers to start from, `host:port`, several with commas."""
    group_id: str = Field(default="orderferry", min_length=1)
    """Consumer group. Every pod of one installation uses the same."""
    client_id: str = Field(default="orderferry", min_length=1)
    """Name under which the brokers' own logs and quotas know us."""
    topics: tuple[str, ...] = ("orderferry.shopify",)
    """Source topics. `send` uses the first. Leave empty where `pattern` names them."""
    pattern: str | None = None
    """Regular expression for source topics, instead of `topics`; the replay topic is read besides."""
    replay_topic: str = "orderferry.replay"
    """Topic from which replays are read; live events go before it."""
    dead_letter_topic: str = "orderferry.dead-letters"
    """Topic for records that nobody can decode; they keep their bytes, headers and position."""
    erp_events_topic: str = "erp.events"
    """Topic for what the ERP's webhooks say; read where `erp.webhook_url` is set."""
    partitions: int = Field(default=12, ge=1, le=1_000)
    """Partitions of a topic that `topics create` makes; more than that many processes have nothing to read."""
    replication: int = Field(default=3, ge=1, le=32)
    """Copies of each record that `topics create` asks for and `check` wants; 1 where there is one broker."""
    min_insync_replicas: int = Field(default=2, ge=1, le=32)
    """Copies that must exist before a record counts as taken; below `replication`, so that one broker may be away."""
    max_message_bytes: int = Field(default=2_359_296, ge=1_048_588)
    """Largest record that the topics take; 256 KiB above `edge.max_body_bytes`, for headers and words of ours."""
    default_tenant: str | None = None
    """Shop domain for payloads that come without headers and name no shop. Only where one shop feeds the topics."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How the connection is protected."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = None
    """How we log in, with SASL_PLAINTEXT or SASL_SSL."""
    sasl_username: str | None = None
    """User for PLAIN and SCRAM."""
    sasl_password: SecretStr | None = None
    """Password for PLAIN and SCRAM."""
    sasl_allow_plain_text: bool = False
    """Whether PLAIN and OAUTHBEARER may send the secret unencrypted. Only where the network is trusted."""
    sasl_oauth_token_file: Path | None = None
    """OAUTHBEARER: file that holds a valid token; read again at every login."""
    sasl_oauth_url: str | None = None
    """OAUTHBEARER: where to fetch tokens by client credentials."""
    sasl_oauth_client_id: str | None = None
    """OAUTHBEARER: client id for `sasl_oauth_url`."""
    sasl_oauth_client_secret: SecretStr | None = None
    """OAUTHBEARER: client secret for `sasl_oauth_url`."""
    sasl_oauth_scope: str | None = None
    """OAUTHBEARER: scope to ask for."""
    ssl_ca_file: Path | None = None
    """Certificates of the authorities that we trust; the system's where absent."""
    ssl_certificate_file: Path | None = None
    """Our client certificate (PEM)."""
    ssl_key_file: Path | None = None
    """The key of our client certificate (PEM)."""
    ssl_key_password: SecretStr | None = None
    """Password of the key file."""
    ssl_check_hostname: bool = True
    """Whether the broker's certificate has to name the host that we called."""
    accept_gaps: frozenset[str] = frozenset()
    """Gaps in the log that a person looked at, as `topic:partition:offset` in the words of the message that stopped."""
    session_timeout_ms: int = Field(default=10_000, ge=6_000, le=300_000)
    """A member that is silent for so long is taken for dead, and its partitions go to another. From 6 s up."""
    rebalance_timeout_ms: int = Field(default=60_000, ge=1_000)
    """How long a rebalance waits for us; at least 15 s longer than `intake.drain_s`."""
    max_partition_fetch_bytes: int = Field(default=1_048_576, ge=16_384)
    """Most that one answer brings of one partition."""
    fetch_max_bytes: int = Field(default=16_777_216, ge=16_384)
    """Most that one answer brings in all."""
