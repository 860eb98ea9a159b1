"""What intake tells whoever counts: callbacks, all optional, none of which may block or raise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

Slot = tuple[str, int]
"""A topic and a partition of it."""


class Observer(Protocol):
    """Callbacks for metrics and logs."""

    def read(self, slot: Slot, records: int, size: int) -> None:
        """New records were taken over."""

    def redelivered(self, slot: Slot, offset: int) -> None:
        """A record came again and joined its first reading."""

    def handled(self, items: int, seconds: float) -> None:
        """One lane was worked on and everything in hand is durable."""

    def delayed(self, key: str, why: str, seconds: float) -> None:
        """A lane waits: `why` is the named wait, or the error that is tried again."""

    def committed(self, slots: int, seconds: float) -> None:
        """Offsets were written to the ledger and to Kafka."""

    def commit_failed(self, why: str) -> None:
        """A commit failed, which is normal in a rebalance; it is repeated as long as the partitions are ours."""

    def revoked(self, slots: Collection[Slot], *, drained: bool) -> None:
        """A rebalance began; `drained` says whether everything in flight ended in time."""

    def assigned(self, slots: Collection[Slot], *, kept: int, lost: int) -> None:
        """A rebalance ended."""

    def opened(self, slots: Collection[Slot]) -> None:
        """Start positions are known and records flow."""

    def paused(self, slot: Slot, why: str) -> None:
        """A partition is not read on for now."""

    def resumed(self, slot: Slot) -> None:
        """It is read on."""

    def rebuilt(self, why: str) -> None:
        """The Kafka client is thrown away and made anew."""

    def loop_lag(self, seconds: float) -> None:
        """How late the event loop was."""


class Silent:
    """An observer that looks away; also the base of one that cares for a few things only."""

    def read(self, slot: Slot, records: int, size: int) -> None:
        """Look away."""

    def redelivered(self, slot: Slot, offset: int) -> None:
        """Look away."""

    def handled(self, items: int, seconds: float) -> None:
        """Look away."""

    def delayed(self, key: str, why: str, seconds: float) -> None:
        """Look away."""

    def committed(self, slots: int, seconds: float) -> None:
        """Look away."""

    def commit_failed(self, why: str) -> None:
        """Look away."""

    def revoked(self, slots: Collection[Slot], *, drained: bool) -> None:
        """Look away."""

    def assigned(self, slots: Collection[Slot], *, kept: int, lost: int) -> None:
        """Look away."""

    def opened(self, slots: Collection[Slot]) -> None:
        """Look away."""

    def paused(self, slot: Slot, why: str) -> None:
        """Look away."""

    def resumed(self, slot: Slot) -> None:
        """Look away."""

    def rebuilt(self, why: str) -> None:
        """Look away."""

    def loop_lag(self, seconds: float) -> None:
        """Look away."""
