"""How long to wait before the next try: pure, with jitter that survives the cap."""

from __future__ import annotations

from typing import Final

FIRST_S: Final = 0.05
CAP_S: Final = 30.0
WAIT_S: Final = 1.0
"""A named wait that does not say how long it takes is looked at again after this."""
STRETCH: Final = 0.2
"""A wait that was named is stretched by up to this share, so that thousands of lanes do not come back at once."""


def next_wait(*, attempt: int, after: float | None, chance: float, cap: float = CAP_S) -> float:
    """Seconds until try number `attempt` + 1; `chance` is random in [0, 1). Never before `after`."""
    if after is not None:
        return max(after, FIRST_S) * (1 + STRETCH * chance)
    full = min(cap, FIRST_S * 2.0 ** min(attempt, 20))
    return full * (0.5 + 0.5 * chance)
