"""What the judge counts and what it says about it."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from sandbox.oracle.decimals import ZERO

Count = Literal["lost", "duplicated", "reordered", "unexplained", "in_doubt", "amount", "parked", "unlike"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as it must be."""

    count: Count
    about: str
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.count}: {self.about}: {self.what}"


@dataclass(slots=True)
class Findings:
    """Everything found so far."""

    violations: list[Violation] = field(default_factory=list)
    difference: Decimal = ZERO
    """Sum of absolute differences over documents, components and currencies."""
    expected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, count: Count, about: object, what: str) -> None:
        """Count a violation."""
        self.violations.append(Violation(count, str(about), what))

    def count(self, name: Count) -> int:
        """How many violations of a kind there are."""
        return sum(1 for violation in self.violations if violation.count == name)

    def same(self, about: object, part: str, wanted: Decimal, found: Decimal) -> bool:
        """Compare two amounts."""
        if wanted == found:
            return True
        self.difference += abs(wanted - found)
        self.add("amount", about, f"{part} is {found}, must be {wanted}")
        return False
