"""The door: which lanes a record belongs to, and what becomes of records that nobody can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from connectors.envelopes import Limits
from connectors.errors import ConnectorError, Invalid, OutOfScope, Recognised
from connectors.registry import Zones, decode_each
from connectors.shopify.peek import order_key
from schemas.event import Envelope, Event, Key, Position
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.privacy import PrivacyEvent
from service.pipeline.news import Rejected, Wake
from service.pipeline.observer import Observer
from service.pipeline.storm import Storm
from service.pipeline.story import Story
from service.ports import Arrival, DeadLetter, DeadLetters, EventEnd, Priority, Record, Routed


class Reception:
    """Reads records into work for the story, and keeps what cannot be read."""

    def __init__(
        self,
        *,
        story: Story,
        dead_letters: DeadLetters,
        observer: Observer,
        zones: Zones,
        default_tenant: str | None,
        limits: Limits,
        replay_topic: str | None,
        storm: Storm,
    ) -> None:
        self._story = story
        self._dead_letters = dead_letters
        self._observer = observer
        self._zones = zones
        self._default_tenant = default_tenant
        self._limits = limits
        self._replay_topic = replay_topic
        self._storm = storm
        self._largest = limits.max_bytes

    def route(self, record: Record) -> Sequence[Routed]:
        """Name the lanes of a record: pure but for the storm watch, and the same however often it is asked.

        An order body is only peeked at and read when its turn comes: what waits costs no more than its bytes.
        """
        if (key := order_key(record.value, record.headers)) is not None and len(record.value or b"") <= self._largest:
            self._storm.at_the_door(record, None)
            return (Routed(str(key), record),)
        routed = self._read(record)
        self._storm.at_the_door(record, _unreadable(routed))
        return routed

    def _read(self, record: Record) -> list[Routed]:
        pieces = decode_each(
            record.value,
            record.headers,
            zones=self._zones,
            default_tenant=self._default_tenant,
            limits=self._limits,
            received_at=datetime.fromtimestamp(record.timestamp, UTC),
            key=record.key,
        )
        return [self._piece(record, number, piece) for number, piece in enumerate(pieces)]

    def _piece(self, record: Record, number: int, piece: Event | ConnectorError) -> Routed:
        position = record.position
        name = f"{position.topic}/{position.partition}/{position.offset}/{number}"
        priority = Priority.REPLAY if position.topic == self._replay_topic else Priority.LIVE
        if isinstance(piece, Event):
            return Routed(str(piece.key), Arrival(name, piece, position, priority))
        if isinstance(piece, Recognised) and (told := rejected(piece, name, position, priority)) is not None:
            return Routed(str(told.arrival.event.key), told)
        letter = DeadLetter(position, record.key, record.value, record.headers, piece.reason, piece.detail)
        return Routed(f"~dead|{position.topic}|{position.partition}", letter)

    async def handle(self, key: str, work: Sequence[object]) -> None:
        """Bring one lane forward. When it returns, all of `work` is durable."""
        letters: list[DeadLetter] = []
        lanes: dict[str, list[Arrival | Rejected | Wake]] = {}
        for lane, item in self._unfolded(key, work):
            if isinstance(item, DeadLetter):
                letters.append(item)
            elif isinstance(item, Arrival) and isinstance(item.event, PrivacyEvent):
                await self._story.ask(item, item.event.request)
            elif isinstance(item, Arrival | Rejected | Wake):
                lanes.setdefault(lane, []).append(item)
        if letters:
            self._storm.check()
            for letter in letters:
                await self._dead_letters.put(letter)
                self._storm.landed(letter.position)
        for lane, items in lanes.items():
            await self._story.handle(lane, items)

    def _unfolded(self, key: str, work: Sequence[object]) -> Iterator[tuple[str, object]]:
        """Read what was only peeked at. A body that names another order further down goes under that one's lease."""
        for item in work:
            if isinstance(item, Record):
                routed = self._read(item)
                self._storm.at_its_turn(item, _unreadable(routed))
                yield from ((piece.key, piece.payload) for piece in routed)
            else:
                yield key, item


def _unreadable(routed: Sequence[Routed]) -> Reason | None:
    return next((piece.payload.reason for piece in routed if isinstance(piece.payload, DeadLetter)), None)


def rejected(error: Recognised, name: str, position: Position | None, priority: Priority) -> Rejected | None:
    """Give something recognised that is not booked its outcome; None where nobody knows whose it is."""
    key = error.key
    if isinstance(error, OutOfScope):
        key = key or Key(
            external_source=error.external_source, tenant=error.tenant or "-", root=f"~{error.topic or 'unknown'}"
        )
        arrival = Arrival(name, Event(envelope=_enveloped(error), key=key, facts=()), position, priority)
        return Rejected(arrival, None, EventEnd(arrival, OutcomeName.SKIPPED, error.reason, error.detail))
    if not isinstance(error, Invalid) or key is None or error.ref is None:
        return None
    arrival = Arrival(name, Event(envelope=error.envelope, key=key, facts=()), position, priority)
    verdict = Verdict(document=error.ref, outcome=OutcomeName.PARKED, reason=error.reason, detail=error.detail)
    return Rejected(arrival, verdict, EventEnd(arrival, OutcomeName.PARKED, error.reason, error.detail))


def _enveloped(error: Recognised) -> Envelope:
    return error.envelope if error.envelope.tenant else error.envelope.model_copy(update={"tenant": "-"})
