"""A small campaign, a few seeded defects, and that a seed is a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.simulation.campaign import chunk, pool, results
from tests.simulation.coverage import NAMED, missing
from tests.simulation.defects import DEFECTS, planted
from tests.simulation.schedule import KINDS, PODS, make

SCHEDULES = 100  # `python -m tests.simulation` runs thousands
OFTEN = 5  # a named event that a thousand schedules see needs not be among so few
QUICK = ("skip the version gate", "drop the intent commit", "refuse after an unknown", "commit one offset too far")


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessPoolExecutor]:
    with pool(2) as found:
        yield found


def test_no_schedule_violates_anything(executor: ProcessPoolExecutor) -> None:
    seen: Counter[str] = Counter()
    for result in results(executor, range(SCHEDULES), processes=2):
        assert result.wrong == (), f"python -m tests.simulation --replay {result.seed}"
        seen += result.seen
    assert len(missing(seen)) <= OFTEN, missing(seen)


def test_the_same_seed_gives_the_same_run_whatever_ran_before(executor: ProcessPoolExecutor) -> None:
    there, back = executor.map(chunk, [[7, 8, 9], [9, 8, 7]])
    assert [(one.seed, one.trace, one.seen) for one in there] == [(one.seed, one.trace, one.seen) for one in back[::-1]]


@pytest.mark.parametrize("name", QUICK)
def test_a_seeded_defect_is_found(executor: ProcessPoolExecutor, name: str) -> None:
    assert any(result.wrong for result in results(executor, range(40), processes=2, defect=name, size=2))


@pytest.mark.parametrize("seed", range(50))
def test_a_schedule_is_large_enough(seed: int) -> None:
    schedule = make(seed)
    assert schedule.pods >= PODS
    assert len(schedule.numbers) >= 20
    assert len(schedule.deliveries) >= 200
    assert len(schedule.faults) >= 5
    assert {fault.kind for fault in schedule.faults} <= set(KINDS)


@pytest.mark.parametrize("name", DEFECTS)
def test_every_defect_can_be_planted_and_taken_out(name: str) -> None:
    with planted(name):
        pass


def test_every_defect_names_its_rule() -> None:
    assert all(defect.rule for defect in DEFECTS.values())
    assert len(set(NAMED)) == len(NAMED)
