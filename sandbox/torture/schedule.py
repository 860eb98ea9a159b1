"""What goes wrong, when and to whom: derived from the seed alone, so that a failing seed fails again. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from random import Random
from typing import Any

KILL_EVERY_S = 30.0
JITTER_S = 4.0
BACK_S = 60.0  # the database is restored to so long ago
BEFORE_RESTORE = 0.8  # all else has come by this share of the time
SHORT_S = 240.0  # a run that is shorter sees a part of the faults
FAULTS = (
    "kill",
    "freeze",
    "roll",
    "join",
    "leave",
    "broker",
    "cut",
    "database",
    "erp",
    "storm_5xx",
    "storm_429",
    "restore",
)
"""Everything that meets effects in a phase. `backup` and `clock` come when nothing is under way, and meet none."""
BACK_IN_TIME = frozenset({"backup", "restore"})
_OTHERS = ("freeze", "broker", "cut", "join", "storm_5xx", "erp", "roll", "storm_429", "database", "leave")
_LASTS = {"freeze": (12.0, 15.0), "broker": (4.0, 9.0), "erp": (1.0, 3.0), "database": (1.0, 3.0)}
_STORM_S = (3.0, 5.0)


@dataclass(frozen=True, slots=True)
class Act:
    """One fault."""

    at: float
    """Seconds after the first record."""
    kind: str
    whom: int = 0
    """Which pod, where one is struck."""
    lasts: float = 0.0
    """Seconds until it is over, where it lasts."""


def schedule(seed: int, *, minutes: float, pods: int) -> list[Act]:
    """Return the faults of a run in order of time."""
    rng, span = Random(f"torture:schedule:{seed}"), minutes * 60
    acts = [*_kills(rng, span, pods), *_others(rng, span, pods), *_back_in_time(rng, span)]
    return sorted(acts, key=lambda act: act.at)


def _kills(rng: Random, span: float, pods: int) -> Iterator[Act]:
    for number in range(max(1, int(span / KILL_EVERY_S))):
        at = KILL_EVERY_S * (number + 0.5) + rng.uniform(-JITTER_S, JITTER_S)
        yield Act(round(min(at, span - 1), 2), "kill", rng.randrange(pods))


def _others(rng: Random, span: float, pods: int) -> Iterator[Act]:
    """Between the kills; whoever joins leaves again later, if it is killed meanwhile it comes back first."""
    kinds = list(_OTHERS)
    rng.shuffle(kinds)
    join, leave = sorted((kinds.index("join"), kinds.index("leave")))
    kinds[join], kinds[leave] = "join", "leave"
    count = max(1, int(span / KILL_EVERY_S))
    if count < len(kinds):
        kinds = kinds[:count]
    for number, kind in zip(range(count), cycle(kinds)):
        at = BEFORE_RESTORE * KILL_EVERY_S * (number + 1) - 5 + rng.uniform(-JITTER_S, JITTER_S)
        low, high = _LASTS.get(kind, _STORM_S if kind.startswith("storm") else (0.0, 0.0))
        whom = pods if kind in ("join", "leave") else rng.randrange(pods)
        yield Act(round(min(at, span - 1), 2), kind, whom, round(rng.uniform(low, high), 2))


def _back_in_time(rng: Random, span: float) -> Iterator[Act]:
    """The ERP's clock, then a copy of the database and its restore: never the clock between the two, as in life.

    The restore comes last: the events of a run are older than it, so that each effect after it is looked up first.
    """
    back = min(BACK_S, span * 0.3)
    yield Act(round(span * rng.uniform(0.15, 0.3), 2), "clock")
    restored = span * rng.uniform(0.84, 0.9)
    yield Act(round(restored - back, 2), "backup")
    yield Act(round(restored, 2), "restore")


def told(acts: Sequence[Act]) -> list[dict[str, Any]]:
    """Return the schedule as the report writes it."""
    return [asdict(act) for act in acts]


def heard(rows: Sequence[Mapping[str, Any]]) -> list[Act]:
    """Read the schedule of a report."""
    return [Act(**row) for row in rows]
