"""The demo's command line."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

KINDS = (
    "commit_then_drop",
    "error_before",
    "error_after",
    "throttle",
    "slow",
    "stale_read",
    "truncated",
    "empty_2xx",
    "in_flight",
    "frozen",
    "gateway_garbage",
)
"""Every lie that a shop's events can meet; `tax_down` cannot be, because a shop's tax is never left to the ERP."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    profile: Literal["lenient", "strict"]
    orders: int
    seed: int
    kafka: Literal["mock", "real"]
    kills: int
    least_open: int
    tier: str
    timeout: float
    build: Path
    faults: bool
    least_met: int


def options(argv: list[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="orderferry demo", description=__doc__)
    parser.add_argument(
        "--profile", choices=("lenient", "strict"), default="lenient", help="how the ERP reads its docs"
    )
    parser.add_argument("--orders", type=int, default=2000, help="order histories")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kafka", choices=("mock", "real"), default="mock")
    parser.add_argument("--kills", type=int, default=3, help="times that the service is killed with SIGKILL")
    parser.add_argument("--least-open", type=int, default=20, help="intents that must be open at a kill")
    parser.add_argument(
        "--tier", choices=("test", "standard", "elevated"), default="elevated", help="the ERP's rate limit"
    )
    parser.add_argument("--timeout", type=float, default=1500, help="seconds after which everything is ended")
    parser.add_argument("--build", type=Path, default=Path("build"), help="where the proof and the logs go")
    parser.add_argument("--no-faults", dest="faults", action="store_false", help="an honest ERP and no kills")
    parser.add_argument("--least-met", type=int, default=10, help="times that each lie must have been met")
    given = parser.parse_args(argv)
    return Options(**vars(given))
