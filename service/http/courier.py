"""One call to the ERP from the first question to the last lesson: breaker, budget, place in flight, transport."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from service.errors import FerryError, Retryable, Unknown, Waiting
from service.http.breaker import Breaker, Health, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from service.http.concurrency import Room
    from service.http.limiter import RateLimiter
    from service.http.window import Mark
    from service.ports import Priority


class Sender(Protocol):
    """What carries one request: the transport."""

    async def send(self, request: httpx.Request, *, deadline: float, what: str) -> httpx.Response:
        """Send once; see `service.http.transport`."""
        ...


class Meter(Protocol):
    """Where the courier reports to; telemetry makes metrics of it."""

    def waited(self, lane: Priority, seconds: float) -> None:
        """Note how long a call waited for the budget and its place."""
        ...

    def answered(self, *, status: int, seconds: float, resend: bool) -> None:
        """Note a complete answer."""
        ...

    def failed(self, error: FerryError, *, seconds: float, resend: bool) -> None:
        """Note a call without an answer."""
        ...

    def breaker_moved(self, state: State) -> None:
        """Note a change of the breaker."""
        ...


class Silent:
    """A meter that keeps nothing."""

    def waited(self, lane: Priority, seconds: float) -> None:
        """Keep nothing."""

    def answered(self, *, status: int, seconds: float, resend: bool) -> None:
        """Keep nothing."""

    def failed(self, error: FerryError, *, seconds: float, resend: bool) -> None:
        """Keep nothing."""

    def breaker_moved(self, state: State) -> None:
        """Keep nothing."""


@dataclass(slots=True)
class _Ticket:
    """What `admit` waited for, good for one call of the same courier."""

    owner: Courier
    held: int
    used: bool = False


_TICKET: ContextVar[_Ticket | None] = ContextVar("ticket", default=None)
"""Belongs to the task that was admitted and to those it starts: the port between `admit` and `send` knows none."""


class Courier:
    """Carries calls under one API key. Couriers of one ERP share its transport, room and breaker."""

    def __init__(
        self,
        *,
        transport: Sender,
        limiter: RateLimiter,
        room: Room,
        breaker: Breaker,
        meter: Meter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._room = room
        self._breaker = breaker
        self._meter: Meter = Silent() if meter is None else meter
        self._clock = clock
        self._leaving = False
        breaker.subscribe(self._breaker_moved)

    def leave(self) -> None:
        """Let no further call begin: the process stops, and a call that is begun now might be cut off.

        Calls under way end; whoever waits or comes is told the named wait.
        """
        self._leaving = True
        self._limiter.dismiss(_leaving)

    @asynccontextmanager
    async def admit(self, *, lane: Priority) -> AsyncIterator[None]:
        """Wait for breaker, budget and place; the first `send` inside uses them instead of waiting again.

        So an intent can be committed between the wait and the call, and its deadline bounds the call alone. What was
        not used is given back. Raises Waiting.
        """
        ticket = _Ticket(owner=self, held=await self._enter(lane))
        token = _TICKET.set(ticket)
        try:
            yield
        finally:
            _TICKET.reset(token)
            if not ticket.used:
                self._leave(ticket.held, sent=False)

    async def send(
        self, request: httpx.Request, *, lane: Priority, deadline_s: float, what: str, resend: bool
    ) -> httpx.Response:
        """Send once and return the complete answer, whatever its status.

        Waits for the budget first, unless admitted; `deadline_s` begins when the call itself begins. `resend` says
        that these bytes were sent before under the same key: it changes nothing but the metrics. Raises Waiting
        (nothing sent), Retryable (provably nothing sent) or Unknown.
        """
        ticket = _TICKET.get()
        if ticket is not None and ticket.owner is self and not ticket.used:
            ticket.used = True
            held = ticket.held
        else:
            held = await self._enter(lane)
        sent = True
        try:
            return await self._carry(request, held=held, deadline_s=deadline_s, what=what, resend=resend)
        except Retryable:
            sent = False
            raise
        finally:
            self._leave(held, sent=sent)

    async def _enter(self, lane: Priority) -> int:
        """Wait for everything that a call needs, and take it; returns the breaker's pass."""
        if self._leaving:
            raise _leaving()
        self._breaker.check()
        asked = self._clock()
        await self._limiter.acquire(lane)
        try:
            self._meter.waited(lane, self._clock() - asked)
            return self._breaker.enter()  # it may have opened while we waited
        except BaseException:
            self._limiter.release(sent=False)
            raise

    def _leave(self, held: int, *, sent: bool) -> None:
        self._breaker.abandon(held)  # void where the outcome was recorded
        self._limiter.release(sent=sent)

    async def _carry(
        self, request: httpx.Request, *, held: int, deadline_s: float, what: str, resend: bool
    ) -> httpx.Response:
        started = self._clock()
        mark = self._limiter.mark()
        try:
            answer = await self._transport.send(request, deadline=deadline_s, what=what)
        except (Retryable, Unknown) as error:
            now = self._clock()
            self._meter.failed(error, seconds=now - started, resend=resend)
            if now - started >= deadline_s:
                self._room.concurrency.congested(started=started, now=now)
            self._breaker.record(held, Health.UNREACHABLE if isinstance(error, Retryable) else Health.FAILS)
            raise
        self._learn(answer, started=started, mark=mark)
        self._meter.answered(status=answer.status_code, seconds=self._clock() - started, resend=resend)
        self._breaker.record(held, health(answer.status_code))
        return answer

    def _learn(self, answer: httpx.Response, *, started: float, mark: Mark) -> None:
        now = self._clock()
        self._limiter.observe(answer.status_code, answer.headers, mark)
        concurrency = self._room.concurrency
        if answer.status_code in {429, 503}:
            concurrency.congested(started=started, now=now)
        elif answer.status_code < 500:
            concurrency.succeeded(seconds=now - started, started=started, now=now, in_flight=self._room.in_flight)

    def _breaker_moved(self, state: State) -> None:
        self._meter.breaker_moved(state)
        if state is State.OPEN:
            self._limiter.dismiss(self._breaker.waiting)


def _leaving() -> Waiting:
    return Waiting("leaving", "this process is stopping; the work goes on in the next one")


def health(status: int) -> Health:
    """Tell what a status says about the whole ERP; 501 is a clear answer about one route."""
    return Health.FAILS if status >= 500 and status != 501 else Health.ANSWERS
