"""What is tried: groups of modules, and the tests that must notice when one of them is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEAST = 0.9
"""Share of the defects of a group that its tests must find."""

ON_SQLITE = ("-m", "not postgres")
"""Where the database does not matter, the one without a server is quicker."""
NO_OWN_SERVER = ("-k", "not server_that_is_gone")
"""A test that starts a server would leave it behind where a defect hangs it."""


@dataclass(frozen=True)
class Field:
    """A group of modules under trial."""

    name: str
    modules: tuple[str, ...]
    """Files or patterns, from the root of the repository."""
    tests: tuple[str, ...]
    """What is given to pytest: files, folders, options."""
    every: int = 1
    """One defect in so many is tried, where all would take hours."""

    def files(self) -> list[Path]:
        """The modules' files."""
        return sorted(path for pattern in self.modules for path in ROOT.glob(pattern))


FIELDS = (
    Field("plan", ("service/plan/*.py",), ("tests/plan",)),
    Field("money", ("schemas/money.py",), ("tests/schemas",)),
    Field(
        "offsets",
        ("service/intake/offsets.py", "service/intake/start.py", "service/intake/partition.py"),
        ("tests/intake/test_offsets.py", "tests/intake/test_decisions.py", "tests/intake/test_partition.py"),
    ),
    Field(
        "ledger",
        tuple(
            f"service/ledger/{name}.py" for name in ("absorb", "batch", "group_commit", "intents", "members", "rows")
        ),
        ("tests/ledger", "tests/pipeline/test_privacy.py", *NO_OWN_SERVER),
    ),
    Field(
        "recovery",
        tuple(f"service/pipeline/{name}.py" for name in ("publish", "run", "story")),
        ("tests/pipeline", "tests/simulation/test_in_process.py", *ON_SQLITE),
        every=4,
    ),
    Field("shopify money", ("connectors/shopify/money.py", "connectors/shopify/lines.py"), ("tests/connectors",)),
)
