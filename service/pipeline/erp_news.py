"""The ERP's own events on their way in: each is a hint, and asks for its document to be read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.outcome import Reason
from service.ports import DeadLetter, DeadLetters, Mirror, Notice, Record, Routed

LANE = "~erp|"


@dataclass(frozen=True, kw_only=True)
class ErpNews:
    """Reads the topic of the ERP's events."""

    topic: str
    read: Callable[[bytes | None], Notice | None]
    """The ERP's words to ours; None where it is no event."""
    mirror: Mirror
    dead_letters: DeadLetters
    noticed: Callable[[Record], None]
    """Counts an event."""

    def route(self, record: Record) -> Sequence[Routed]:
        """Name the lane: the producer keys by document, and of one document the events come one after the other."""
        name = (record.key or b"").decode("utf-8", "replace") or f"{record.topic}/{record.partition}"
        return (Routed(f"{LANE}{name}", record),)

    async def handle(self, work: Sequence[object]) -> None:
        """Ask for what a lane's events are about; when it returns, all of `work` is durable."""
        notices = []
        for record in work:
            if not isinstance(record, Record):
                continue  # a wake-up: nothing waits in these lanes
            notice = self.read(record.value)
            if notice is None:
                await self.dead_letters.put(_letter(record))
            else:
                self.noticed(record)
                notices.append(notice)
        await self.mirror.notice(notices)


def _letter(record: Record) -> DeadLetter:
    detail = "it is no event of the ERP: a JSON object with an id and a type was expected"
    return DeadLetter(record.position, record.key, record.value, record.headers, Reason.UNDECODABLE, detail)
