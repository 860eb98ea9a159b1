"""The ERP's budget shared by all pods: permits are handed out one transaction at a time, on the database's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from service.ledger.database import Database
from service.ledger.rows import ask

_LOCK: Final = """
    INSERT INTO budgets (budget, slices) VALUES (:budget, 1)
    ON CONFLICT (budget) DO UPDATE SET slices = budgets.slices + 1 RETURNING slices, {now} AS at
"""
_FORGET: Final = "DELETE FROM slices WHERE budget = :budget AND ends <= :before"
_GIVEN: Final = "SELECT ends, permits FROM slices WHERE budget = :budget"
_GIVE: Final = "INSERT INTO slices (budget, slice_no, ends, permits) VALUES (:budget, :slice_no, :ends, :permits)"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` calls in any `length_s` seconds, margin included. None: no limit."""

    limit: int | None
    length_s: float


@dataclass(frozen=True, slots=True)
class Permits:
    """Calls that may be sent between `starts` and `ends` of the caller's clock."""

    permits: int
    starts: float
    ends: float


class SqlBudget:
    """Hands out one budget to many processes; a `SharedBudget` for the limiter.

    A permit counts until one window after the end of its slice: whenever in the slice it was sent, the next call in
    its place arrives a window later.
    """

    def __init__(self, database: Database, *, windows: tuple[Window, ...], slice_s: float = 0.5) -> None:
        self._database: Final = database
        self._windows: Final = windows
        self._slice_s: Final = slice_s

    async def reserve(self, budget: str, now: float, want: int) -> Permits:
        """Reserve what is free, at most `want`. Times are on the caller's clock, whose time is `now`."""
        permits, again_s = await self._database.write(lambda connection: self._give(connection, budget, want))
        if permits == 0:
            return Permits(0, now + again_s, now + again_s)
        return Permits(permits, now, now + self._slice_s)

    def _give(self, connection: sa.Connection, budget: str, want: int) -> tuple[int, float]:
        row = ask(connection, _LOCK, budget=budget).one()
        number, at = row.slices, row.at
        longest = max((window.length_s for window in self._windows), default=0.0)
        ask(connection, _FORGET, budget=budget, before=at - longest)
        given = [(row.ends, row.permits) for row in ask(connection, _GIVEN, budget=budget)]
        permits, again_s = allowed(self._windows, given, at=at, want=want)
        if permits:
            ask(connection, _GIVE, budget=budget, slice_no=number, ends=at + self._slice_s, permits=permits)
        return permits, again_s


def allowed(windows: tuple[Window, ...], given: list[tuple[float, int]], *, at: float, want: int) -> tuple[int, float]:
    """How many permits are free at a moment, and otherwise in how many seconds one will be. Pure."""
    permits, again_s = want, 0.0
    for window in windows:
        if window.limit is None:
            continue
        counted = sorted((ends, count) for ends, count in given if ends + window.length_s > at)
        free = window.limit - sum(count for _, count in counted)
        permits = min(permits, max(0, free))
        if free <= 0 and counted:
            again_s = max(again_s, _until_free(counted, 1 - free) + window.length_s - at)
    return permits, again_s


def _until_free(counted: list[tuple[float, int]], needed: int) -> float:
    """The end of the slice whose permits must have left the window before there are `needed` more."""
    for ends, count in counted:
        needed -= count
        if needed <= 0:
            return ends
    return counted[-1][0]
