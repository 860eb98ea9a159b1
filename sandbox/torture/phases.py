"""In which phase of an effect a fault falls: told from the ledger's intents beside the ERP's calls. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PHASES = (
    "before the intent",
    "intent committed, not sent",
    "sent, not committed in the ERP",
    "committed in the ERP, not answered",
    "answered, outcome not recorded",
    "outcome recorded, key not closed",
)


@dataclass(frozen=True, slots=True)
class Leased:
    """One key in some process's hand, and one of its effects since it was claimed, if there is any."""

    key: str
    owner: str
    intent: str = ""
    """Its idempotency key."""
    state: str = ""


def phase(leased: Leased, call: Mapping[str, Any] | None, at: float) -> str:
    """Name the phase of an effect at a moment (unix seconds). `call` is when the ERP saw it, None where it did not."""
    if not leased.intent:
        return PHASES[0]
    if leased.state != "open":
        return PHASES[5]
    if call is None:
        return PHASES[1]
    if not 0 < call.get("committed", 0) <= at:
        return PHASES[2]
    return PHASES[4] if call["committed"] <= call.get("answered", 0) <= at else PHASES[3]


def phases(held: Iterable[Leased], calls: Mapping[str, Mapping[str, Any]], at: float) -> Counter[str]:
    """Count the effects under way by phase."""
    return Counter(phase(one, calls.get(one.intent), at) for one in held)


@dataclass(slots=True)
class Cells:
    """How often each fault met an effect in each phase."""

    faults: Sequence[str]
    met: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, fault: str, found: Mapping[str, int]) -> None:
        """Count what one fault met."""
        self.met.setdefault(fault, Counter()).update(found)

    def missing(self, fault: str) -> set[str]:
        """Phases that this fault has not met yet."""
        return {name for name in PHASES if not self.met.get(fault, Counter())[name]}

    def empty(self) -> list[tuple[str, str]]:
        """Cells that nobody has filled."""
        return [(fault, name) for fault in self.faults for name in PHASES if name in self.missing(fault)]

    def table(self) -> dict[str, dict[str, int]]:
        """Return every cell, the empty ones too."""
        return {fault: {name: self.met.get(fault, Counter())[name] for name in PHASES} for fault in self.faults}
