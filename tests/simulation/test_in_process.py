"""Schedules in the process of the tests, so that a defect that was put into it meets them (`make mutants`)."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import chunk
from tests.simulation.test_simulation import SCHEDULES


@pytest.mark.parametrize("seed", range(SCHEDULES, SCHEDULES + 40))
def test_a_schedule_violates_nothing(seed: int) -> None:
    assert [one.wrong for one in chunk([seed])] == [()], f"python -m tests.simulation --replay {seed}"
