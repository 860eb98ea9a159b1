"""The rows of the table, their sizes and their targets; `--quick` has the same rows, small and without targets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from benchmarks.engine import rows as engine
from benchmarks.engine.rows import EngineRows
from benchmarks.orders import RECORD_BYTES
from benchmarks.product import KEYS
from benchmarks.result import Conditions, Result, Targets
from benchmarks.rival import Rival

IN_FLIGHT: Final = 128
LOG_LEVEL: Final = "info"
ELEVATED_PER_MINUTE: Final = 1_200


@dataclass(frozen=True, slots=True)
class RateRow:
    """Everything on the topic is carried as fast as it goes."""

    name: str
    latency_ms: float
    orders: int
    targets: Targets
    rivals_s: float
    """How long each baseline runs beside it, once it has warmed up."""
    warm_s: float = 2.0
    """By then its connections are open."""

    def result(self) -> Result:
        """Begin the product's line of the table."""
        return Result(f"orderferry at {self.latency_ms:g} ms", "rate", _conditions(self.latency_ms, self.orders))

    def beside(self, rival: Rival) -> Result:
        """Begin a baseline's line of the table."""
        conditions = _conditions(self.latency_ms, self.orders, log_level="none")
        return Result(f"{rival.name} at {self.latency_ms:g} ms", "baseline", conditions)


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """The ERP's own rate limit is what bounds it."""

    name: str
    latency_ms: float
    orders: int
    settle_s: float
    """Cut off at the beginning."""
    window_s: float
    """Whole minutes, so that a sliding minute permits exactly so many calls, in whatever bursts they come."""
    targets: Targets

    def result(self) -> Result:
        """Begin its line of the table."""
        conditions = _conditions(self.latency_ms, self.orders, tier="elevated")
        return Result(f"orderferry at {ELEVATED_PER_MINUTE:,} calls a minute", "budget", conditions)


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """Orders pile up in front of an ERP that hardly moves."""

    name: str
    latency_ms: float
    waiting: int
    targets: Targets

    def result(self) -> Result:
        """Begin its line of the table."""
        conditions = _conditions(self.latency_ms, self.waiting)
        return Result(f"orderferry with {self.waiting:,} orders waiting", "memory", conditions)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """Orders come by the clock, at a share of what the path carries at most."""

    name: str
    latency_ms: float
    load: float
    warm_s: float
    window_s: float
    saturation: int
    """Orders by which the most is found out, where no other row of the same run has."""
    targets: bool = True

    def result(self) -> Result:
        """Begin its line of the table."""
        return Result(f"orderferry, open loop at {self.load:.0%}", "trial", _conditions(self.latency_ms, 0))


def _conditions(latency_ms: float, orders: int, *, tier: str = "unlimited", log_level: str = LOG_LEVEL) -> Conditions:
    return Conditions(
        latency_ms=latency_ms,
        tier=tier,
        in_flight=IN_FLIGHT,
        orders=orders,
        keys=min(KEYS, orders or KEYS),
        record_bytes=RECORD_BYTES,
        log_level=log_level,
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """All of them."""

    rates: tuple[RateRow, ...]
    budget: BudgetRow
    memory: MemoryRow
    opened: OpenRow
    engine: EngineRows
    unasked: frozenset[str] = frozenset()
    """Rows that run only where they are named."""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Know the names that `--rows` may give."""
        path = (*(row.name for row in self.rates), self.budget.name, self.memory.name, self.opened.name)
        object.__setattr__(self, "names", (*path, *self.engine.names))

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Names that stand for several rows."""
        path = tuple(name for name in self.names if name not in self.engine.names)
        promised = tuple(row.name for row in self.engine.saturated if row.rivals_s)
        return {"path": path, "engine": self.engine.names, "promised": promised}

    def wanted(self, given: Collection[str]) -> list[str]:
        """Return the names of rows, groups resolved; where none is given, the usual ones. Pure."""
        if not given:
            return [name for name in self.names if name not in self.unasked]
        return [name for one in given for name in self.groups.get(one, (one,))]


FULL: Final = Rows(
    rates=(
        RateRow("100ms", 100, 48_000, Targets(efficiency=0.8), rivals_s=15),
        RateRow("10ms", 10, 90_000, Targets(rate=1_500, cpu_us=600), rivals_s=15),
        RateRow("saturation", 10, 90_000, Targets(cpu_us=450, of_afternoon=0.6), rivals_s=15),
    ),
    budget=BudgetRow("budget", 10, 4_500, settle_s=30, window_s=120, targets=Targets(budget=0.95)),
    memory=MemoryRow("memory", 20_000, 10_000, Targets(resident_mib=300, least_window_s=0)),
    opened=OpenRow("open", 10, load=0.7, warm_s=5, window_s=30, saturation=40_000),
    engine=engine.FULL,
)
_SMOKE: Final = Targets(least_window_s=0)
QUICK: Final = Rows(
    rates=(
        RateRow("100ms", 100, 1_500, _SMOKE, rivals_s=1, warm_s=0),
        RateRow("10ms", 10, 3_000, _SMOKE, rivals_s=1, warm_s=0),
    ),
    budget=BudgetRow("budget", 10, 400, settle_s=1, window_s=3, targets=_SMOKE),
    memory=MemoryRow("memory", 5_000, 1_000, Targets(resident_mib=300, least_window_s=0)),
    opened=OpenRow("open", 10, load=0.7, warm_s=0.5, window_s=1, saturation=3_000, targets=False),
    engine=engine.QUICK,
    unasked=frozenset({"open", *engine.QUICK.names}) - {"engine-1000-100ms-round-robin"},  # it stays under a minute
)
