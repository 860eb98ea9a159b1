"""The topics of this installation: `orderferry topics create`, and what `check` says about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.bootstrap import parts
from service.errors import FerryError
from service.intake.topics import Shape, make, shapes
from service.settings import Finding, KafkaSettings, Level, Settings


def names(settings: Settings) -> list[str]:
    """Every topic that we read or write, as far as the settings name it."""
    kafka, edge = settings.kafka, settings.edge
    named = (*kafka.topics, edge.shopify_topic, edge.quickbooks_topic, kafka.replay_topic, kafka.dead_letter_topic)
    return sorted({*named, kafka.erp_events_topic} - {""})


async def create_topics(settings: Settings) -> Sequence[Finding]:
    """Make the topics that are missing. Raises Retryable where Kafka does not answer."""
    kafka = settings.kafka
    found = []
    for made in await make(parts.connection(kafka), names(settings), _wanted(kafka)):
        subject = f"topic {made.topic}"
        if made.error:
            fix = "set kafka.replication to at most the number of brokers (1 for a single one), or ask for the right."
            found.append(Finding(Level.REFUSE, subject, f"could not be made: {made.error}.", fix))
        elif made.there:
            found.append(Finding(Level.FINE, subject, "is there already and stays as it is; see `orderferry check`."))
        else:
            copies = f"{kafka.replication} copies, {kafka.min_insync_replicas} of them before a record counts as taken"
            found.append(Finding(Level.FINE, subject, f"made: {kafka.partitions} partitions, {copies}."))
    return found


async def check_topics(settings: Settings, there: Sequence[str]) -> list[Finding]:
    """Compare the topics that exist with what the settings ask for."""
    try:
        found = await shapes(parts.connection(settings.kafka), there)
    except (FerryError, OSError) as error:
        fix = "allow this user to describe topics and their configuration, or look at them yourself."
        return [Finding(Level.WARN, "topics", f"their settings could not be read: {error}.", fix)]
    wanted, takes = _wanted(settings.kafka), written(settings)
    return [finding for name, shape in found.items() for finding in faults(name, shape, wanted, written=name in takes)]


def faults(name: str, shape: Shape, wanted: Shape, *, written: bool) -> Iterator[Finding]:
    """What is wrong with one topic; `written` by the edge, which acknowledges what the topic has. Pure."""
    subject = f"topic {name}"
    if shape.max_message_bytes < wanted.max_message_bytes:
        yield Finding(
            Level.REFUSE if written else Level.WARN,
            subject,
            f"takes records of {shape.max_message_bytes} bytes, and they may have {wanted.max_message_bytes}: "
            "a large order would be refused again and again.",
            f"kafka-configs.sh --alter --entity-type topics --entity-name {name} "
            f"--add-config max.message.bytes={wanted.max_message_bytes}",
        )
    if shape.replication < wanted.replication:
        yield Finding(
            Level.WARN,
            subject,
            f"has {shape.replication} copies of each record, {wanted.replication} are wanted: a disk that dies "
            "takes acknowledged orders with it.",
            "reassign its partitions to more brokers, or set kafka.replication to what you want.",
        )
    if shape.min_insync_replicas < wanted.min_insync_replicas:
        yield Finding(
            Level.WARN,
            subject,
            f"acknowledges a record that is on {shape.min_insync_replicas} brokers, "
            f"{wanted.min_insync_replicas} are wanted.",
            f"kafka-configs.sh --alter --entity-type topics --entity-name {name} "
            f"--add-config min.insync.replicas={wanted.min_insync_replicas}",
        )


def _wanted(kafka: KafkaSettings) -> Shape:
    return Shape(
        partitions=kafka.partitions,
        replication=kafka.replication,
        min_insync_replicas=kafka.min_insync_replicas,
        max_message_bytes=kafka.max_message_bytes,
    )


def written(settings: Settings) -> frozenset[str]:
    """Topics that an open endpoint writes to."""
    return frozenset(vendor.topic for vendor in parts.vendors(settings) if not vendor.closed)
