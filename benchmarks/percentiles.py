"""Percentiles of delays that count from the moment that was meant: a stall shows in all that it held. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

SHOWN: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of them does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return what is shown of them, and how many they are; empty where there are none."""
    if not values:
        return {}
    ordered = sorted(values)
    return {"count": float(len(ordered)), **{name: percentile(ordered, share) for name, share in SHOWN.items()}}
