"""The schedule of a torture run follows from its seed alone, and keeps to what can be promised."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.torture.options import options
from sandbox.torture.phases import PHASES, Cells, Leased
from sandbox.torture.run import acts_of
from sandbox.torture.saboteur import AT_WORK, Saboteur
from sandbox.torture.schedule import FAULTS, Act, heard, schedule, told

SEEDS = range(1, 30)


def full(seed: int) -> list[Act]:
    return schedule(seed, minutes=5, pods=3)


def at(acts: list[Act], kind: str) -> float:
    return next(act.at for act in acts if act.kind == kind)


def test_a_seed_gives_the_same_schedule_each_time() -> None:
    assert full(7) == full(7)
    assert full(7) != full(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_run_sees_every_fault_in_order_of_time(seed: int) -> None:
    acts = full(seed)
    assert {act.kind for act in acts} == {*FAULTS, "backup", "clock"}
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    assert all(0 <= act.at <= 300 for act in acts)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_process_is_killed_about_every_30_s(seed: int) -> None:
    kills = [act.at for act in full(seed) if act.kind == "kill"]
    assert len(kills) == 10
    assert all(20 < after - before < 40 for before, after in pairwise(kills))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_erp_never_forgets_its_keys_within_the_minute_that_the_database_forgets(seed: int) -> None:
    acts = full(seed)
    assert at(acts, "restore") - at(acts, "backup") == pytest.approx(60, abs=0.1)
    assert at(acts, "clock") < at(acts, "backup")


@pytest.mark.parametrize("seed", SEEDS)
def test_who_leaves_had_joined(seed: int) -> None:
    acts = full(seed)
    assert at(acts, "join") < at(acts, "leave")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_frozen_process_outlasts_session_and_lease(seed: int) -> None:
    assert all(act.lasts > 10 for act in full(seed) if act.kind == "freeze")


def test_a_short_run_has_as_many_kills_as_fit() -> None:
    acts = schedule(1, minutes=1, pods=2)
    assert sum(act.kind == "kill" for act in acts) == 2
    assert all(act.at <= 60 for act in acts)


def test_every_fault_can_be_done() -> None:
    assert all(hasattr(Saboteur, f"_{act.kind}") for act in full(1))


class Notes(Saboteur):
    """Does nothing, and writes down what it would do: of each phase it meets one more each time."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(cast(Any, None), cast(Any, None), cast(Any, None), Cells(faults))
        self.done: list[str] = []
        self.looks = 0

    async def _held(self) -> Sequence[Leased]:
        """Every second look finds effects in hand."""
        self.looks += 1
        return [Leased(str(key), "", "effect") for key in range(AT_WORK)] if self.looks % 2 == 0 else []

    async def act(self, act: Act) -> None:
        self.done.append(act.kind)
        self.cells.add(act.kind, Counter(PHASES[: 3 * self.done.count(act.kind)]))


async def test_what_has_not_met_every_phase_comes_again_while_there_is_a_load_but_never_the_restore() -> None:
    notes = Notes(FAULTS)
    for fault in set(FAULTS) - {"leave", "freeze", "restore"}:
        notes.cells.add(fault, Counter(PHASES))
    await notes.again(full(1), lambda: len(notes.done) < 3)
    assert notes.done == ["freeze", "leave", "freeze"]
    assert notes.looks == 6
    assert {fault for fault, _ in notes.cells.empty()} == {"leave", "restore"}


def test_a_report_replays_its_schedule(tmp_path: Path) -> None:
    report = tmp_path / "torture.json"
    report.write_text(json.dumps({"schedule": told(full(3))}))
    assert heard(told(full(3))) == full(3)
    assert acts_of(options(["--replay", str(report), "--seed", "9"])) == full(3)


def test_faults_can_be_left_out() -> None:
    given = options(["--without", "restore,backup"])
    assert not {"restore", "backup"} & {act.kind for act in acts_of(given)}
    assert not given.full


def test_an_erp_that_keeps_no_identity_meets_no_restore(tmp_path: Path) -> None:
    bare = options(["--profile", "bare", "--build", str(tmp_path)])
    kinds = {act.kind for act in acts_of(bare)}
    assert not kinds & {"backup", "restore"}
    assert bare.full
    assert {act.kind for act in acts_of(options([]))} == kinds | {"backup", "restore"}
