"""The way onto Kafka, and the gate before it: after a failure it says no at once for a while, then lets one try."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from connectors.webhook import Outgoing
from service.errors import FerryError


class Outlet(Protocol):
    """Kafka, as the edge sees it."""

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Coroutine[object, object, object]:
        """Return when every replica in sync has it. Raises FerryError within a bounded time."""
        ...


class Gate:
    """Whether it is worth trying. While Kafka is away most senders hear so at once instead of after a timeout."""

    def __init__(self, *, rest_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rest_s = rest_s
        self._now = now
        self._until: float | None = None
        self._trying = False
        self.why = ""
        """Why it is closed; empty while it is open."""

    @property
    def resting(self) -> bool:
        """Whether nobody may try now."""
        return self._until is not None and (self._trying or self._now() < self._until)

    def enter(self) -> bool:
        """Whether this one may try: everyone while it is open, one at a time after a rest."""
        if self.resting:
            return False
        self._trying = self._until is not None
        return True

    def took(self) -> None:
        """Kafka took something: open."""
        self._until, self._trying, self.why = None, False, ""

    def failed(self, why: str) -> None:
        """Kafka took nothing: rest."""
        self._until, self._trying, self.why = self._now() + self._rest_s, False, why


class NotTaken(Exception):
    """Kafka does not have all of it; what it has comes again with the same ids."""


async def _all(sends: Sequence[Coroutine[object, object, object]]) -> None:
    """Wait for every one, also where the first of them fails: none may go on alone."""
    if len(sends) == 1:
        await sends[0]
        return
    ends = await asyncio.gather(*sends, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


async def put(outlet: Outlet, gate: Gate, topic: str, records: Sequence[Outgoing]) -> None:
    """Return when Kafka has every record; raises NotTaken as soon as that is known not to be so."""
    if not gate.enter():
        raise NotTaken(gate.why)
    sends = [outlet.send(topic, key=one.key, value=one.value, headers=one.headers) for one in records]
    try:
        await _all(sends)
    except FerryError as error:
        gate.failed(str(error))
        raise NotTaken(str(error)) from error
    except BaseException as error:
        gate.failed(type(error).__name__)  # a try that never ends would keep the gate closed for ever
        raise
    gate.took()
