"""One endpoint for webhooks, as bare ASGI: read, prove, put onto Kafka, answer. Nothing unproven leaves this file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.types import Receive, Scope, Send

from connectors.webhook import Headers, named
from service.api.answer import Answer
from service.api.protocol import HEAD_BYTES
from service.api.webhooks.answers import CLOSED, GONE, NO_KAFKA, TAKEN, TOO_MANY, UNPROVEN, WRONG_METHOD
from service.api.webhooks.body import Reading, Room, Unreadable
from service.api.webhooks.outlet import Gate, NotTaken, Outlet, put
from service.api.webhooks.vendors import Vendor
from service.telemetry.metrics import Metrics

TELL_S = 1.0
"""Of each endpoint and outcome one line so often: a broken sender must not fill the log."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may cost."""

    body_bytes: int
    read_s: float


class Door:
    """One vendor's endpoint."""

    def __init__(
        self,
        vendor: Vendor,
        *,
        outlet: Outlet,
        gate: Gate,
        room: Room,
        bounds: Bounds,
        metrics: Metrics,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.vendor = vendor
        self._outlet = outlet
        self._gate = gate
        self._room = room
        self._bounds = bounds
        self._metrics = metrics
        self._wall = wall
        self._told: dict[str, float] = {}
        self._log = structlog.get_logger("orderferry.edge")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        answer = await self._answer(scope, receive)
        if answer is not GONE:
            await answer.to(send)
        self._metrics.webhooks.labels(self.vendor.name, answer.outcome).inc()
        self._metrics.webhook_seconds.labels(self.vendor.name).observe(time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers: Headers = [(name.decode("latin-1"), value) for name, value in scope["headers"]]
        signature = named(headers, *self.vendor.signed_in)
        if (no := self._unread(scope["method"], headers, signature)) is not None:
            return no
        length = named(headers, "content-length").encode("latin-1")
        with Reading(room=self._room, most=self._bounds.body_bytes, seconds=self._bounds.read_s) as reading:
            try:
                body = await reading.all(receive, announced=length)
            except Unreadable as error:
                return self._tell(error.answer, error.answer.says)
            return await self._take(body, headers, signature)

    def _unread(self, method: str, headers: Headers, signature: str) -> Answer | None:
        """Why the body need not be read; None where it must be."""
        if method != "POST":
            return WRONG_METHOD
        if self.vendor.closed:
            return self._tell(CLOSED, "no secret is set for it; see `orderferry schema settings`")
        if sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES:
            return self._tell(TOO_MANY, TOO_MANY.says)
        if not signature:
            return self._tell(UNPROVEN, "it carries no signature")
        return self._tell(NO_KAFKA, self._gate.why) if self._gate.resting else None

    async def _take(self, body: bytes, headers: Headers, signature: str) -> Answer:
        records = self.vendor.proven(body, headers, signature, self._wall())
        if records is None:
            return self._tell(UNPROVEN, "its signature fits no secret, or its time is too far from ours")
        try:
            await put(self._outlet, self._gate, self.vendor.topic, records)
        except NotTaken as error:
            return self._tell(NO_KAFKA, str(error))
        return TAKEN

    def _tell(self, answer: Answer, why: str) -> Answer:
        """Say in the log that a webhook was not taken: never what was in it."""
        now = time.monotonic()
        if now >= self._told.get(answer.outcome, 0.0):
            self._told[answer.outcome] = now + TELL_S
            self._log.warning("webhook not taken", source=self.vendor.name, outcome=answer.outcome, why=why)
        return answer
