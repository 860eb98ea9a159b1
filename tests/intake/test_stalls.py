"""How soon a stall is seen, named and ended. STALL_S=25 is what a real installation has."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from service.errors import Fatal, Waiting
from service.intake.aiokafka_client import AiokafkaClient
from service.intake.client import Client
from service.intake.consumer_settings import ConsumerSettings, WindowLimits
from tests.fixtures_kafka import new_topic
from tests.intake.harness import Notes, StuckClient, Works, make_intake, produce, settings_for, until

pytestmark = pytest.mark.kafka

STALL_S = float(os.environ.get("STALL_S", "5"))
SEEN_S, ENDED_S = STALL_S + 5, STALL_S * 2 + 10
"""After its beginning, and after that: 30 s and 60 s for 25 s."""


class Timed(Notes):
    """Notes when a stall was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def rebuilt(self, why: str) -> None:
        super().rebuilt(why)
        self.seen.append(time.monotonic())


def quick(kafka: str, topic: str) -> ConsumerSettings:
    return settings_for(
        kafka, topic, drain_s=0.5, commit_timeout_s=0.5, rebalance_timeout_s=STALL_S, session_timeout_s=1.5
    )


LIMITS = WindowLimits(stall_s=STALL_S)


async def heals(kafka: str) -> tuple[float, float]:
    """A client that is stuck: a new one helps."""
    topic = await new_topic(kafka)
    works, notes, clients = Works(), Timed(), [StuckClient, AiokafkaClient]

    def make(settings: ConsumerSettings) -> Client:
        return clients.pop(0)(settings)

    intake = make_intake(quick(kafka, topic), works, observer=notes, limits=LIMITS, make_client=make)
    run = asyncio.create_task(intake.run())
    await until(lambda: notes.opens == 1)
    await produce(kafka, topic, [("a", b"")])
    began = time.monotonic()
    await until(lambda: works.total() == 1, seconds=90)
    healed = time.monotonic()
    await intake.stop(1.0)
    await run
    assert "1 records wait" in notes.rebuilds[0]
    return notes.seen[0] - began, healed - notes.seen[0]


async def gives_up(kafka: str) -> tuple[float, float]:
    """A handler that hangs and says nothing: no new client helps, and the process ends."""
    topic = await new_topic(kafka)
    notes = Timed()

    async def handle(key: str, items: object) -> None:
        del key, items
        await asyncio.Event().wait()

    run = asyncio.create_task(make_intake(quick(kafka, topic), handle, observer=notes, limits=LIMITS).run())
    await until(lambda: notes.opens == 1)
    await produce(kafka, topic, [("a", b"")])
    began = time.monotonic()
    with pytest.raises(Fatal, match="intake is stuck: 1 records wait"):
        await asyncio.wait_for(run, 120)
    return notes.seen[0] - began, time.monotonic() - notes.seen[0]


async def waits(kafka: str, gone: asyncio.Event) -> None:
    """A named wait, for as long as the others take."""
    topic = await new_topic(kafka)
    notes = Timed()

    async def handle(key: str, items: object) -> None:
        del key, items
        raise Waiting(wait="tenant_paused", why="a person said so", after=600)

    intake = make_intake(quick(kafka, topic), handle, observer=notes, limits=LIMITS)
    run = asyncio.create_task(intake.run())
    await produce(kafka, topic, [("a", b"")])
    await until(lambda: intake.health().waits == {"tenant_paused": 1})
    await gone.wait()
    assert not run.done()
    assert not notes.rebuilds
    await intake.stop(1.0)
    await run


async def test_a_stall_is_seen_and_ended_in_time_and_a_named_wait_is_none(kafka: str) -> None:
    gone = asyncio.Event()
    waiting = asyncio.create_task(waits(kafka, gone))
    (seen, healed), (hung, ended) = await asyncio.gather(heals(kafka), gives_up(kafka))
    gone.set()
    await waiting
    print(f"stuck client: seen after {seen:.1f} s, healed {healed:.1f} s later")  # noqa: T201  with -s
    print(f"hung handler: seen after {hung:.1f} s, ended {ended:.1f} s later")  # noqa: T201
    assert max(seen, hung) <= SEEN_S
    assert max(healed, ended) <= ENDED_S
