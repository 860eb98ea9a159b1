"""What a check found: where, what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much it matters."""

    REFUSE = "refuse"
    """Starting would lose, double or misprice something."""
    WARN = "warn"
    """It works, and somebody should know."""
    FINE = "fine"
    """Looked at and found in order."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `orderferry check`."""

    level: Level
    subject: str
    """What was looked at: a setting's name, `ledger`, `kafka`, a tenant."""
    says: str
    fix: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.subject}: {self.says}" + (f" Fix: {self.fix}" if self.fix else "")


class SettingsError(Exception):
    """The settings cannot be used; each finding says which, why and what to write instead."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(*findings)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        """One line a finding."""
        return "\n".join(str(finding) for finding in self.findings)
