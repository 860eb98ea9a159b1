"""Seeds that once showed a fault of the product, each of another kind; none does any more.

The first five were found before the schedules were changed: today their seeds are other schedules. Faults
that are found whatever the schedules are stand in `defects.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.simulation.campaign import pool, tried
from tests.simulation.schedule import make

FOUND = {
    "a process that slept ended the attempt of its successor": 1003,
    "an account that the sweep found let nobody go": 141,
    "a plan on tables from before a freeze": 5,
    "unreadable news hid what a document waits for": 239,
    "an open intent of an account that no order asks for again": 58,
    "unreadable news hid that a document waits for its tenant": 4725,
    "a pod with old tables wrote over what was settled": 7193,
    "a met condition was lost with the owner that was about to look at it": 41540,
}


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessPoolExecutor]:
    with pool(1) as found:
        yield found


@pytest.mark.parametrize("seed", FOUND.values(), ids=FOUND)
def test_a_found_fault_stays_mended(executor: ProcessPoolExecutor, seed: int) -> None:
    assert executor.submit(tried, make(seed)).result() == ()
