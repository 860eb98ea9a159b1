"""From the client to the lanes: takes records over, pauses what is full, and lets offsets move when items are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from schemas.event import Position
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
                batches = await client.poll(seconds=POLL_S, most=self._limits.poll_records)
            except OutOfRange as exc:
                await self._out_of_range(client, exc.offsets)
                continue
            works()
            for slot, raws in batches.items():
                one = held.get(slot)
                # Before the gate opens, the position is not ours; what was read is sought again (K18).
                if one is not None and one.open:
                    self._take(one, raws)
            self._balance(client)

    async def _out_of_range(self, client: Client, offsets: Mapping[Slot, int]) -> None:
        ours = [slot for slot in offsets if (one := self._assignment.held.get(slot)) is not None and one.open]
        if ours:
            logs = await client.logs(ours)
            raise Fatal("; ".join(str(Gap(slot, offsets[slot], logs[slot])) for slot in ours))

    def _take(self, one: Partition, raws: Sequence[Raw]) -> None:
        tracker, read, size = one.tracker, 0, 0
        for raw in raws:
            offset = raw.offset
            if offset < tracker.next_offset and tracker.look(offset) is not Seen.NEW:
                self._observer.redelivered(one.slot, offset)
                continue
            record = Record(
                position=Position(topic=one.topic, partition=one.number, offset=offset),
                key=raw.key,
                value=raw.value,
                headers=raw.headers,
                timestamp=raw.timestamp / 1000,
            )
            weight = len(raw.value or b"") + len(raw.key or b"")
            self._admit(one, record, weight)
            read += 1
            size += weight
        self.records += read
        self._observer.read(one.slot, read, size)

    def _admit(self, one: Partition, record: Record, weight: int) -> None:
        pieces = self._routed(record)
        one.tracker.add(record.position.offset, pieces=len(pieces), size=weight)
        for number, piece in enumerate(pieces):
            item = Item(record=record, payload=piece.payload, priority=one.priority, partition=one, piece=number)
            self._lanes.push(piece.key, item)
        if not pieces:
            self._committer.note(1)

    def _routed(self, record: Record) -> Sequence[Routed]:
        try:
            return self._route(record)
        except Exception as exc:
            at = record.position
            raise Fatal(
                f"the record at offset {at.offset} of topic {at.topic}, partition {at.partition}, could not be given "
                f"to a lane: {type(exc).__name__}. Routing must find a lane for every record, the unreadable ones too"
            ) from exc

    def reroute(self, item: Item) -> object:
        """Read a record again whose payload was let go."""
        if item.record is None:
            raise ValueError("a wake-up has no record to be routed again")
        return self._routed(item.record)[item.piece].payload

    def done(self, items: Sequence[Item]) -> None:
        """Everything of these items is durable: their offsets may move."""
        touched = None
        for item in items:
            one, record = item.partition, item.record
            if one is not None and record is not None:
                one.tracker.complete(record.position.offset)
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
                records=one.tracker.window,
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
            records=one.tracker.window,
            size=one.tracker.size,
            total=self.size,
            partitions=len(self._assignment.held),
            limits=self._limits,
        ):
            one.paused = ""
            client.resume([one.slot])
            self._observer.resumed(one.slot)
