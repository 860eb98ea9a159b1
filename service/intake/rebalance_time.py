"""How long a rebalance has to wait for us: the one formula, for the settings and for the consumer. Pure."""

from __future__ import annotations

from typing import Final

COMMIT_TIMEOUT_S: Final = 5.0
"""One commit, to the ledger or to Kafka."""
MARGIN_S: Final = 5.0
"""From the end of a drain to the end of the rebalance: room for the join itself."""


def rebalance_needed_s(
    drain_s: float, *, commit_timeout_s: float = COMMIT_TIMEOUT_S, margin_s: float = MARGIN_S
) -> float:
    """Return the shortest rebalance timeout in which what is in flight is drained and committed twice over."""
    return drain_s + 2 * commit_timeout_s + margin_s
