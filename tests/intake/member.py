"""A consumer as a process of its own, to be killed and frozen: `python -m tests.intake.member BROKER TOPIC GROUP FILE`.

It appends one line to FILE for every record that it reads and every start and end of a handling, so that whoever reads
it sees what overlapped.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.intake.consumer_settings import WindowLimits
from service.intake.lane import Item
from service.intake.observer import Slot
from service.ports import Record, Routed
from tests.intake.harness import by_key, make_intake, settings_for

LIMITS = WindowLimits(in_flight=4, coalesce=4, records=100)
"""Slow enough to be killed in the middle, with its windows full."""


class FileMarks:
    """Marks in a file that all members share, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, group: str) -> Mapping[Slot, int]:
        del group
        if not self._path.exists():
            return {}
        return {(topic, number): mark for topic, number, mark in json.loads(self._path.read_text())}

    async def write(self, group: str, marks: Mapping[Slot, int]) -> None:
        known = {**await self.read(group), **marks}
        scratch = self._path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps([[*slot, mark] for slot, mark in known.items()]))
        scratch.replace(self._path)


async def main(bootstrap: str, topic: str, group: str, path: Path) -> None:
    with path.open("a", buffering=1) as out:

        async def handle(key: str, items: Sequence[Item]) -> None:
            at = [[one.record.position.partition, one.record.position.offset] for one in items if one.record]
            out.write(json.dumps(["start", os.getpid(), key, at, time.time()]) + "\n")
            await asyncio.sleep(0.02)
            out.write(json.dumps(["end", os.getpid(), key, at, time.time()]) + "\n")

        def route(record: Record) -> list[Routed]:
            out.write(json.dumps(["read", os.getpid(), "", [[record.partition, record.offset]], time.time()]) + "\n")
            return by_key(record)

        settings, marks = settings_for(bootstrap, topic, group=group), FileMarks(path.with_suffix(".marks"))
        intake = make_intake(settings, handle, marks=marks, limits=LIMITS, route=route)  # type: ignore[arg-type]
        running = asyncio.create_task(intake.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(intake.stop(5)))
        await running


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
