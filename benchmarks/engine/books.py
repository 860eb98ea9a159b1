"""What a consumer has carried of every key: gaps, repetitions and disorder show at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

NEVER: Final = -1
Run = tuple[int, int, int]
"""Key, first ordinal, and one past the last of records that followed each other."""


class Books:
    """One consumer's. A record that does not follow the last of its key begins a new run."""

    def __init__(self, keys: int) -> None:
        self._first = [NEVER] * keys
        self._next = [NEVER] * keys
        self._runs: list[Run] = []
        self.carried = 0

    def note(self, key: int, ordinal: int) -> None:
        """One record was carried."""
        self.carried += 1
        if self._next[key] != ordinal:
            self._begin(key, ordinal)
        self._next[key] = ordinal + 1

    def _begin(self, key: int, ordinal: int) -> None:
        if self._next[key] != NEVER:
            self._runs.append((key, self._first[key], self._next[key]))
        self._first[key] = ordinal

    def runs(self) -> list[Run]:
        """Return all of them, those that go on included."""
        now = [(key, self._first[key], self._next[key]) for key in range(len(self._next)) if self._next[key] != NEVER]
        return [*self._runs, *now]


def flaws(consumers: Iterable[Sequence[Run]]) -> dict[str, int]:
    """Count what several consumers together did wrong: records carried again, left out, or after a later one."""
    by_key: dict[int, list[tuple[int, int]]] = {}
    disordered = 0
    for runs in consumers:
        last: dict[int, int] = {}
        for key, first, end in runs:
            disordered += first < last.get(key, 0)
            last[key] = end
            by_key.setdefault(key, []).append((first, end))
    again = missing = 0
    for spans in by_key.values():
        reached = 0
        for first, end in sorted(spans):
            missing += max(0, first - reached)
            again += max(0, min(reached, end) - first)
            reached = max(reached, end)
    return {"carried again": again, "left out": missing, "out of order": disordered}
