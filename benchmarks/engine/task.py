"""What a consumer of the engine's bench is told on its command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """Where to read, how long each record takes, how many at once."""

    bootstrap: str
    topic: str
    group: str
    keys: int
    latency_ms: float
    in_flight: int
    partitions: int
    dead_letters: str
    delays: str = ""
    """File for the delay of every record, from the intended moment on; empty where nobody asks."""
    marks: str = ""
    """Folder for the low-water marks of a group with several members; empty where there is one."""

    def text(self) -> str:
        """Write it as one argument."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Task:
        """Read it again."""
        given: dict[str, Any] = json.loads(text)
        return cls(**given)
