"""Faults of the product that the simulation found; each goes away here, with its repair, when the product is mended."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.simulation.campaign import pool, tried
from tests.simulation.repairs import REPAIRS
from tests.simulation.schedule import make

FOUND = {"open intents are found": 58}
"""The seed that shows each fault."""


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessPoolExecutor]:
    with pool(1) as found:
        yield found


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.xfail(strict=True, reason="a fault of the product that is not mended yet; see repairs.py")
def test_a_found_fault_is_mended(executor: ProcessPoolExecutor, name: str) -> None:
    assert executor.submit(tried, make(FOUND[name]), name).result() == ()


@pytest.mark.parametrize("name", FOUND)
def test_its_repair_mends_it(executor: ProcessPoolExecutor, name: str) -> None:
    assert executor.submit(tried, make(FOUND[name])).result() == ()


def test_every_repair_has_its_seed() -> None:
    assert set(REPAIRS) == set(FOUND)
