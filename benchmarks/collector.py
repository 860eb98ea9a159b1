"""The cyclic collector as the product sets it at its start, for processes that stand in for a part of it."""

from __future__ import annotations

import gc


def tame() -> None:
    """Leave alone what lives as long as the process, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
