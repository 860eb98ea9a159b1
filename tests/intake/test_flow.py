from __future__ import annotations

import pytest

from tests.fixtures_kafka import new_topic
from tests.intake.harness import (
    MemoryMarks,
    Works,
    committed,
    make_intake,
    produce,
    running,
    settings_for,
    until,
    until_async,
)

pytestmark = pytest.mark.kafka


async def test_every_record_reaches_its_lane_in_order_and_offsets_follow(kafka: str) -> None:
    topic = await new_topic(kafka, partitions=3)
    sent = await produce(kafka, topic, ((f"k{n % 50}", str(n).encode()) for n in range(2000)))
    works, marks = Works(), MemoryMarks()
    settings = settings_for(kafka, topic)
    async with running(make_intake(settings, works, marks=marks)):
        await until(lambda: works.total() == sent)

        async def all_committed() -> bool:
            return sum((await committed(kafka, settings.group)).values()) == sent

        await until_async(all_committed)
    assert not works.twice
    for values in works.values.values():
        numbers = [int(value) for value in values]
        assert numbers == sorted(numbers)
    assert marks.marks == await committed(kafka, settings.group)
