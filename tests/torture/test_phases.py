"""The phase of an effect at the moment of a fault, from the ledger's intents beside the ERP's calls."""

from __future__ import annotations

import pytest

from sandbox.torture.phases import PHASES, Cells, Leased, phase, phases

AT = 100.0
OPEN = Leased("k", "pod", "of-1", "open")


@pytest.mark.parametrize(
    ("leased", "call", "number"),
    [
        (Leased("k", "pod"), None, 0),
        (OPEN, None, 1),
        (OPEN, {"arrived": 99.0}, 2),
        (OPEN, {"arrived": 99.0, "committed": 100.1}, 2),
        (OPEN, {"arrived": 99.0, "committed": 99.1}, 3),
        (OPEN, {"arrived": 99.0, "committed": 99.1, "answered": 100.2}, 3),
        (OPEN, {"arrived": 99.0, "committed": 99.1, "answered": 99.2}, 4),
        (OPEN, {"arrived": 99.0, "committed": 99.8, "answered": 90.0}, 3),
        (Leased("k", "pod", "of-1", "done"), {"arrived": 1.0, "committed": 1.0, "answered": 1.0}, 5),
    ],
)
def test_a_phase_is_told_from_what_both_sides_saw(leased: Leased, call: dict[str, float] | None, number: int) -> None:
    assert phase(leased, call, AT) == PHASES[number]


def test_effects_are_counted_by_phase() -> None:
    held = [OPEN, Leased("k", "pod"), Leased("k2", "pod")]
    assert phases(held, {}, AT) == {PHASES[0]: 2, PHASES[1]: 1}


def test_a_cell_is_empty_until_its_fault_met_its_phase() -> None:
    cells = Cells(("kill", "cut"))
    cells.add("kill", dict.fromkeys(PHASES, 2))
    cells.add("cut", {PHASES[0]: 1})
    assert cells.missing("kill") == set()
    assert cells.empty() == [("cut", name) for name in PHASES[1:]]
    assert cells.table()["cut"] == {PHASES[0]: 1} | dict.fromkeys(PHASES[1:], 0)
