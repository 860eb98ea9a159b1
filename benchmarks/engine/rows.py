"""The rows of the engine's bench, their sizes and their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.engine.contenders import OURS, Contender
from benchmarks.engine.keys import Pattern, ends, rate_between, sequence, share_of_hottest
from benchmarks.engine.record import SIZE
from benchmarks.engine.topics import Filling
from benchmarks.result import Conditions, Result, Targets
from benchmarks.source_topic import PARTITIONS
from service.intake.consumer_settings import WindowLimits

IN_FLIGHT: Final = 1_000
LATENCIES_MS: Final = (0, 5, 10, 100)
KEYS: Final = (100, 1_000)
WINDOW: Final = WindowLimits().records
PART: Final = "engine"


@dataclass(frozen=True, slots=True)
class SaturatedRow:
    """One process reads a full topic as fast as it goes."""

    filling: Filling
    latency_ms: float
    warm_s: float
    window_s: float
    targets: Targets
    rivals_s: float = 0
    """How long each of those beside it runs, once it has warmed up; 0 where there are none."""

    @property
    def name(self) -> str:
        """As `--rows` takes it."""
        return f"engine-{self.filling.keys}-{self.latency_ms:g}ms-{self.filling.pattern.value}"

    def result(self, contender: Contender, ceiling: float | None) -> Result:
        """Begin a line of the table."""
        said = f"{self.filling.keys:,} keys {self.filling.pattern.value} at {self.latency_ms:g} ms"
        kind = "rate" if contender is OURS else "baseline"
        return Result(f"{contender.name}, {said}", kind, self.conditions(ceiling))  # type: ignore[arg-type]

    def conditions(self, ceiling: float | None) -> Conditions:
        """Say under what it is measured."""
        return conditions(self.filling, self.latency_ms, ceiling)

    def ceiling(self) -> float | None:
        """Return how many records a second a perfect engine would end in the window; None where nothing bounds it."""
        if not self.latency_ms:
            return None
        latency_s = self.latency_ms / 1000
        span = self.warm_s + self.window_s
        fastest = min(self.filling.keys, IN_FLIGHT) / latency_s
        # In flight bounds nothing here: there are never more keys than that.
        count = min(self.filling.count, round(fastest * span) + self.filling.keys)
        numbers = sequence(self.filling.pattern, keys=self.filling.keys, count=count)
        found = ends(numbers, keys=self.filling.keys, partitions=PARTITIONS, latency_s=latency_s, window=WINDOW)
        return min(fastest, rate_between(found, self.warm_s, span))


@dataclass(frozen=True, slots=True)
class PoisonRow:
    """Pairs of runs, with and without poison, one after the other."""

    name: str
    keys: int
    latency_ms: float
    count: int
    pairs: int
    warm_s: float
    window_s: float
    most: float | None
    """Share of the healthy records a second that poison may cost."""

    def filling(self, *, poison: bool) -> Filling:
        """Return what its topics hold."""
        return Filling(Pattern.ROUND_ROBIN, self.keys, self.count, poison)


@dataclass(frozen=True, slots=True)
class RebalanceRow:
    """A second process joins in the middle and leaves again."""

    name: str
    filling: Filling
    latency_ms: float
    alone_s: float
    """How long the first is alone, before and after."""
    both_s: float


@dataclass(frozen=True, slots=True)
class OpenRow:
    """Records come by the clock, whatever becomes of them: keys by Zipf, then all alike, at the same rate."""

    name: str
    keys: int
    latency_ms: float
    pairs: int
    load: float
    """Share of what the hottest key can bear."""
    warm_s: float
    window_s: float
    most: float | None
    """The p99 of cold keys beside hot ones, over that of the same keys where all are alike."""

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.load / (self.latency_ms / 1000) / share_of_hottest(Pattern.ZIPF, keys=self.keys)


@dataclass(frozen=True, slots=True)
class EngineRows:
    """All of them."""

    saturated: tuple[SaturatedRow, ...]
    poison: tuple[PoisonRow, ...]
    rebalance: RebalanceRow
    opened: OpenRow

    @property
    def names(self) -> tuple[str, ...]:
        """As `--rows` takes them."""
        several = (*(row.name for row in self.saturated), *(row.name for row in self.poison))
        return (*several, self.rebalance.name, self.opened.name)


def conditions(filling: Filling, latency_ms: float, ceiling: float | None) -> Conditions:
    """Say under what something is measured."""
    return Conditions(
        latency_ms=latency_ms,
        tier="none",
        in_flight=IN_FLIGHT,
        orders=filling.count,
        keys=filling.keys,
        record_bytes=SIZE,
        part=PART,
        sequence=filling.pattern.value,
        bound=ceiling or 0.0,
    )


# What the issue promises: at least 30 s of steady window, keys in turn.
TARGETS: Final = {
    (1_000, 100): Targets(efficiency=0.95),
    (1_000, 10): Targets(rate=60_000),
    (100, 5): Targets(efficiency=0.90),
}
FASTEST: Final = 90_000
"""Records a second that no process of Python will exceed here: so much stands on the topics."""


def _saturated(pattern: Pattern, keys: int, latency_ms: float) -> SaturatedRow:
    targets = TARGETS.get((keys, round(latency_ms))) if pattern is Pattern.ROUND_ROBIN else None
    long = Filling(pattern, keys, 34 * FASTEST) if keys == max(KEYS) else Filling(pattern, keys, 26 * FASTEST)
    short = Filling(pattern, keys, 12 * FASTEST)
    return SaturatedRow(
        filling=long if pattern is Pattern.ROUND_ROBIN else short,
        latency_ms=latency_ms,
        warm_s=3,
        window_s=31 if targets else 8,
        targets=targets or Targets(least_window_s=0),
        rivals_s=15 if targets else 0,
    )


FULL: Final = EngineRows(
    saturated=tuple(
        _saturated(pattern, keys, latency_ms) for keys in KEYS for pattern in Pattern for latency_ms in LATENCIES_MS
    ),
    poison=(
        PoisonRow("poison-100ms", 1_000, 100, 150_000, pairs=5, warm_s=3, window_s=8, most=0.03),
        # Here the CPU is the bound, and a dead letter that is acknowledged costs ten times as much of it as a record.
        PoisonRow("poison-10ms", 1_000, 10, 1_000_000, pairs=5, warm_s=2, window_s=6, most=None),
    ),
    rebalance=RebalanceRow("rebalance", Filling(Pattern.ROUND_ROBIN, 1_000, 2_000_000), 10, alone_s=8, both_s=8),
    opened=OpenRow("zipf-open", 1_000, 10, pairs=5, load=0.7, warm_s=5, window_s=25, most=1.2),
)
_NONE: Final = Targets(least_window_s=0)
QUICK: Final = EngineRows(
    saturated=tuple(
        SaturatedRow(Filling(Pattern.ROUND_ROBIN, keys, 60_000), latency_ms, 0.5, 1, _NONE)
        for keys, latency_ms in TARGETS
    ),
    poison=(PoisonRow("poison-100ms", 1_000, 100, 20_000, pairs=1, warm_s=0.5, window_s=1, most=None),),
    rebalance=RebalanceRow("rebalance", Filling(Pattern.ROUND_ROBIN, 1_000, 100_000), 100, alone_s=1, both_s=1),
    opened=OpenRow("zipf-open", 1_000, 10, pairs=1, load=0.7, warm_s=1, window_s=2, most=None),
)
