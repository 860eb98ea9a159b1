"""What `/livez` and `/readyz` say, from what intake and the duties know. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from service.api.health import Health
from service.intake.health import Health as IntakeHealth

LEDGER_DOWN = "ledger_down"
"""The ledger's own named wait."""


def readiness(intake: IntakeHealth, *, missing_topics: Sequence[str], ledger: str) -> Health:
    """Name everything that is needed and not there; `ledger` is why it cannot be read, empty where it can."""
    missing = {}
    if ledger or LEDGER_DOWN in intake.waits:
        missing["ledger"] = ledger or "it does not take anything"
    if "kafka" in intake.waits:
        missing["kafka"] = intake.stalled or "the brokers do not answer"
    if missing_topics:
        missing["topics"] = f"{', '.join(missing_topics)} do not exist; create them, nothing is read before"
    if not intake.ready:
        missing["assignment"] = "the start positions of the partitions are not known yet"
    if intake.state != "running":
        missing["intake"] = intake.state
    # Brokers that are away are a named wait, never a stall (correctness 16): another process would not find them.
    stall = "" if "kafka" in intake.waits else intake.stalled
    return Health(stall=stall, missing=missing, waits={name: str(count) for name, count in intake.waits.items()})
