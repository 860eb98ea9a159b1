"""Webhooks that nobody would read, that Kafka would refuse, or that anybody could sign. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from service.settings.dangers.topics import matches
from service.settings.dangers.verdict import refuse, warn
from service.settings.finding import Finding
from service.settings.root import Settings

OVERHEAD = 262_144
"""Room beside a body: the vendor's headers (64 KiB at most) and what a dead letter says of the record."""
SHORTEST = 16
"""Characters of a secret that somebody may have made up: Shopify's has 32, Intuit's 36, Arcus' 70."""


def edge(settings: Settings) -> Iterator[Finding]:
    """What the edge writes, intake must read, and Kafka must take."""
    given, kafka = settings.edge, settings.kafka
    for name, topic in (("shopify_topic", given.shopify_topic), ("quickbooks_topic", given.quickbooks_topic)):
        if topic and not _read(settings, topic):
            yield refuse(
                f"edge.{name}",
                f"nobody reads {topic}: the webhooks would be acknowledged and never booked.",
                "name it in kafka.topics as well, or match it with kafka.pattern.",
            )
    of_tenants = any(tenant.webhook_secrets for tenant in settings.tenants.values())
    open_ = given.shopify_secrets or given.quickbooks_secrets or of_tenants
    if open_ and kafka.pattern and not (given.shopify_topic and given.quickbooks_topic):
        yield refuse(
            "edge.shopify_topic",
            f"kafka.pattern ({kafka.pattern}) names no single topic that webhooks could go onto.",
            "set edge.shopify_topic and edge.quickbooks_topic to topics that it matches.",
        )
    if _read(settings, kafka.erp_events_topic) or kafka.erp_events_topic in (
        kafka.replay_topic,
        kafka.dead_letter_topic,
    ):
        yield refuse(
            "kafka.erp_events_topic",
            f"{kafka.erp_events_topic} is also read as a shop's topic, or written as another: what the ERP says would "
            "end as a dead letter.",
            "give it a name of its own.",
        )
    if given.max_body_bytes + OVERHEAD > kafka.max_message_bytes:
        yield refuse(
            "edge.max_body_bytes",
            f"a body of {given.max_body_bytes} bytes with its headers does not fit into a record of "
            f"{kafka.max_message_bytes}: it would be refused for ever.",
            f"set kafka.max_message_bytes to at least {given.max_body_bytes + OVERHEAD}, and the topics with it.",
        )
    if given.max_body_bytes > settings.intake.max_record_bytes:
        yield refuse(
            "edge.max_body_bytes",
            f"intake makes a dead letter of everything above {settings.intake.max_record_bytes} bytes.",
            f"set intake.max_record_bytes to at least {given.max_body_bytes}.",
        )
    if given.max_held_bytes < given.max_body_bytes:
        yield refuse(
            "edge.max_held_bytes",
            "it is smaller than one body may be: the largest would never be taken.",
            f"set it to at least {given.max_body_bytes}, better to thirty times as much.",
        )


def secrets(settings: Settings) -> Iterator[Finding]:
    """A secret that can be guessed is none; one of a key that is not there proves nothing."""
    named = {
        "edge.shopify_secrets": settings.edge.shopify_secrets,
        "edge.quickbooks_secrets": settings.edge.quickbooks_secrets,
        "http.admin_tokens": settings.http.admin_tokens,
        **{f"tenants.{name}.webhook_secrets": tenant.webhook_secrets for name, tenant in settings.tenants.items()},
        **{f"erp.webhook_secrets.{name}": held for name, held in settings.erp.webhook_secrets.items()},
    }
    for subject, held in named.items():
        lengths = [len(one.get_secret_value()) for one in held]
        if 0 in lengths:
            yield warn(subject, "one of them is empty: it opens nothing.", "write the secret, or take it out.")
        if any(0 < length < SHORTEST for length in lengths):
            yield refuse(
                subject,
                f"one of them has fewer than {SHORTEST} characters: whoever guesses it writes into the books.",
                "use the vendor's secret; for a token of your own, `openssl rand -hex 32`.",
            )
    for name in settings.erp.webhook_secrets.keys() - settings.erp.api_keys.keys():
        yield refuse(
            f"erp.webhook_secrets.{name}",
            f"erp.api_keys has no key named {name}.",
            "use the name of the API key of the entity whose webhooks it signs.",
        )


def replication(settings: Settings) -> Iterator[Finding]:
    """Copies that are demanded must be there, also when one broker is away."""
    kafka = settings.kafka
    if kafka.min_insync_replicas > kafka.replication:
        yield refuse(
            "kafka.min_insync_replicas",
            f"{kafka.min_insync_replicas} copies are demanded of {kafka.replication}: nothing could be written.",
            "set it to 2 with kafka.replication 3, or both to 1 where there is one broker.",
        )
    elif kafka.min_insync_replicas == kafka.replication > 1:
        yield warn(
            "kafka.min_insync_replicas",
            "it equals kafka.replication: one broker that is away stops every write.",
            "set it one below kafka.replication.",
        )


def _read(settings: Settings, topic: str) -> bool:
    kafka = settings.kafka
    return topic in kafka.topics or matches(kafka.pattern, topic)
