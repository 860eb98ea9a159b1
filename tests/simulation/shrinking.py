"""From a schedule that fails to a small one that fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.simulation.course import run
from tests.simulation.schedule import Schedule

T = TypeVar("T")
MOST_RUNS = 400


def shrunk(schedule: Schedule) -> Schedule:
    """Leave out faults, then records, as long as something is still violated."""
    left = MOST_RUNS
    wanted = kinds(run(schedule).wrong)

    def fails(candidate: Schedule) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and not wanted.isdisjoint(kinds(run(candidate).wrong))

    faults = _fewer(schedule.faults, lambda kept: fails(schedule.without(faults=kept)))
    schedule = schedule.without(faults=faults)
    for number in schedule.numbers:  # whole orders first
        rest = tuple(one for one in schedule.deliveries if all(n != number for n, _ in one.pieces))
        if len(rest) < len(schedule.deliveries) and fails(schedule.without(deliveries=rest)):
            schedule = schedule.without(deliveries=rest)
    deliveries = _fewer(schedule.deliveries, lambda kept: fails(schedule.without(deliveries=kept)))
    return schedule.without(deliveries=deliveries)


def kinds(wrong: Sequence[str]) -> set[str]:
    """Violations without what names an order or an amount."""
    return {re.sub(r"[\d.]+", "#", one) for one in wrong}


def _fewer(parts: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """Leave out halves, quarters, and in the end single ones."""
    kept = tuple(parts)
    size = max(1, len(kept) // 2)
    while True:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if fails(fewer):
                kept = fewer
            else:
                start += size
        if size == 1:
            return kept
        size //= 2
