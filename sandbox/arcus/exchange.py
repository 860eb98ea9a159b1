"""One request from its first byte to its answer: key, limit, route, idempotency, lie, handler, commit."""

import asyncio
import math
import time
from dataclasses import dataclass

from aiohttp import web

from sandbox.arcus import delivery
from sandbox.arcus.call import Call, Outcome
from sandbox.arcus.clock import iso
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.expand import check_expand
from sandbox.arcus.faults import BEFORE, Target
from sandbox.arcus.fields import must_be_object
from sandbox.arcus.idempotency import LONGEST_KEY, Claim, Stored, digest
from sandbox.arcus.journal import parse
from sandbox.arcus.keys import Key
from sandbox.arcus.limits import FREE, Verdict
from sandbox.arcus.rendering import refused, rendered
from sandbox.arcus.routes import Route, route_of
from sandbox.arcus.store import Past, Transaction, View
from sandbox.arcus.world import World

# A replay says so in the body, where the documentation names a marker.
REPLAY_MARKERS = (
    (b'"idempotent_replay":false', b'"idempotent_replay":true'),
    (b'"idempotent":false', b'"idempotent":true'),
)
NO_QUERY: dict[str, str] = {}  # writes take none, and parsing it costs
TAKES_TAX = frozenset({"POST /orders", "POST /orders/{}/recalculate"})


@dataclass(slots=True)
class Ticket:
    """What is known of a request once it may be executed."""

    target: Target
    body: bytes
    scope: str
    """Entity and idempotency key; empty where none was sent."""
    fingerprint: bytes
    stored: Outcome | None = None


