"""Whether this process lives and whether it is of use, each no with its cause by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Health:
    """What the watchdog and the composition know at this moment."""

    stall: str = ""
    """Why the process should be replaced; empty while it lives. A named wait is no stall (correctness 16)."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """What is needed and not there yet: `ledger`, `kafka`, `assignment` ... and why. Not ready while any is named."""
    waits: Mapping[str, str] = field(default_factory=dict)
    """Named waits: for reading, they change neither answer."""

    @property
    def alive(self) -> bool:
        """Whether `/livez` says yes."""
        return not self.stall

    @property
    def ready(self) -> bool:
        """Whether `/readyz` says yes."""
        return self.alive and not self.missing
