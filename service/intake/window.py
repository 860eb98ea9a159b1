"""When a partition is full: pure. A full partition is paused, never the process (design.md section 4)."""

from __future__ import annotations

from typing import Final

from service.intake.consumer_settings import WindowLimits

RESUME_AT: Final = 0.5
"""Read on when this share of a limit is left: pausing throws away what was read ahead, so it must not flutter."""


def full(*, records: int, size: int, total: int, partitions: int, limits: WindowLimits) -> str:
    """Say why a partition must not be read on, or nothing.

    The next poll must still have room: the window is what a crash reads again at most. Beyond the total, only those
    that hold more than their share stop: one waiting partition does not starve others.
    """
    if records > limits.records - limits.poll:
        return "window full: records"
    if size >= limits.bytes:
        return "window full: bytes"
    if total >= limits.total_bytes and size * partitions >= limits.total_bytes:
        return "window full: bytes of all partitions"
    return ""


def roomy(*, records: int, size: int, total: int, partitions: int, limits: WindowLimits) -> bool:
    """Whether a paused partition may be read on."""
    share = limits.total_bytes / max(1, partitions)
    return (
        records <= limits.records * RESUME_AT
        and size <= limits.bytes * RESUME_AT
        and (total <= limits.total_bytes * RESUME_AT or size <= share * RESUME_AT)
    )
