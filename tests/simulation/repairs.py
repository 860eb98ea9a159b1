"""Faults of the product that the simulation found and that are not mended yet, each with a repair of its own.

A campaign runs with all repairs, so that it can find the next fault; `test_found.py` shows each fault without its
repair. Whoever mends one in the product removes it here; the test then fails as unexpectedly passing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from service.ledger import sweep
from tests.simulation.exchange import Undo, exchange


def _open_intents_are_found() -> list[Undo]:
    """An account's key that was given back with an open intent is looked at again, although no order asks for it."""
    text = sweep.ABANDONED.replace("k.lease_until > 0", "(k.lease_until > 0 OR k.wake_at IS NULL)")
    return [exchange(sweep, "ABANDONED", text)]


REPAIRS: Mapping[str, Callable[[], list[Undo]]] = {"open intents are found": _open_intents_are_found}


@contextmanager
def repaired(*, without: Collection[str] = ()) -> Iterator[None]:
    """With every repair but these."""
    undo = [step for name, repair in REPAIRS.items() if name not in without for step in repair()]
    try:
        yield
    finally:
        for step in reversed(undo):
            step()
