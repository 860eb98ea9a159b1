"""The product, which also notes when its Kafka client handed each record over: `observed FILE ARGUMENTS`.

No metric says how long a record waits in us before its first call, so the bench puts a clock around the one function
through which every record comes in. What it costs is in the figures.
"""

from __future__ import annotations

import atexit
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.cli import main
from service.intake.aiokafka_client import AiokafkaClient
from service.intake.client import Raw
from service.intake.observer import Slot

poll = AiokafkaClient.poll
NOTES: list[tuple[int, list[bytes | None]]] = []


async def noted_poll(self: AiokafkaClient, *, seconds: float, most: int) -> Mapping[Slot, Sequence[Raw]]:
    """Note the moment and the keys of what is handed over."""
    batches = await poll(self, seconds=seconds, most=most)
    if batches:
        NOTES.append((time.monotonic_ns(), [raw.key for batch in batches.values() for raw in batch]))
    return batches


def keep(path: Path) -> None:
    """Write the notes down."""
    found = [(at, [key.decode() for key in keys if key is not None]) for at, keys in NOTES]
    path.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    AiokafkaClient.poll = noted_poll  # type: ignore[method-assign]
    atexit.register(keep, Path(sys.argv.pop(1)))
    main()
