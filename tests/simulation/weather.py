"""What goes wrong at the moment, and by how much: read by every fake, changed by the faults of a schedule."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32


@dataclass
class Weather:
    """Chances are 0 to 1. One stream of chance a neighbour, so that dropping a record changes little else."""

    seed: int
    ledger_away: bool = False
    brokers_away: bool = False
    unanswered: float = 0.0
    """COMMITs of the ledger without an answer."""
    commits_fail: float = 0.0
    """Commits of offsets that fail."""
    letters_fail: float = 0.0
    lies: dict[str, float] = field(default_factory=dict)
    """Fates of writes to the ERP."""
    stale: float = 0.0
    """Reads of the ERP that show it as it was a moment ago."""
    reads_fail: float = 0.0
    waits: float = 0.0
    """Calls that are not admitted: breaker or budget."""
    slow: float = 1.0
    """By how much everything takes longer."""
    seen: Counter[str] = field(default_factory=Counter)
    """Named events that happened."""
    wrong: list[str] = field(default_factory=list)
    """Violations that were seen while they happened."""
    trap: Callable[[str, str, str], bool] = lambda _place, _name, _key: False
    """Told of every call before and after it is sent, and of a key that is about to be parked, with the intent's name
    and the key; may freeze or kill the process that does it."""
    trace: int = 0
    """Digest of what happened in what order: the same seed gives the same."""

    def __post_init__(self) -> None:
        self.network = random.Random(f"{self.seed}/network")  # noqa: S311
        self.broker = random.Random(f"{self.seed}/broker")  # noqa: S311
        self.ledger = random.Random(f"{self.seed}/ledger")  # noqa: S311

    def delay(self, least: float, most: float) -> float:
        """How long something on the network takes."""
        return (least + (most - least) * self.network.random()) * self.slow

    def chance(self, name: str) -> float:
        """A number in [0, 1) that depends on the seed and a name alone."""
        return crc32(f"{self.seed}/{name}".encode()) / 2**32

    def saw(self, event: str) -> None:
        """Count a named event."""
        self.seen[event] += 1

    def violated(self, what: str) -> None:
        """Note what must never happen."""
        if len(self.wrong) < 20:
            self.wrong.append(what)

    def note(self, text: str) -> None:
        """Add to the trace."""
        self.trace = crc32(text.encode(), self.trace)

    def clear(self) -> None:
        """From here on everything is well."""
        self.ledger_away = self.brokers_away = False
        self.unanswered = self.commits_fail = self.letters_fail = self.stale = self.reads_fail = self.waits = 0.0
        self.lies, self.slow = {}, 1.0