class Exchange:
    """The life of one request."""

    __slots__ = ("key", "path", "path_ids", "request", "request_id", "route", "verdict", "world")

    def __init__(self, world: World, request: web.BaseRequest) -> None:
        self.world = world
        self.request = request
        self.request_id = world.ids.request()
        self.verdict: Verdict = FREE
        self.route: Route
        self.key: Key
        self.path = ""
        self.path_ids: tuple[str, ...] = ()

    async def run(self) -> web.StreamResponse:
        """Answer, or lie."""
        name = "unrouted"
        try:
            self._admit()
            name = self.route.name
            body = await self.request.read()
            answer = await (self._write(body) if self.route.writes else self._look())
        except Refusal as refusal:
            answer = delivery.whole(self, self._refused(refusal))
        except web.HTTPRequestEntityTooLarge as error:
            answer = delivery.whole(self, self._refused(Refusal(413, "payload_too_large", str(error.text))))
        transport = self.request.transport
        status = "dropped" if transport is None or transport.is_closing() else answer.status
        self.world.stats.requests[name, status] += 1
        return answer

    def _admit(self) -> None:
        world, request = self.world, self.request
        self.key = world.keys.admit(request.headers.get("Authorization"))
        if self.key.allowed:
            self.key.check_address(request.remote)
        self.verdict = self.key.window.take(time.monotonic())
        if self.verdict.retry_after is not None:
            raise delivery.throttled(self.verdict.retry_after)
        self.route, self.path_ids, self.path = route_of(request.method, request.path, self.key.entity.id)
        for scope in self.route.scopes:
            self._need(scope)

    def _need(self, scope: str) -> None:
        if scope not in self.key.scopes:
            raise Refusal(403, "insufficient_scope", f"The key lacks {scope}.", extra={"required": scope})

    # reads

    async def _look(self) -> web.StreamResponse:
        faults = self.world.faults
        target = self._target(f"{self.request.method} {self.request.path_qs}", write=False)
        faults.came_back(target)
        ident = self.path_ids[0] if self.path_ids else None
        query = self.request.query
        wanted = [query[name] for name in ("account_id", "original_order_id") if name in query]
        faults.looked_up(target, ident=ident, filters=wanted)
        lie = faults.draw(target)
        if lie is not None:
            pending = faults.inject(lie, target)
            if lie in BEFORE:
                return self._struck(lie)
            faults.committed(pending, target, (*self.path_ids, *wanted))
        outcome = self._execute(b"", view=self._view(lie, target))
        await self._latency()
        return await delivery.deliver(self, outcome, lie)

    def _view(self, lie: str | None, target: Target) -> View:
        entity, faults = self.key.entity, self.world.faults
        if lie != "stale_read":
            return entity
        share = 0.5 + faults.fraction(target, -1) / 2
        return Past(entity, time.monotonic() - share * faults.plan.stale_ms / 1000)

    # writes

    async def _write(self, body: bytes) -> web.StreamResponse:
        self._note("arrived")
        ticket = self._ticket(body)
        faults = self.world.faults
        faults.came_back(ticket.target)
        held = ticket.stored is None and bool(ticket.scope)
        try:
            if ticket.stored is None:
                self._refuse_frozen(ticket.target)
            lie = faults.draw(ticket.target)
            if lie is not None and lie in BEFORE:
                faults.inject(lie, ticket.target)
                return self._struck(lie)
            return await self._commit(ticket, lie)
        finally:
            if held:
                self.world.desk.release(ticket.scope)

    async def _commit(self, ticket: Ticket, lie: str | None) -> web.StreamResponse:
        faults, stats = self.world.faults, self.world.stats
        pending = faults.inject(lie, ticket.target) if lie is not None else None
        if lie == "in_flight":
            delivery.hang_up(self.request)
            await asyncio.sleep(faults.plan.in_flight_ms / 1000)
        elif self.world.hesitation and ticket.stored is None:
            await asyncio.sleep(self.world.hesitation)
        outcome = ticket.stored or self._execute(ticket.body, ticket=ticket, tax_down=lie == "tax_down")
        self._note("committed")
        if pending is not None:
            faults.committed(pending, ticket.target, outcome.subjects)
        stats.held += 1
        try:
            await self._latency()
            answer = await delivery.deliver(self, outcome, lie)
            if lie is None or lie == "slow":
                self._note("answered")
            return answer
        finally:
            stats.held -= 1

    def _note(self, what: str) -> None:
        self.world.moments.note(self.request.headers.get("Idempotency-Key"), what)

    def _ticket(self, body: bytes) -> Ticket:
        request, entity = self.request, self.key.entity
        key = request.headers.get("Idempotency-Key")
        fingerprint = digest(request.method, self.path, body)
        if key is None:
            retry = f"{request.method} {self.path} {fingerprint.hex()}"
            return Ticket(self._target(retry, write=True, body=body), body, "", fingerprint)
        if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
            raise Refusal(400, "validation_failed", "Idempotency-Key has 1 to 255 characters.", param="Idempotency-Key")
        ticket = Ticket(self._target(key, write=True, body=body), body, f"{entity.code}:{key}", fingerprint)
        ticket.target.keyed = True
        ticket.target.content = fingerprint.hex()
        claim = self.world.desk.claim(ticket.scope, fingerprint, self.world.clock.now())
        if isinstance(claim, Stored):
            ticket.stored = self._replayed(claim)
            ticket.target.replay = True
        elif claim is not Claim.GRANTED:
            self.world.faults.came_back(ticket.target)
            raise contested(claim)
        return ticket

    def _target(self, retry: str, *, write: bool, body: bytes = b"") -> Target:
        route = self.route
        taxed = route.name in TAKES_TAX and (b'"auto_compute_tax"' in body or route.name != "POST /orders")
        return Target(self.key.entity.code, retry, route.name, route.resource, write, computes_tax=taxed)

    def _replayed(self, stored: Stored) -> Outcome:
        answer = self.world.journal.stored(stored.offset, stored.length)
        if self.route.marks_replay:
            for fresh, again in REPLAY_MARKERS:
                answer = answer.replace(fresh, again)
        return Outcome(stored.status, answer, subjects=self.path_ids)

    def _refuse_frozen(self, target: Target) -> None:
        world, code = self.world, self.key.entity.code
        until = world.frozen.get(code, 0.0)
        if until <= time.monotonic():
            return
        token = world.freeze_tokens.get(code)
        if token is not None and self.request.headers.get("X-Freeze-Token") == token:
            self._need("migration:write")
            return
        if not math.isinf(until):
            world.faults.inject("frozen", target)
        raise delivery.frozen()

    def _struck(self, lie: str) -> web.StreamResponse:
        """Answer with a lie that comes before any commit."""
        world = self.world
        if lie == "throttle":
            raise delivery.throttled(world.faults.plan.throttle_after_s)
        if lie == "frozen":
            world.frozen[self.key.entity.code] = time.monotonic() + world.faults.plan.frozen_ms / 1000
            raise delivery.frozen()
        if lie == "gateway_garbage":
            return delivery.garbage(self)
        raise delivery.broken()

    # both

    async def _latency(self) -> None:
        if self.world.latency:
            await asyncio.sleep(self.world.latency)

    def _execute(
        self, body: bytes, *, view: View | None = None, ticket: Ticket | None = None, tax_down: bool = False
    ) -> Outcome:
        """Run the handler and commit; nothing is awaited in here, so a call is atomic."""
        world, entity, now = self.world, self.key.entity, self.world.clock.now()
        tx = Transaction(entity)
        call = Call(
            entity=entity,
            view=view or tx,
            tx=tx,
            profile=world.profile,
            ids=world.ids,
            at=now,
            now=iso(now),
            path_ids=self.path_ids,
            query=NO_QUERY if ticket is not None else self.request.query,
            scopes=self.key.scopes,
            tax_down=tax_down,
            path=self.path,
            activity=world.activity[entity.code],
        )
        try:
            if ticket is None:
                call.expand = check_expand(self.request.query, self.route, scopes=self.key.scopes)
            else:
                call.body = _parsed(body)
            outcome = rendered(self.route.handler(call), tx, world.profile, self.path_ids)
        except Refusal as refusal:
            outcome = self._refused(refusal)
            outcome.changes = tx.changes if refusal.keep else []
            outcome.subjects = self.path_ids
        if ticket is not None and (outcome.changes or ticket.scope):
            world.commit_call(self._head(call, ticket, outcome), entity, body=body, outcome=outcome)
        return outcome

    def _refused(self, refusal: Refusal) -> Outcome:
        self.world.stats.codes[refusal.code] += 1
        return refused(refusal, self.request_id)

    def _head(self, call: Call, ticket: Ticket, outcome: Outcome) -> Doc:
        main = outcome.main
        ident = main.get("id") if main is not None else None
        return {
            "kind": "call",
            "t": call.at,
            "at": call.now,
            "entity": call.entity.code,
            "method": self.request.method,
            "path": self.path,
            "route": self.route.name,
            "key": ticket.scope.partition(":")[2] if ticket.scope else None,
            "digest": ticket.fingerprint.hex(),
            "status": outcome.status,
            "resource": self.route.resource,
            "resource_id": ident or (self.path_ids[-1] if self.path_ids else None),
            "order_id": outcome.order_id,
            "request_id": self.request_id,
            "effects": call.effects,
        }


def _parsed(body: bytes) -> Doc:
    if not body:
        return {}
    try:
        return must_be_object(parse(body))
    except ValueError as error:
        raise Refusal(400, "validation_failed", f"The request body is not JSON: {error}.") from error


def contested(claim: Claim) -> Refusal:
    """The key is somebody else's."""
    if claim is Claim.IN_USE:
        return Refusal(409, "idempotency_key_in_use", "The first request with this key has not been answered yet.")
    return Refusal(409, "idempotency_key_mismatch", "This key was used with another request.")
