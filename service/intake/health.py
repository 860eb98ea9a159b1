"""How intake is, for /livez, /readyz and the metrics that are read and not counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.intake.observer import Slot


@dataclass(frozen=True, slots=True)
class Health:
    """One look at intake."""

    state: str
    """`starting`, `running`, `stopping` or `stopped`."""
    assigned: tuple[Slot, ...]
    ready: bool
    """Whether the gate is open: records of what is assigned flow. True for a member without partitions."""
    paused: Mapping[Slot, str]
    """Partitions that are not read on, and why."""
    waits: Mapping[str, int]
    """Named waits, with the number of lanes in each; `kafka` and `gate` concern all."""
    lag: Mapping[Slot, int]
    """Records in the log that are not settled; of partitions whose start is known."""
    in_flight: int
    waiting: int
    """Items that nobody works on at the moment."""
    lanes: int
    window_records: int
    window_bytes: int
    window_fill: float
    """Share of the fullest window, 0 to 1."""
    loop_lag_s: float
    stalled: str
    """Why the watchdog thinks that nothing moves; empty where all is well."""
