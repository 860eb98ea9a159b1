"""Putting something else in the place of a part of the product, and taking it out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Undo = Callable[[], None]


def exchange(owner: Any, name: str, new: Any) -> Undo:
    """Exchange one attribute of a class or a module."""
    old = vars(owner)[name]
    setattr(owner, name, new)
    return lambda: setattr(owner, name, old)
