"""The command line of a torture run."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.torture.schedule import BACK_IN_TIME

FULL_MINUTES = 5.0
"""A run of at least so long must leave no cell of fault and phase empty."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    seed: int
    minutes: float
    pods: int
    events: int
    profile: Literal["tags", "bare"]
    build: Path
    timeout: float
    replay: Path | None
    without: frozenset[str]
    """Faults that are left out, to find out which one it is."""

    @property
    def left_out(self) -> frozenset[str]:
        """Faults that do not come. What a restored ledger forgot, nobody finds in an ERP that keeps no identity."""
        return self.without | (BACK_IN_TIME if self.profile == "bare" else frozenset())

    @property
    def full(self) -> bool:
        """Whether every fault must have met every phase."""
        return self.minutes >= FULL_MINUTES and not self.without


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in text.split(",") if name)


def options(argv: list[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the schedule and every event follow from it")
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES, help="how long events come and things go wrong")
    parser.add_argument("--pods", type=int, default=3, help="service processes in one group")
    parser.add_argument("--events", type=int, default=60_000, help="records on the source topic")
    parser.add_argument(
        "--profile", choices=("tags", "bare"), default="tags", help="whether the ERP keeps the identity that we send"
    )
    parser.add_argument("--build", type=Path, default=Path("build"), help="where report and logs go")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds after which everything is ended")
    parser.add_argument("--replay", type=Path, help="a report: run its seed and its schedule again")
    parser.add_argument("--without", type=_names, default=frozenset(), help="faults to leave out, with commas between")
    return Options(**vars(parser.parse_args(argv)))
