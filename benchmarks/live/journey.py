"""From notes of three processes to delays of one order: meant to leave, handed over, on the wire, answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from benchmarks.percentiles import percentiles

MS: Final = 1e6
WIRE: Final = "read to wire"
ALL: Final = "meant to answered"
READ: Final = "meant to read"


def first_reads(notes: Iterable[tuple[int, Sequence[str]]]) -> dict[str, int]:
    """Return when each order was handed over for the first time, by its id; a record's key ends with it."""
    found: dict[str, int] = {}
    for at, keys in notes:
        for key in keys:
            found.setdefault(key.rpartition(":")[2], at)
    return found


def first_calls(notes: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    """Return when the first call for each order came and was answered."""
    found: dict[str, tuple[int, int]] = {}
    for external_id, came, answered in notes:
        found.setdefault(external_id, (came, answered))
    return found


def delays(
    ids: Sequence[str],
    *,
    began_ns: int,
    rate: float,
    reads: Mapping[str, int],
    calls: Mapping[str, tuple[int, int]],
    skipped: int,
) -> dict[str, dict[str, float]]:
    """Return percentiles in milliseconds over all orders but the first so many; each must have been read and posted."""
    found: dict[str, list[float]] = {WIRE: [], READ: [], ALL: []}
    for number in range(skipped, len(ids)):
        meant = began_ns + number * 1e9 / rate
        read, (came, answered) = reads[ids[number]], calls[ids[number]]
        found[WIRE].append((came - read) / MS)
        found[READ].append((read - meant) / MS)
        found[ALL].append((answered - meant) / MS)
    return {name: percentiles(values) for name, values in found.items()}
