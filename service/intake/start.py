"""Where reading a partition begins, and when it may not: pure (I6, correctness 18)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from service.intake.observer import Slot


@dataclass(frozen=True, slots=True)
class Log:
    """What the broker still has of a partition: offsets from `begin` up to, not including, `end`."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that we never settled and that the broker no longer has."""

    slot: Slot
    wanted: int
    log: Log

    @property
    def name(self) -> str:
        """The word by which a person accepts it."""
        return f"{self.slot[0]}:{self.slot[1]}:{self.wanted}"

    def __str__(self) -> str:
        """Say what happened, to which partition, and what to do."""
        topic, partition = self.slot
        if self.wanted < self.log.begin:
            what = (
                f"records {self.wanted} to {self.log.begin - 1} of topic {topic}, partition {partition}, were deleted "
                f"before they were read: we are at offset {self.wanted}, the log begins at offset {self.log.begin}"
            )
        else:
            what = (
                f"the log of topic {topic}, partition {partition}, ends at offset {self.log.end}, but we have already "
                f"read up to offset {self.wanted}: the topic was made anew, or the broker lost records"
            )
        return (
            f"gap in the log: {what}. Intake stops here rather than to jump over it. Compare the shop with the ERP for "
            f"that time (reconciliation), then accept the gap by adding '{self.name}' to accept_gaps and start again: "
            f"reading goes on at offset {self.log.begin}. A longer retention of the topic prevents the next one"
        )


def start_position(
    *, slot: Slot, mark: int | None, commit: int | None, log: Log, accepted: Collection[str]
) -> int | Gap:
    """Return the lower of what the ledger and Kafka remember; the beginning of the log where the ledger knows nothing.

    A ledger without a mark was restored or is new: it replays what it does not know. Kafka without a commit has let
    it expire, and the ledger's mark, which is always written first, is as good.
    """
    known = [offset for offset in (mark, commit) if offset is not None]
    if not known:
        return log.begin
    wanted = min(known)
    if not log.begin <= wanted <= log.end:
        gap = Gap(slot, wanted, log)
        return log.begin if gap.name in accepted else gap
    return log.begin if mark is None else wanted
