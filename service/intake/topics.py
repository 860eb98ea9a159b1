"""Our topics: made so that an acknowledged record is not lost, and read back to see whether they are so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from service.errors import Retryable
from service.intake.connection import Connection

THERE: Final = 36
"""Kafka's code for a topic that exists already."""
LARGEST: Final = "max.message.bytes"
COPIES: Final = "min.insync.replicas"
_TIMEOUT_MS: Final = 15_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How a topic should be made, or is."""

    partitions: int
    replication: int
    min_insync_replicas: int
    max_message_bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one topic."""

    topic: str
    error: str = ""
    """Why it could not be made; empty where it was."""
    there: bool = False
    """It existed already and was left as it is."""


async def make(connection: Connection, topics: Collection[str], shape: Shape) -> Sequence[Made]:
    """Make the topics that are missing; those that are there stay as they are. Raises Retryable."""
    configs = {LARGEST: str(shape.max_message_bytes), COPIES: str(shape.min_insync_replicas)}
    wanted = [NewTopic(name, shape.partitions, shape.replication, topic_configs=configs) for name in topics]
    async with _admin(connection) as admin:
        answer = await admin.create_topics(wanted, timeout_ms=_TIMEOUT_MS)
    return [_made(*error[:3]) for error in answer.topic_errors]


def _made(topic: str, code: int, words: str | None = None) -> Made:
    if code in (0, THERE):
        return Made(topic, there=code == THERE)
    return Made(topic, words or for_code(code).__name__)


async def shapes(connection: Connection, topics: Collection[str]) -> Mapping[str, Shape]:
    """Return how these topics are, those that do not exist left out. Raises Retryable."""
    if not topics:
        return {}
    async with _admin(connection) as admin:
        described = [one for one in await admin.describe_topics(list(topics)) if not one["error_code"]]
        there = [ConfigResource(ConfigResourceType.TOPIC, one["topic"]) for one in described]
        answers = await admin.describe_configs(there) if there else []
    configs = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    return {one["topic"]: _shape(one["partitions"], configs[one["topic"]]) for one in described}


def _shape(partitions: Sequence[Mapping[str, Any]], config: Mapping[str, str]) -> Shape:
    return Shape(
        partitions=len(partitions),
        replication=min(len(partition["replicas"]) for partition in partitions),
        min_insync_replicas=int(config[COPIES]),
        max_message_bytes=int(config[LARGEST]),
    )


@asynccontextmanager
async def _admin(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection.options())
    try:
        await admin.start()
        yield admin
    except KafkaError as error:
        raise Retryable("kafka", f"{type(error).__name__}: {error}") from error
    finally:
        await admin.close()
