"""The adapter to aiokafka 0.14, with its dangerous defaults overridden (peers.md part (e), K1, K3, K4, K8, K11)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from service.intake.client import ClientError, Listener, OutOfRange, Raw
from service.intake.consumer_settings import ConsumerSettings
from service.intake.endings import ended_well
from service.intake.observer import Slot
from service.intake.start import Log

HEARTBEATS: Final = 3
"""Heartbeats in one session timeout."""
FETCH_WAIT_MS: Final = 500
MAX_POLL_INTERVAL_MS: Final = 3_600_000
"""aiokafka leaves the group after this long without a poll and may never come back (K8). We poll all the time, and
the watchdog looks after the rest."""
METADATA_MS: Final = 60_000
"""How soon a new topic of a pattern is noticed."""


class AiokafkaClient:
    """One AIOKafkaConsumer. It is started once and stopped once; a new try is a new client."""

    def __init__(self, settings: ConsumerSettings, *, max_poll_interval_ms: int = MAX_POLL_INTERVAL_MS) -> None:
        self._settings = settings
        # The assignor keeps what it was assigned on the class: two clients of one process would mix theirs up.
        sticky = type("Sticky", (StickyPartitionAssignor,), {})
        self._consumer = AIOKafkaConsumer(
            **settings.connection.options(),
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            partition_assignment_strategy=(sticky,),
            session_timeout_ms=round(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=round(settings.session_timeout_s * 1000 / HEARTBEATS),
            rebalance_timeout_ms=round(settings.rebalance_timeout_s * 1000),
            max_poll_interval_ms=max_poll_interval_ms,
            max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
            fetch_max_bytes=settings.fetch_max_bytes,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            metadata_max_age_ms=METADATA_MS,
        )

    async def start(self, listener: Listener) -> None:
        """Subscribe and wait for the first assignment."""
        adapter = _ListenerAdapter(listener)
        if self._settings.pattern is None:
            self._consumer.subscribe(topics=sorted(self._settings.topics), listener=adapter)
        else:
            self._consumer.subscribe(pattern=self._settings.pattern, listener=adapter)
        with _translated():
            await self._consumer.start()

    async def stop(self, seconds: float) -> None:
        """Leave the group; where that hangs, at least close the sockets."""
        if not await ended_well(self._consumer.stop(), seconds=seconds):
            await ended_well(self._consumer._client.close(), seconds=seconds)  # noqa: SLF001  nothing public does

    async def poll(self, *, seconds: float, most: int) -> Mapping[Slot, Sequence[Raw]]:
        """Return what was fetched, by partition."""
        try:
            with _translated():
                batches = await self._consumer.getmany(timeout_ms=round(seconds * 1000), max_records=most)
        except _NoPositionYet:
            # Raised while the gate is closed: positions are set there, explicitly, and nowhere else (K18).
            await asyncio.sleep(0)
            return {}
        return cast("Mapping[Slot, Sequence[Raw]]", batches)

    async def commit(self, offsets: Mapping[Slot, int]) -> None:
        """Commit what is still assigned; a partition that is not is left out, its owner commits it."""
        ours = self._consumer.assignment()
        explicit = {TopicPartition(*slot): offset for slot, offset in offsets.items() if slot in ours}
        if explicit:
            with _translated():
                await self._consumer.commit(explicit)

    async def committed(self, slots: Collection[Slot]) -> Mapping[Slot, int | None]:
        """Ask the group's coordinator, one request for all."""
        partitions = [TopicPartition(*slot) for slot in slots]
        with _translated():
            # The public call asks for one partition at a time.
            found = await self._consumer._coordinator.fetch_committed_offsets(partitions)  # noqa: SLF001
        return {slot: _known(found.get(slot)) for slot in slots}

    async def logs(self, slots: Collection[Slot]) -> Mapping[Slot, Log]:
        """Ask the leaders."""
        partitions = [TopicPartition(*slot) for slot in slots]
        with _translated():
            begins = await self._consumer.beginning_offsets(partitions)
            ends = await self._consumer.end_offsets(partitions)
        return {(slot[0], slot[1]): Log(begins[slot], ends[slot]) for slot in partitions}

    async def at(self, slots: Collection[Slot], when: float) -> Mapping[Slot, int | None]:
        """Ask the leaders."""
        moments = {TopicPartition(*slot): max(0, round(when * 1000)) for slot in slots}
        with _translated():
            found = await self._consumer.offsets_for_times(moments)
        return {slot: None if found.get(slot) is None else int(found[slot].offset) for slot in slots}

    def member(self) -> bool:
        """Look at the generation: after an eviction it is reset, and a commit could undo a successor's (K4)."""
        coordinator = self._consumer._coordinator  # noqa: SLF001  there is nothing public
        return coordinator is not None and int(coordinator.generation) > 0

    def end(self, slot: Slot) -> int | None:
        """Return the high-water mark of the last fetch."""
        if slot not in self._consumer.assignment():
            return None
        mark = self._consumer.highwater(TopicPartition(*slot))
        return None if mark is None else int(mark)

    def position(self, slot: Slot) -> int | None:
        """Return the fetch position without waiting for one."""
        subscription = self._consumer._subscription.subscription  # noqa: SLF001  the public call may block
        if subscription is None or subscription.assignment is None or slot not in subscription.assignment.tps:
            return None
        state = subscription.assignment.state_value(TopicPartition(*slot))
        return int(state.position) if state.has_valid_position else None

    def seek(self, slot: Slot, offset: int) -> None:
        """Set the position."""
        with _translated():
            self._consumer.seek(TopicPartition(*slot), offset)

    def pause(self, slots: Collection[Slot]) -> None:
        """Stop fetching; what was fetched already is dropped and fetched again later."""
        ours = self._consumer.assignment()
        self._consumer.pause(*(TopicPartition(*slot) for slot in slots if slot in ours))

    def resume(self, slots: Collection[Slot]) -> None:
        """Fetch on."""
        ours = self._consumer.assignment()
        self._consumer.resume(*(TopicPartition(*slot) for slot in slots if slot in ours))


class _NoPositionYet(ClientError):
    """The fetcher found no committed offset before the gate said where to start."""


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OffsetOutOfRangeError as exc:
        offsets = cast("dict[TopicPartition, int]", exc.args[0])
        raise OutOfRange({(slot[0], slot[1]): offset for slot, offset in offsets.items()}) from exc
    except NoOffsetForPartitionError as exc:
        raise _NoPositionYet(str(exc)) from exc
    except (KafkaError, ConsumerStoppedError) as exc:
        raise ClientError(f"{type(exc).__name__}: {exc}") from exc
    except asyncio.CancelledError as exc:
        # aiokafka awaits its own tasks after it cancelled them, and lets their cancellation through as if it were ours.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ClientError("cancelled from within the client") from exc


def _known(offset: Any) -> int | None:  # noqa: ANN401  aiokafka is not typed
    return None if offset is None or offset.offset < 0 else int(offset.offset)


class _ListenerAdapter(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Hands rebalances over, and lets no exception vanish: aiokafka only logs them (K4)."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002  it is all
        async with self._guarded():
            await self._listener.revoke()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        async with self._guarded():
            self._listener.assign([(slot.topic, slot.partition) for slot in assigned])

    @contextlib.asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception as exc:
            self._listener.fail(exc)
            raise
