"""The small port to a Kafka client (peers.md K20), so that a second adapter is possible and tests can stand in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from service.intake.observer import Slot
from service.intake.start import Log


class ClientError(Exception):
    """The client could not do it: normal in a rebalance or while brokers are away."""


class OutOfRange(ClientError):
    """A position that the broker no longer has, or does not have yet."""

    def __init__(self, offsets: Mapping[Slot, int]) -> None:
        super().__init__(f"out of range: {dict(offsets)}")
        self.offsets = offsets


class Raw(Protocol):
    """A record as the client hands it over; timestamps in milliseconds."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


class Listener(Protocol):
    """Who hears of rebalances."""

    async def revoke(self) -> None:
        """Let go of everything. Heartbeats go on meanwhile; must end within the rebalance timeout."""

    def assign(self, slots: Collection[Slot]) -> None:
        """These are ours now. Nothing may be waited for here: heartbeats do not go on meanwhile."""

    def fail(self, error: BaseException) -> None:
        """One of the two above raised; the library only logs that (K4), so it is told here."""


class Client(Protocol):
    """One consumer of one group. Errors are ClientError, anything else is a fault of ours."""

    async def start(self, listener: Listener) -> None:
        """Join the group; returns once partitions are assigned (or that there are none for us)."""

    async def stop(self, seconds: float) -> None:
        """Leave the group, within this time."""

    async def poll(self, *, seconds: float, most: int) -> Mapping[Slot, Sequence[Raw]]:
        """Return what was read ahead. Blocks throughout a rebalance, so no listener may wait for it (K17)."""
        ...

    async def commit(self, offsets: Mapping[Slot, int]) -> None:
        """Commit explicit offsets under the present membership."""

    async def committed(self, slots: Collection[Slot]) -> Mapping[Slot, int | None]:
        """Read what the group has committed."""
        ...

    async def logs(self, slots: Collection[Slot]) -> Mapping[Slot, Log]:
        """Ask the broker where the logs begin and end."""
        ...

    async def at(self, slots: Collection[Slot], when: float) -> Mapping[Slot, int | None]:
        """Return the offset of the first record at or after a time in unix seconds; None where there is none."""
        ...

    def member(self) -> bool:
        """Whether we are a member of the group as far as we know."""
        ...

    def end(self, slot: Slot) -> int | None:
        """Return the end of the log as the last fetch saw it."""
        ...

    def position(self, slot: Slot) -> int | None:
        """Where reading stands: one past the last record handed over, transaction markers included."""
        ...

    def seek(self, slot: Slot, offset: int) -> None:
        """Read on from here."""

    def pause(self, slots: Collection[Slot]) -> None:
        """Read these no further for now."""

    def resume(self, slots: Collection[Slot]) -> None:
        """Read these on."""
