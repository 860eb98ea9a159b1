"""From the client to the lanes: takes records over, pauses what is full, and lets offsets move when items are done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from service.errors import Fatal
from service.intake.client import Client, OutOfRange, Raw
from service.intake.commit import Committer
from service.intake.consumer_settings import WindowLimits
from service.intake.lane import Item
from service.intake.lanes import Lanes
from service.intake.observer import Observer, Slot
from service.intake.offsets import Seen
from service.intake.partition import Partition
from service.intake.rebalance import Assignment
from service.intake.start import Gap
from service.intake.window import full, roomy
from service.ports import Record, Routed

Route = Callable[[Record], Sequence[Routed]]
POLL_S: Final = 0.2
SLICE: Final = 32
TURN_S: Final = 0.001
"""How long records are taken over before others get the event loop; those of one slice may take longer."""


class Reader:
    """Reads one client after the other; everything that survives a client is in `assignment` and `lanes`."""

    def __init__(
        self,
        *,
        route: Route,
        lanes: Lanes,
        assignment: Assignment,
        committer: Committer,
        limits: WindowLimits,
        observer: Observer,
    ) -> None:
        self._route = route
        self._lanes = lanes
        self._assignment = assignment
        self._committer = committer
        self._limits = limits
        self._observer = observer
        self._turn = 0.0
        self.records = 0
        """Taken over so far: progress."""
        self.size = 0
        """Unfinished bytes of all partitions, as of the last look."""

    async def run(self, client: Client, works: Callable[[], None]) -> NoReturn:
        """Poll without end, also when everything is paused: a member that does not poll is forgotten (K8).

        `works` hears of every poll that was answered.
        """
        held = self._assignment.held
        while True:
            try:
                batches = await client.poll(seconds=POLL_S, most=self._limits.poll)
            except OutOfRange as exc:
                await self._out_of_range(client, exc.offsets)
                continue
            works()
            for slot, raws in batches.items():
                one = held.get(slot)
                # Before the gate opens, the position is not ours; what was read is sought again (K18).
                if one is not None and one.open:
                    await self._take(one, raws)
            self._balance(client)

    async def _out_of_range(self, client: Client, offsets: Mapping[Slot, int]) -> None:
        ours = [slot for slot in offsets if (one := self._assignment.held.get(slot)) is not None and one.open]
        if ours:
            logs = await client.logs(ours)
            raise Fatal("; ".join(str(Gap(slot, offsets[slot], logs[slot])) for slot in ours))

    async def _take(self, one: Partition, raws: Sequence[Raw]) -> None:
        """Take records over, by turns with everybody else: a poll of what was fetched before waits for nothing."""
        for first in range(0, len(raws), SLICE):
            self._admit(one, raws[first : first + SLICE])
            if time.perf_counter() - self._turn > TURN_S:
                await asyncio.sleep(0)
                self._turn = time.perf_counter()
                if not one.open:  # what is left is read again from where the tracker stands
                    return

    def _admit(self, one: Partition, raws: Sequence[Raw]) -> None:
        tracker, topic, number, priority = one.tracker, one.topic, one.number, one.priority
        route, push = self._route, self._lanes.push
        read = size = 0
        for raw in raws:
            offset = raw.offset
            if offset < tracker.next_offset and tracker.look(offset) is not Seen.NEW:
                self._observer.redelivered(one.slot, offset)
                continue
            key, value = raw.key, raw.value
            record = Record(topic, number, offset, key, value, raw.headers, raw.timestamp / 1000)
            weight = (len(value) if value else 0) + (len(key) if key else 0)
            try:
                pieces = route(record)
            except Exception as exc:
                raise _unroutable(record, exc) from exc
            tracker.add(offset, pieces=len(pieces), size=weight)
            if len(pieces) == 1:
                (piece,) = pieces
                push(piece.key, Item(record, piece.payload, priority, one))
            elif pieces:
                for place, piece in enumerate(pieces):
                    push(piece.key, Item(record, piece.payload, priority, one, place))
            else:
                self._committer.note(1)
            read += 1
            size += weight
        self.records += read
        self._observer.read(one.slot, read, size)

    def reroute(self, item: Item) -> object:
        """Read a record again whose payload was let go."""
        if item.record is None:
            raise ValueError("a wake-up has no record to be routed again")
        try:
            return self._route(item.record)[item.piece].payload
        except Exception as exc:
            raise _unroutable(item.record, exc) from exc

    def done(self, items: Sequence[Item]) -> None:
        """Everything of these items is durable: their offsets may move."""
        touched = None
        for item in items:
            one, record = item.partition, item.record
            if one is not None and record is not None:
                one.tracker.complete(record.offset)
                touched = one
        self._committer.note(len(items))
        if touched is not None and touched.paused and touched.open:
            self._resume(touched)

    # --- the window ----------------------------------------------------------------------------------------------

    def _balance(self, client: Client) -> None:
        held = self._assignment.held.values()
        self.size = sum(one.tracker.size for one in held)
        for one in held:
            if not one.open:
                continue
            if one.paused:
                self._resume(one)
                continue
            why = full(
                records=one.window,
                size=one.tracker.size,
                total=self.size,
                partitions=len(held),
                limits=self._limits,
            )
            if why:
                one.paused = why
                client.pause([one.slot])
                self._observer.paused(one.slot, why)

    def _resume(self, one: Partition) -> None:
        client = self._assignment.client
        if client is not None and roomy(
            records=one.window,
            size=one.tracker.size,
            total=self.size,
            partitions=len(self._assignment.held),
            limits=self._limits,
        ):
            one.paused = ""
            client.resume([one.slot])
            self._observer.resumed(one.slot)


def _unroutable(record: Record, error: Exception) -> Fatal:
    at = record.position
    return Fatal(
        f"the record at offset {at.offset} of topic {at.topic}, partition {at.partition}, could not be given "
        f"to a lane: {type(error).__name__}. Routing must find a lane for every record, the unreadable ones too"
    )
