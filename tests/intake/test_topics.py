"""Topics are made with the settings under which an acknowledged record is kept, and looked at afterwards."""

from __future__ import annotations

import uuid

import pytest

from service.bootstrap.topics import check_topics, create_topics, faults, names, written
from service.intake.connection import Connection
from service.intake.producer import Producer, Unsent
from service.intake.topics import Shape, shapes
from service.settings import Level, Settings

pytestmark = pytest.mark.kafka


def given(bootstrap: str, **kafka: object) -> Settings:
    name = f"t-{uuid.uuid4().hex[:12]}"
    own = {
        "topics": [name],
        "replay_topic": f"{name}.replay",
        "dead_letter_topic": f"{name}.dead",
        "erp_events_topic": f"{name}.erp",
        "partitions": 3,
        "replication": 1,
        "min_insync_replicas": 1,
    }
    edge = {"shopify_secrets": ["0123456789abcdef"]}
    return Settings.model_validate({"kafka": {"bootstrap_servers": bootstrap, **own, **kafka}, "edge": edge})


async def test_topics_are_made_as_the_settings_say_and_found_well(kafka: str) -> None:
    settings = given(kafka)
    assert [one.level for one in await create_topics(settings)] == [Level.FINE] * 4
    found = await shapes(Connection(kafka), names(settings))
    assert set(found) == set(names(settings))
    assert set(found.values()) == {Shape(3, 1, 1, 2_359_296)}
    assert await check_topics(settings, names(settings)) == []
    again = await create_topics(settings)
    assert all("there already" in one.says for one in again)


async def test_a_topic_takes_the_largest_body_and_no_larger_record(kafka: str) -> None:
    settings = given(kafka)
    await create_topics(settings)
    producer = Producer(Connection(kafka))
    try:
        await producer.send(settings.kafka.topics[0], key=b"k", value=b" " * settings.edge.max_body_bytes)
        with pytest.raises(Unsent) as caught:
            await producer.send(settings.kafka.topics[0], key=b"k", value=b" " * 2_400_000)
        assert caught.value.permanent
    finally:
        await producer.close()


async def test_more_copies_than_brokers_are_refused_with_a_fix(kafka: str) -> None:
    found = await create_topics(given(kafka, replication=3))
    assert {one.level for one in found} == {Level.REFUSE}
    assert "kafka.replication" in found[0].fix


async def test_what_a_topic_lacks_is_told(kafka: str) -> None:
    settings = given(kafka)
    await create_topics(settings)
    more = settings.kafka.model_copy(
        update={"replication": 3, "min_insync_replicas": 2, "max_message_bytes": 3_000_000}
    )
    found = await check_topics(settings.model_copy(update={"kafka": more}), settings.kafka.topics)
    assert [(one.level, "--add-config" in one.fix) for one in found] == [
        (Level.REFUSE, True),
        (Level.WARN, False),
        (Level.WARN, True),
    ]
    assert await check_topics(settings, ["no-such-topic"]) == []
    assert await check_topics(settings, []) == []


async def test_topics_that_cannot_be_described_are_a_warning() -> None:
    (found,) = await check_topics(given("127.0.0.1:1"), ["any"])
    assert (found.level, "could not be read" in found.says) == (Level.WARN, True)


def test_only_what_the_edge_writes_to_must_take_the_largest_body() -> None:
    settings = given("127.0.0.1:1")
    assert written(settings) == set(settings.kafka.topics)
    small, wanted = Shape(1, 1, 1, 1_048_588), Shape(1, 1, 1, 2_359_296)
    assert [one.level for one in faults("a", small, wanted, written=False)] == [Level.WARN]
