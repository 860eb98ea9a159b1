from __future__ import annotations

import asyncio

import pytest

from sandbox.broker import MockBroker
from sandbox.kafka_server import KafkaServer
from schemas.event import Position
from schemas.outcome import Reason
from service.errors import Retryable
from service.intake.connection import Connection
from service.intake.dead_letters import KafkaDeadLetters
from service.intake.producer import Producer, Unsent
from service.ports import DeadLetter, Record
from tests.fixtures_kafka import new_topic
from tests.intake.harness import Works, make_intake, running, settings_for, until

pytestmark = pytest.mark.kafka


class Shelf:
    """Dead letters in a list, as the ledger keeps them."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def put(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


def letter(value: bytes | None = b"\xff\x00not json") -> DeadLetter:
    return DeadLetter(
        position=Position(topic="shopify", partition=3, offset=77),
        key=b"\x01key",
        value=value,
        headers=[("X-Shopify-Topic", b"orders/create"), ("X-Shopify-Topic", b"\xff")],
        reason=Reason.UNDECODABLE,
        detail="byte 0 is no UTF-8: ä",
    )


async def test_a_dead_letter_keeps_its_bytes_headers_and_position(kafka: str) -> None:
    topic = await new_topic(kafka)
    producer = Producer(Connection(kafka))
    await KafkaDeadLetters(producer=producer, topic=topic).put(letter())
    await producer.close()
    read: list[Record] = []

    def route(record: Record) -> list[object]:
        read.append(record)
        return []

    async with running(make_intake(settings_for(kafka, topic), Works(), route=route)):  # type: ignore[arg-type]
        await until(lambda: bool(read))
    assert (read[0].key, read[0].value) == (b"\x01key", b"\xff\x00not json")
    assert list(read[0].headers) == [
        ("X-Shopify-Topic", b"orders/create"),
        ("X-Shopify-Topic", b"\xff"),
        ("x-orderferry-reason", b"undecodable"),
        ("x-orderferry-detail", "byte 0 is no UTF-8: ä".encode()),
        ("x-orderferry-topic", b"shopify"),
        ("x-orderferry-partition", b"3"),
        ("x-orderferry-offset", b"77"),
    ]


async def test_what_the_topic_does_not_take_goes_to_the_ledger(kafka: str) -> None:
    topic = await new_topic(kafka, configs={"max.message.bytes": "1000"})
    producer, shelf = Producer(Connection(kafka)), Shelf()
    letters = KafkaDeadLetters(producer=producer, topic=topic, fallback=shelf)
    await letters.put(letter(b"x" * 5000))
    assert [len(one.value or b"") for one in shelf.letters] == [5000]
    await letters.put(letter())
    assert len(shelf.letters) == 1, "one that is too large says nothing about the next"
    await producer.close()


async def test_a_missing_topic_is_tried_once_and_then_left_alone_for_a_while(kafka: str) -> None:
    producer, shelf, now = Producer(Connection(kafka), timeout_s=1), Shelf(), [0.0]
    letters = KafkaDeadLetters(producer=producer, topic="no-such-topic", fallback=shelf, now=lambda: now[0])
    for _ in range(20):
        await letters.put(letter())
    assert len(shelf.letters) == 20
    assert producer.generation == 1
    now[0] = 31.0
    await letters.put(letter())
    assert producer.generation == 2
    await producer.close()


async def test_without_a_ledger_the_record_is_tried_again(kafka: str) -> None:
    producer = Producer(Connection(kafka), timeout_s=0.5)
    with pytest.raises(Retryable, match="dead letter of shopify, partition 3, offset 77"):
        await KafkaDeadLetters(producer=producer, topic="no-such-topic").put(letter())
    await producer.close()


async def test_a_broker_that_hangs_does_not_hang_the_producer(own_kafka: KafkaServer) -> None:
    topic = await new_topic(own_kafka.bootstrap)
    producer = Producer(Connection(own_kafka.bootstrap), timeout_s=1)
    await producer.send(topic, key=None, value=b"before")
    own_kafka.freeze()
    try:
        with pytest.raises(Unsent, match="no answer within 1 s"):
            await producer.send(topic, key=None, value=b"during")
        async with asyncio.timeout(20):
            await producer.close()
    finally:
        own_kafka.thaw()
    assert (await producer.send(topic, key=None, value=b"after")).offset >= 1
    assert producer.generation == 2
    await producer.close()


async def test_a_poisoned_producer_is_made_anew() -> None:
    """OutOfOrderSequenceNumber (45) stays with an idempotent producer for ever (K13)."""
    broker = MockBroker()
    try:
        broker.create_topic("dead", 1)
        producer = Producer(Connection(broker.bootstrap), timeout_s=5)
        await producer.send("dead", key=None, value=b"0")
        broker.fail_produce([45])
        with pytest.raises(Unsent, match="OutOfOrderSequenceNumber"):
            await producer.send("dead", key=None, value=b"1")
        assert (await producer.send("dead", key=None, value=b"2")).offset == 1
        assert producer.generation == 2
        await producer.close()
    finally:
        broker.close()
