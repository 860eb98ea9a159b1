"""Work under way that waits says for what, so that nobody takes it for a stall (correctness 16)."""

from __future__ import annotations

from contextvars import ContextVar

Place = list[str]
"""What one piece of work waits for at this moment: the outer name first; empty while it goes on."""

_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


def take_place() -> Place:
    """Make a place for this task and those that it starts; whoever runs tasks looks into it."""
    place: Place = []
    _PLACE.set(place)
    return place


class waiting_for:  # noqa: N801  reads as what it is: `with waiting_for("ledger"):`
    """Wait under a name. Where nobody looks, nothing happens."""

    __slots__ = ("_name", "_place")

    def __init__(self, name: str) -> None:
        self._name = name
        self._place = _PLACE.get()

    def __enter__(self) -> None:
        if self._place is not None:
            self._place.append(self._name)

    def __exit__(self, *_: object) -> None:
        if self._place is not None:
            self._place.pop()
