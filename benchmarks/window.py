"""From samples to figures: where the window is steady, and what happened in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MACHINE: Final = "machine"
CUT: Final = 0.1  # of the posted orders, at either end


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at everything that counts or costs; all counts only grow."""

    at: float
    """Monotonic seconds."""
    posted: int
    """Orders that the ERP has answered with 201."""
    calls: int
    """Calls that the ERP's rate limit let pass."""
    throttled: int
    cpu: Mapping[str, float]
    """CPU seconds so far, by process: ours, erp, postgres, kafka, bench; and of the whole machine."""
    resident: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, in the seconds of the samples."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in a span."""

    seconds: float
    orders: float
    cpu: Mapping[str, float]
    """CPU seconds, by process."""

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds if self.seconds else 0.0

    def share(self, name: str) -> float:
        """Share of one core."""
        return self.cpu.get(name, 0.0) / self.seconds if self.seconds else 0.0

    @property
    def strangers(self) -> float:
        """Cores that processes used which have nothing to do with this run, on average."""
        known = sum(seconds for name, seconds in self.cpu.items() if name != MACHINE)
        return max(0.0, self.cpu.get(MACHINE, known) - known) / self.seconds if self.seconds else 0.0

    def micros(self, name: str) -> float:
        """CPU an order, in microseconds."""
        return self.cpu.get(name, 0.0) / self.orders * 1e6 if self.orders else 0.0


def moment_of(samples: Sequence[Sample], posted: float) -> float:
    """Return when so many orders were posted, between two samples by the straight line."""
    for before, after in pairwise(samples):
        if after.posted >= posted:
            gained = after.posted - before.posted
            part = (posted - before.posted) / gained if gained and posted > before.posted else 0.0
            return before.at + part * (after.at - before.at)
    raise ValueError(f"{posted:.0f} orders were never posted; the last sample has {samples[-1].posted}")


def steady(samples: Sequence[Sample], *, cut: float = CUT) -> Span:
    """Return the span without the first and the last part of the orders that this run posted."""
    first, last = samples[0].posted, samples[-1].posted
    gained = last - first
    return Span(moment_of(samples, first + cut * gained), moment_of(samples, first + (1 - cut) * gained))


def value_at(samples: Sequence[Sample], at: float, value: Callable[[Sample], float]) -> float:
    """Return a count at a moment, between two samples by the straight line."""
    for before, after in pairwise(samples):
        if at <= after.at:
            part = max(0.0, at - before.at) / (after.at - before.at)
            return value(before) + part * (value(after) - value(before))
    return value(samples[-1])


def gained(samples: Sequence[Sample], span: Span, value: Callable[[Sample], float]) -> float:
    """How much a count grew in a span."""
    return value_at(samples, span.end, value) - value_at(samples, span.start, value)


def figures(samples: Sequence[Sample], span: Span) -> Figures:
    """Add up a span."""
    names = samples[-1].cpu.keys()
    cpu = {name: gained(samples, span, lambda sample, name=name: sample.cpu[name]) for name in names}  # type: ignore[misc]
    return Figures(span.seconds, gained(samples, span, lambda sample: sample.posted), cpu)


def efficiency(rate: float, *, in_flight: int, keys: int, latency_ms: float) -> float:
    """Return the measured share of the ceiling: min(keys, in flight) calls, each as long as the ERP's latency."""
    return rate / ceiling(in_flight=in_flight, keys=keys, latency_ms=latency_ms)


def ceiling(*, in_flight: int, keys: int, latency_ms: float) -> float:
    """Orders a second that nothing can exceed."""
    return min(keys, in_flight) / (latency_ms / 1000)
