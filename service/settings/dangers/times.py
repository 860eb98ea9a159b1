"""Times and sizes that contradict each other. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from service.intake.rebalance_time import rebalance_needed_s
from service.settings.dangers.verdict import refuse, warn
from service.settings.finding import Finding
from service.settings.root import Settings

MARGIN_S = 5.0
"""Between the end of a call and the end of the lease: time to commit its outcome."""
MOST_MEMORY = 200 * 1024 * 1024
"""The process is to stay under 300 MiB; the rest needs the difference."""


def times(settings: Settings) -> Iterator[Finding]:
    """A call, its lease, its key's window and the drain must fit into each other."""
    erp, ledger, intake = settings.erp, settings.ledger, settings.intake
    if erp.call_deadline_s + MARGIN_S > ledger.lease_seconds:
        yield refuse(
            "erp.call_deadline_s",
            f"a call may take {erp.call_deadline_s:g} s, but the lease of its key ends after "
            f"{ledger.lease_seconds:g} s: another process could send the same order meanwhile.",
            f"set ledger.lease_seconds to at least {erp.call_deadline_s + MARGIN_S:g}.",
        )
    if erp.call_deadline_s >= intake.drain_s:
        yield refuse(
            "intake.drain_s",
            f"work in flight gets {intake.drain_s:g} s to finish, but one call may take {erp.call_deadline_s:g} s: "
            "every deployment would cut calls off.",
            f"set intake.drain_s above {erp.call_deadline_s:g}.",
        )
    if erp.idempotency_margin_s < erp.call_deadline_s:
        yield refuse(
            "erp.idempotency_margin_s",
            f"the margin of {erp.idempotency_margin_s:g} s is shorter than a call: a key could be forgotten while "
            "its call is under way.",
            f"set erp.idempotency_margin_s to at least {erp.call_deadline_s:g}.",
        )
    if erp.idempotency_window_s <= erp.idempotency_margin_s:
        yield refuse(
            "erp.idempotency_window_s",
            "the margin leaves nothing of the window.",
            "set erp.idempotency_window_s to what the ERP promises (Arcus: 86400) and the margin below it.",
        )


def kafka_times(settings: Settings) -> Iterator[Finding]:
    """A rebalance must outlast the drain and its commits (peers.md K3)."""
    kafka, intake = settings.kafka, settings.intake
    needed = rebalance_needed_s(intake.drain_s)
    if kafka.rebalance_timeout_ms / 1000 < needed:
        yield refuse(
            "kafka.rebalance_timeout_ms",
            f"a rebalance waits {kafka.rebalance_timeout_ms} ms, but draining and committing may take "
            f"{needed:g} s: we would be thrown out of the group while finishing, and the work would be done twice.",
            f"set kafka.rebalance_timeout_ms to at least {math.ceil(needed * 1000)}, or shorten intake.drain_s.",
        )


def window(settings: Settings) -> Iterator[Finding]:
    """The window must feed the lanes and fit into memory."""
    intake, kafka = settings.intake, settings.kafka
    if kafka.fetch_max_bytes < kafka.max_partition_fetch_bytes:
        yield refuse(
            "kafka.fetch_max_bytes",
            f"{kafka.fetch_max_bytes} bytes in all are fewer than those of one partition.",
            f"set it to at least kafka.max_partition_fetch_bytes ({kafka.max_partition_fetch_bytes}).",
        )
    if intake.window_records < intake.max_in_flight:
        yield refuse(
            "intake.window_records",
            f"{intake.window_records} records cannot keep {intake.max_in_flight} keys busy.",
            f"set it to at least {intake.max_in_flight}.",
        )
    if intake.window_bytes < 2 * kafka.max_partition_fetch_bytes:
        yield refuse(
            "intake.window_bytes",
            f"two answers of kafka.max_partition_fetch_bytes ({kafka.max_partition_fetch_bytes}) do not fit in.",
            f"set it to at least {2 * kafka.max_partition_fetch_bytes}.",
        )
    if intake.window_bytes > MOST_MEMORY:
        yield warn(
            "intake.window_bytes",
            f"up to {intake.window_bytes // 1024 // 1024} MiB of records are held in memory.",
            "give the process as much and 150 MiB more, or lower it.",
        )
