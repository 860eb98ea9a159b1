"""What one run came to, and its verdicts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from benchmarks.erp import Tally
from benchmarks.window import Figures, ceiling

MIB: Final = 1024 * 1024
ERP_MOST: Final = 0.70
"""Share of a core; above it the sandbox, not the product, is what is measured."""
QUIET: Final = 0.1
"""Cores that others may use before it is worth a word."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target and whether it was met."""

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what a figure was measured."""

    latency_ms: float
    tier: str
    in_flight: int
    orders: int
    keys: int
    record_bytes: int
    log_level: str = "none"
    part: str = "path"
    """What is measured: the whole path over HTTP, or the engine by itself."""
    sequence: str = "each its own"
    """In which order keys come."""
    bound: float | None = None
    """The ceiling, where it was computed from the sequence of keys itself; 0 where there is none."""

    @property
    def ceiling(self) -> float:
        """Orders a second that nothing can exceed."""
        if self.bound is not None:
            return self.bound
        return ceiling(in_flight=self.in_flight, keys=self.keys, latency_ms=self.latency_ms)


@dataclass
class Result:
    """One line of the table."""

    name: str
    kind: Literal["rate", "budget", "memory", "baseline", "trial"]
    conditions: Conditions
    figures: Figures | None = None
    calls_per_minute: float | None = None
    budget_used: float | None = None
    throttled: int = 0
    resident: int | None = None
    """Most resident bytes of our processes that a sample saw."""
    tally: Tally | None = None
    delays: dict[str, dict[str, float]] = field(default_factory=dict)
    """Percentiles in milliseconds, by what was timed."""
    intents: int | None = None
    """Calls whose intent is in the ledger: one an order, and one an account that had to be made."""
    verdicts: list[Verdict] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    """Why these figures may not be used."""
    notes: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether it ran, is valid and met its targets."""
        return not self.error and not self.invalid and all(verdict.met for verdict in self.verdicts)

    @property
    def efficiency(self) -> float | None:
        """Measured share of the ceiling."""
        if self.figures is None or not self.conditions.ceiling:
            return None
        return self.figures.rate / self.conditions.ceiling

    def report(self) -> dict[str, Any]:
        """Return it for the JSON file."""
        found = {**asdict(self), "good": self.good, "efficiency": self.efficiency, "ceiling": self.conditions.ceiling}
        if self.figures is not None:
            found["rate"] = self.figures.rate
            found["cpu_us_per_order"] = {name: self.figures.micros(name) for name in self.figures.cpu}
            found["cores_used_by_others"] = self.figures.strangers
            found["cpu_share"] = {name: self.figures.share(name) for name in self.figures.cpu}
        return found


@dataclass(frozen=True, slots=True)
class Targets:
    """What a row has to reach; None where it has no such target."""

    efficiency: float | None = None
    rate: float | None = None
    cpu_us: float | None = None
    budget: float | None = None
    resident_mib: int | None = None
    of_afternoon: float | None = None
    """Share of the rate of the afternoon version on aiohttp, in the same row."""
    least_window_s: float = 30.0


def judged(result: Result, targets: Targets) -> Result:
    """Add verdicts, what makes the run invalid, and what has to be known with it."""
    if result.figures is not None and result.figures.strangers > QUIET:
        used = f"{result.figures.strangers:.2f} cores"
        result.notes.append(f"the machine was not quiet: others used {used}; alone it would be faster")
    result.verdicts += [verdict for verdict in _verdicts(result, targets) if verdict is not None]
    result.invalid += _flaws(result, targets)
    return result


def beside(result: Result, rival: Result, targets: Targets) -> None:
    """Add the verdict on our rate beside that of the afternoon version."""
    if targets.of_afternoon is None:
        return
    known = result.figures is not None and rival.figures is not None and rival.figures.rate
    share = result.figures.rate / rival.figures.rate if known else None  # type: ignore[union-attr]
    verdict = _at_least("share of the afternoon version on aiohttp", targets.of_afternoon, share, "{:.0%}")
    result.verdicts += [] if verdict is None else [verdict]


def _verdicts(result: Result, targets: Targets) -> Sequence[Verdict | None]:
    figures = result.figures
    rate = None if figures is None else figures.rate
    cpu = None if figures is None else figures.micros("ours")
    megabytes = None if result.resident is None else result.resident / MIB
    return (
        _at_least("share of the ceiling", targets.efficiency, result.efficiency, "{:.1%}"),
        _at_least("orders a second", targets.rate, rate, "{:,.0f}"),
        _at_most("CPU an order, µs", targets.cpu_us, cpu, "{:,.0f}"),
        _at_least("share of the budget", targets.budget, result.budget_used, "{:.1%}"),
        _at_most("calls answered with 429", None if targets.budget is None else 0, result.throttled, "{:,.0f}"),
        _at_most("resident MiB", targets.resident_mib, megabytes, "{:,.0f}"),
        _books(result.tally),
        _at_least("intents committed", result.conditions.orders if result.tally else None, result.intents, "{:,.0f}"),
    )


def _at_least(what: str, wanted: float | None, measured: float | None, form: str) -> Verdict | None:
    if wanted is None:
        return None
    shown = "nothing" if measured is None else form.format(measured)
    return Verdict(what, f">= {form.format(wanted)}", shown, measured is not None and measured >= wanted)


def _at_most(what: str, wanted: float | None, measured: float | None, form: str) -> Verdict | None:
    if wanted is None:
        return None
    shown = "nothing" if measured is None else form.format(measured)
    return Verdict(what, f"<= {form.format(wanted)}", shown, measured is not None and measured <= wanted)


def _books(tally: Tally | None) -> Verdict | None:
    if tally is None:
        return None
    wrong = {"lost": tally.lost, "doubled": tally.duplicated, "foreign": tally.foreign, "not posted": tally.unposted}
    flaws = [f"{count} {name}" for name, count in wrong.items() if count]
    if tally.amount_difference != Decimal(0):
        flaws.append(f"amounts differ by {tally.amount_difference}")
    measured = f"{tally.invoices:,} invoices" + (f" ({', '.join(flaws)})" if flaws else ", each once, to the cent")
    return Verdict("the ERP's books", f"{tally.sent:,} invoices", measured, tally.right)


def _flaws(result: Result, targets: Targets) -> list[str]:
    if result.error or result.figures is None:
        return []
    found = []
    if result.figures.share("erp") > ERP_MOST:
        found.append(f"the ERP sandbox used {result.figures.share('erp'):.0%} of a core, more than {ERP_MOST:.0%}")
    if result.figures.seconds < targets.least_window_s:
        found.append(
            f"the steady window is {result.figures.seconds:.1f} s, shorter than {targets.least_window_s:g} s: "
            "give it more orders"
        )
    return found
