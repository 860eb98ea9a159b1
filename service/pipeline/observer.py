"""What the story reports while it runs; telemetry makes metrics and log lines of it."""

from __future__ import annotations

from typing import Protocol

from schemas.outcome import Reason
from service.ports import EventEnd, Intent


class Observer(Protocol):
    """Called in the hot path: cheap, and never raises."""

    def event_ended(self, end: EventEnd) -> None:
        """An event has its outcome."""
        ...

    def effect_done(self, intent: Intent, *, seconds: float, source_seconds: float) -> None:
        """An effect is proven; `source_seconds` since the shop said so."""
        ...

    def unknown(self, intent: Intent, why: str) -> None:
        """A call ended without a clear answer."""
        ...

    def resolved(self, intent: Intent, how: str) -> None:
        """An unknown was resolved: by `key`, by `look_up`, or left to a `person`."""
        ...

    def blocked(self, effect: str, reason: Reason) -> None:
        """An effect cannot be carried out for now."""
        ...


class Silent:
    """An observer that keeps nothing."""

    def event_ended(self, end: EventEnd) -> None:
        """Keep nothing."""

    def effect_done(self, intent: Intent, *, seconds: float, source_seconds: float) -> None:
        """Keep nothing."""

    def unknown(self, intent: Intent, why: str) -> None:
        """Keep nothing."""

    def resolved(self, intent: Intent, how: str) -> None:
        """Keep nothing."""

    def blocked(self, effect: str, reason: Reason) -> None:
        """Keep nothing."""
