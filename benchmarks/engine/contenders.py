"""Who runs in the engine's bench: ours, and those beside it on the same topic with as many in flight."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.engine import parallel_consumer
from benchmarks.engine.task import Task


@dataclass(frozen=True, slots=True)
class Contender:
    """One of them."""

    name: str
    keeps: str
    """What it keeps of the order of a key, by what it promises."""
    command: Callable[[Task], Sequence[str]]


def _python(module: str) -> Callable[[Task], Sequence[str]]:
    return lambda task: (sys.executable, "-m", f"benchmarks.engine.{module}", task.text())


OURS: Final = Contender("orderferry's engine", "order of each key", _python("ours"))
PARALLEL_CONSUMER: Final = Contender(
    "Parallel Consumer, JVM, KEY order", "order of each key", parallel_consumer.command
)
RIVALS: Final = (
    Contender("bare limit (aiokafka)", "no order", _python("bare")),
    Contender("afternoon version", "no order", _python("afternoon")),
    Contender("naive loop", "order of everything", _python("naive")),
    Contender("FastStream, a worker a partition", "order of each partition", _python("faststream")),
    PARALLEL_CONSUMER,
)
