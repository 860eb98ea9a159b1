"""Seeded defects: each breaks one rule of correctness.md in the real code, and the simulation has to find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """One change of the product."""

    name: str
    rule: str
    """The rule of correctness.md that it breaks."""
    plant: Callable[[], Callable[[], None]]
    """Puts it in; returns what takes it out again."""


DEFECTS: Mapping[str, Defect] = {}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """With a defect, or with none."""
    if not name:
        yield
        return
    remove = DEFECTS[name].plant()
    try:
        yield
    finally:
        remove()
