"""What the consumer needs to know, and which combinations are refused because they lose or stall something."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from service.intake.connection import Connection
from service.intake.rebalance_time import COMMIT_TIMEOUT_S, MARGIN_S, rebalance_needed_s

MIN_SESSION_S: Final = 6.0
"""Brokers refuse less by default (`group.min.session.timeout.ms`)."""
KIB: Final = 1024


@dataclass(frozen=True)
class ConsumerSettings:
    """One consumer of one group. What aiokafka would get wrong by default cannot be set here at all."""

    connection: Connection
    group: str
    topics: frozenset[str] = frozenset()
    pattern: str | None = None
    """A regular expression over topic names, instead of `topics`."""
    replay_topics: frozenset[str] = frozenset()
    """Topics whose records are replays: they are worked on after live ones."""
    dead_letter_topic: str = ""
    """Never read; named here so that a pattern that matches it is refused."""
    session_timeout_s: float = 10.0
    rebalance_timeout_s: float = 60.0
    drain_s: float = 30.0
    """How long a rebalance waits for what is in flight; longer than any call to the ERP."""
    call_deadline_s: float | None = None
    """The deadline of one call to the ERP, where it is known: it has to end before the drain does."""
    commit_timeout_s: float = COMMIT_TIMEOUT_S
    max_partition_fetch_bytes: int = 512 * KIB
    """Read ahead per partition; it is held in memory beside the window."""
    fetch_max_bytes: int = 8 * KIB * KIB
    accept_gaps: frozenset[str] = frozenset()
    """Gaps that a person looked at, as `topic:partition:offset` in the words of the message that stopped intake."""
    rewind_s: float = 0.0
    """How far every partition goes back once, at its first assignment: a database that failed over may have forgotten
    what was committed last."""
    allow_short_session: bool = field(default=False)
    """Tests only: sessions that brokers refuse by default."""

    def problems(self) -> list[str]:
        """Say what is wrong or dangerous, each with its fix; empty where all is well."""
        return [*self.connection.problems(), *self._about_topics(), *self._about_times(), *self._about_sizes()]

    def validate(self) -> None:
        """Raise ValueError with everything that is wrong or dangerous."""
        if found := self.problems():
            raise ValueError("Kafka settings refused:\n" + "\n".join(f"- {one}" for one in found))

    def _about_topics(self) -> list[str]:
        found = []
        if not self.group:
            found.append("no consumer group: set one, and keep it for good: the offsets are kept under its name")
        if bool(self.topics) == (self.pattern is not None):
            found.append("either topics or a pattern must be set, and not both")
        try:
            re.compile(self.pattern or "")
        except re.error as exc:
            return [*found, f"the topic pattern {self.pattern!r} is no regular expression: {exc}"]
        if self.dead_letter_topic and self._reads(self.dead_letter_topic):
            found.append(
                f"the dead-letter topic {self.dead_letter_topic} is among the topics that are read: every dead letter "
                "would come back for ever; take it out of the topics, or narrow the pattern"
            )
        return found

    def _reads(self, topic: str) -> bool:
        return topic in self.topics if self.pattern is None else re.match(self.pattern, topic) is not None

    def _about_times(self) -> list[str]:
        found = []
        if self.session_timeout_s < MIN_SESSION_S and not self.allow_short_session:
            found.append(
                f"session timeout {self.session_timeout_s:g} s is below the {MIN_SESSION_S:g} s that brokers accept"
            )
        needed = rebalance_needed_s(
            self.drain_s,
            commit_timeout_s=self.commit_timeout_s,
            margin_s=0.0 if self.allow_short_session else MARGIN_S,
        )
        if self.rebalance_timeout_s < needed:
            found.append(
                f"rebalance timeout {self.rebalance_timeout_s:g} s would end before what is in flight is drained and "
                f"committed, and the same orders would run twice: set it to {needed:g} s or more, or shorten the drain"
            )
        if self.call_deadline_s is not None and self.call_deadline_s >= self.drain_s:
            found.append(
                f"a call to the ERP may last {self.call_deadline_s:g} s, but a drain only waits {self.drain_s:g} s: "
                "shorten the call deadline or lengthen the drain (and the rebalance timeout with it)"
            )
        return found

    def _about_sizes(self) -> list[str]:
        found = []
        if self.max_partition_fetch_bytes < KIB:
            found.append(f"max_partition_fetch_bytes {self.max_partition_fetch_bytes} is below 1024: set some 524288")
        if self.fetch_max_bytes < self.max_partition_fetch_bytes:
            found.append("fetch_max_bytes is below max_partition_fetch_bytes: set it to at least the same")
        return found


@dataclass(frozen=True)
class WindowLimits:
    """How much may be under way at once."""

    in_flight: int = 128
    """Keys that are worked on at the same moment."""
    coalesce: int = 64
    """Waiting items of one key that are handed over together."""
    records: int = 20_000
    """Per partition, from the last commit to the highest read: what a crash reads again at most."""
    bytes: int = 48 * KIB * KIB
    """Unfinished bytes per partition."""
    total_bytes: int = 96 * KIB * KIB
    """Unfinished bytes of all partitions; beyond it, those that hold more than their share are paused."""
    payloads: int = 1_000
    """Waiting items that keep what was read from them; the others are routed again when it is their turn."""
    poll_records: int = 256
    """Records that are polled at once."""
    commit_every: int = 1_000
    commit_after_s: float = 0.2
    stall_s: float = 25.0
    """Lag, no progress and no named wait for this long is a stall."""

    @cached_property
    def poll(self) -> int:
        """Records that are polled at once: at most half of the window, which would be overrun otherwise."""
        return max(1, min(self.poll_records, self.records // 2))

    @cached_property
    def uncommitted(self) -> int:
        """Completions that may wait for a commit: few beside the window, which they fill."""
        return max(1, min(self.commit_every, self.records // 4))
