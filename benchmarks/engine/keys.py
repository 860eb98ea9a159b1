"""Which key each record has, and how fast a perfect engine would be on exactly this sequence. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import accumulate
from random import Random
from typing import Final

SEED: Final = 7
COLD_SHARE: Final = 0.9
"""Cold are the keys that come least often: so large a share of all keys."""


class Pattern(StrEnum):
    """The order in which keys come."""

    ROUND_ROBIN = "round-robin"
    RANDOM = "random"
    ZIPF = "zipf"
    """Key number k comes 1 / (k + 1) as often as the first."""


def sequence(pattern: Pattern, *, keys: int, count: int) -> array[int]:
    """Return the number of the key of every record, the same one every time."""
    if pattern is Pattern.ROUND_ROBIN:
        turn = array("H", range(keys))
        return (turn * (count // keys + 1))[:count]
    chance = Random(SEED)
    weights = list(accumulate(1 / (number + 1) if pattern is Pattern.ZIPF else 1.0 for number in range(keys)))
    return array("H", chance.choices(range(keys), cum_weights=weights, k=count))


def ordinals(numbers: Iterable[int], *, keys: int) -> array[int]:
    """Return which record of its key each one is: 0 for the first."""
    seen = [0] * keys
    found = array("I")
    for number in numbers:
        found.append(seen[number])
        seen[number] += 1
    return found


def ends(numbers: Iterable[int], *, keys: int, partitions: int, latency_s: float, window: int) -> list[float]:
    """Return when a perfect engine ends each record, sorted: one at a time of each key, and no time between two.

    It may read as far ahead of the lowest unfinished record of a partition as we do: a hot key holds its partition.
    """
    free = [0.0] * keys
    settled: list[list[float]] = [[] for _ in range(partitions)]
    found = []
    for number in numbers:
        marks = settled[number % partitions]
        read = marks[-window] if len(marks) >= window else 0.0
        end = max(free[number], read) + latency_s
        free[number] = end
        marks.append(max(end, marks[-1]) if marks else end)
        found.append(end)
    found.sort()
    return found


def rate_between(moments: Sequence[float], start: float, end: float) -> float:
    """Return how many moments a second fall into a span; one that outlasts them is cut at the last of them."""
    end = min(end, moments[-1])
    start = min(start, end / 2)
    return (bisect_right(moments, end) - bisect_right(moments, start)) / (end - start)


def share_of_hottest(pattern: Pattern, *, keys: int) -> float:
    """Return how often the most frequent key comes, on average."""
    return 1 / sum(1 / number for number in range(1, keys + 1)) if pattern is Pattern.ZIPF else 1 / keys


def is_cold(number: int, *, keys: int) -> bool:
    """Whether a key belongs to the rare ones; their numbers grow as they become rarer."""
    return number >= keys * (1 - COLD_SHARE)
