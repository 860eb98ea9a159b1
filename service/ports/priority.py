"""The order in which the ERP's budget is given out."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """Order of the ERP's budget (correctness 17)."""

    LIVE = 0
    RECOVERY = 1
    REPLAY = 2
    POLLING = 3
    """Looking whether anything changed in the ERP: when nobody else waits."""
