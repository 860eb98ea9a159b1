"""The engine's part of the bench: which rows are wanted, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from benchmarks.engine.contenders import OURS, RIVALS
from benchmarks.engine.keys import Pattern
from benchmarks.engine.rows import EngineRows, SaturatedRow, conditions
from benchmarks.engine.runs import Engine, open_run, poison_run, rebalance_run, saturated_run
from benchmarks.engine.topics import Filling
from benchmarks.result import Result

Noted = Callable[[Result, Awaitable[None]], Awaitable[None]]
"""Keeps what comes of a run."""


async def run(engine: Engine, rows: EngineRows, wanted: Collection[str], noted: Noted, *, rivals: bool) -> None:
    """Run the wanted ones."""
    for row in rows.saturated:
        if row.name in wanted:
            await _saturated(engine, row, noted, rivals=rivals)
    for poison in rows.poison:
        if poison.name in wanted:
            said = conditions(poison.filling(poison=True), poison.latency_ms, None)
            result = Result(f"engine with 1 % poison, {poison.keys:,} keys at {poison.latency_ms:g} ms", "trial", said)
            await noted(result, poison_run(engine, poison, result))
    again = rows.rebalance
    if again.name in wanted:
        result = Result("engine through a rebalance", "trial", conditions(again.filling, again.latency_ms, None))
        await noted(result, rebalance_run(engine, again, result))
    opened = rows.opened
    if opened.name in wanted:
        filling = Filling(Pattern.ZIPF, opened.keys, round(opened.rate * opened.window_s))
        result = Result("engine, open loop, Zipf and uniform", "trial", conditions(filling, opened.latency_ms, None))
        await noted(result, open_run(engine, opened, result))


async def _saturated(engine: Engine, row: SaturatedRow, noted: Noted, *, rivals: bool) -> None:
    ceiling = row.ceiling()
    result = row.result(OURS, ceiling)
    await noted(result, saturated_run(engine, row, OURS, result))
    if rivals and row.rivals_s:
        shorter = replace(row, window_s=row.rivals_s)
        for contender in RIVALS:
            other = row.result(contender, ceiling)
            await noted(other, saturated_run(engine, shorter, contender, other))
