"""The control plane under /_sandbox: seeds, faults, clock, freeze, period, what a person does, and every report."""

import math
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator

from aiohttp import web

from sandbox.arcus import by_hand
from sandbox.arcus.clock import iso
from sandbox.arcus.errors import Doc, Refusal, invalid, not_found
from sandbox.arcus.faults import Plan
from sandbox.arcus.fields import must_be_object
from sandbox.arcus.journal import parse
from sandbox.arcus.money import encode
from sandbox.arcus.occurrences import FAMILIES
from sandbox.arcus.resources import hydrate
from sandbox.arcus.seeding import seed
from sandbox.arcus.store import TABLES, Entity
from sandbox.arcus.webhooks import Mischief
from sandbox.arcus.world import World

NDJSON = "application/x-ndjson"
CHUNK = 256  # lines a write
Action = Callable[["Control", web.BaseRequest, Doc], Awaitable[web.StreamResponse]]


class Control:
    """No key is asked for: it is reachable from the loopback only, as the whole sandbox is."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one control request."""
        name = f"{request.method} {request.path.removeprefix('/_sandbox/')}"
        try:
            action = _action(name)
            body = await _large(request)
            return await action(self, request, must_be_object(parse(body)) if body else {})
        except Refusal as refusal:
            return _json(refusal.body("req_control"), refusal.status)
        except (ValueError, KeyError, TypeError) as error:
            hint = f"{type(error).__name__}: {error}"
            return _json(Refusal(400, "validation_failed", hint).body("req_control"), 400)

    def _entity(self, name: str | None) -> Entity:
        entities = self.world.entities
        if name is None and len(entities) == 1:
            return next(iter(entities.values()))
        entity = entities.get(name or "")
        if entity is None:
            raise not_found("entity", str(name))
        return entity

    async def seed(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Put settings, products, accounts and cards into one entity, or into several under `entities`."""
        if "entities" in body:
            made = {code: seed(self.world, self._entity(code), part) for code, part in body["entities"].items()}
            return _json({"entities": made})
        return _json(seed(self.world, self._entity(body.get("entity")), body))

    async def set_faults(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Change the plan; counts go on."""
        faults = self.world.faults
        faults.plan = Plan.load(body, base=faults.plan)
        return _json(faults.report())

    async def get_faults(self, _request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Say plan and counts."""
        return _json(self.world.faults.report())

    async def set_clock(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Move the clock forward."""
        self.world.advance(float(body["advance_seconds"]))
        return await self.get_clock(_request, body)

    async def get_clock(self, _request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Say what the sandbox believes the time to be."""
        clock = self.world.clock
        return _json({"now": clock.now(), "date": clock.http_date(), "offset": clock.offset})

    async def latency(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Take so long before a write's commit and after it: slow, not lying."""
        self.world.hesitation = float(body["before_ms"]) / 1000
        self.world.latency = float(body["after_ms"]) / 1000
        return _json(body)

    async def moments(self, request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Say when calls arrived, were committed and answered, of keys touched in the last `seconds`."""
        now = time.time()
        rows = self.world.moments.since(now - float(request.query.get("seconds", "60")))
        return _json({"now": now, "keys": rows})

    async def freeze(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Refuse writes with 423, for `seconds` or until unfreeze; the token lets `X-Freeze-Token` pass."""
        entity, seconds = self._entity(body.get("entity")), body.get("seconds")
        until = math.inf if seconds is None else time.monotonic() + float(seconds)
        token = secrets.token_hex(16)
        self.world.frozen[entity.code] = until
        self.world.freeze_tokens[entity.code] = token
        return _json({"entity": entity.code, "freeze_token": token})

    async def unfreeze(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Take writes again."""
        entity = self._entity(body.get("entity"))
        self.world.frozen.pop(entity.code, None)
        self.world.freeze_tokens.pop(entity.code, None)
        return _json({"entity": entity.code, "frozen": False})

    async def close_period(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Refuse payment dates before a day; null opens everything."""
        entity = self._entity(body.get("entity"))
        self.world.put_settings(entity, {"closed_before": body["before"]})
        return _json(entity.settings)

    async def fulfil(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Ship an order as the warehouse would: whole, or its first line where `partial`."""
        call = self.world.call(self._entity(body.get("entity")))
        order, partial = call.order(body["order_id"]), bool(body.get("partial"))
        status = "partially_fulfilled" if partial else "fulfilled"
        lines = [
            {**line, "quantity_fulfilled": 0 if partial and index else line["quantity"]}
            for index, line in enumerate(order["line_items"])
        ]
        shipped = {"line_items": lines, "fulfillment_status": status, "order_status": status, "updated_at": call.now}
        changed = {**order, **shipped}
        self._by_hand(call.entity, "orders", changed, route="POST /orders/{}/fulfil")
        return _json(changed)

    async def edit(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Change fields of one document as a person in the app would."""
        entity, table = self._entity(body.get("entity")), body["table"]
        if table not in TABLES:
            raise invalid("table", f"must be one of: {', '.join(TABLES)}.")
        doc = entity.get(table, body["id"])
        if doc is None:
            raise not_found(table, body["id"])
        stamp = {"updated_at": iso(self.world.clock.now())} if "updated_at" in doc else {}
        changed = {**doc, **stamp, **body["set"]}
        if table in FAMILIES:
            self._by_hand(entity, table, changed, route=f"PATCH /{table}/{{}}")
        else:
            self.world.commit_control(entity, [(table, changed)])
        return _json(changed)

    def _by_hand(self, entity: Entity, table: str, doc: Doc, *, route: str) -> None:
        self.world.commit_by_hand(entity, [(table, doc)], route=route, resource=table, ident=doc["id"])

    async def hand(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Do what a person does in the app: confirm, cancel, void, release, refund, merge."""
        return _json(by_hand.do(self.world, self._entity(body.get("entity")).code, body))

    async def set_webhooks(self, _request: web.BaseRequest, body: Doc) -> web.StreamResponse:
        """Change how badly deliveries go."""
        webhooks = self.world.webhooks
        webhooks.mischief = Mischief.load(body, base=webhooks.mischief)
        return _json(webhooks.report())

    async def get_webhooks(self, _request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Say what was emitted and what became of it."""
        return _json(self.world.webhooks.report())

    async def state(self, request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Dump every document: NDJSON lines, or one object with `format=json`."""
        code = request.query.get("entity")
        entities = list(self.world.entities.values()) if code is None else [self._entity(code)]
        if request.query.get("format") == "json":
            dump = {entity.code: {table: list(self._rows(entity, table)) for table in TABLES} for entity in entities}
            return _json(dump)
        lines = (
            encode({"entity": entity.code, "resource": table, "doc": doc}) + b"\n"
            for entity in entities
            for table in TABLES
            for doc in self._rows(entity, table)
        )
        return await _stream(request, lines)

    def _rows(self, entity: Entity, table: str) -> Iterator[Doc]:
        call = self.world.call(entity)
        for doc in list(entity.scan(table)):
            yield hydrate.order(call, doc) if table == "orders" else doc

    async def log(self, request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Stream every committed write in order as NDJSON, from behind `after`."""
        return await _stream(request, self.world.write_log(int(request.query.get("after", "0"))))

    async def stats(self, _request: web.BaseRequest, _body: Doc) -> web.StreamResponse:
        """Say counts of requests, effects, faults, CPU, concurrency and rate."""
        world, now = self.world, time.monotonic()
        keys = {
            code: {
                "last_minute": key.window.used(now),
                "peak_minute": key.window.peak,
                "admitted": key.window.admitted,
                "limit": key.window.tier.per_minute if key.window.tier is not None else None,
            }
            for code, key in world.keys.by_code.items()
        }
        faults = world.faults.report()
        return _json(
            {
                **world.stats.report(),
                "faults_injected": faults["injected"],
                "faults_met": faults["met"],
                "keys": keys,
                "idempotency_keys": len(world.desk),
                "committed": world.seq,
                "profile": world.profile.name,
                "tier": world.config.tier,
                "now": world.clock.now(),
            }
        )


ACTIONS: dict[str, Action] = {
    "POST seed": Control.seed,
    "POST faults": Control.set_faults,
    "GET faults": Control.get_faults,
    "POST clock": Control.set_clock,
    "GET clock": Control.get_clock,
    "POST latency": Control.latency,
    "GET moments": Control.moments,
    "POST freeze": Control.freeze,
    "POST unfreeze": Control.unfreeze,
    "POST close-period": Control.close_period,
    "POST fulfil": Control.fulfil,
    "POST edit": Control.edit,
    "POST by-hand": Control.hand,
    "POST webhooks": Control.set_webhooks,
    "GET webhooks": Control.get_webhooks,
    "GET state": Control.state,
    "GET log": Control.log,
    "GET stats": Control.stats,
}


def _action(name: str) -> Action:
    action = ACTIONS.get(name)
    if action is None:
        raise Refusal(404, "not_found", f"No control {name}; there are: {', '.join(sorted(ACTIONS))}.")
    return action


async def _large(request: web.BaseRequest) -> bytes:
    """Return the body whatever its size: seeds may be larger than what the API takes."""
    return b"".join([chunk async for chunk in request.content.iter_any()])


def _json(doc: Doc, status: int = 200) -> web.Response:
    return web.Response(body=encode(doc), status=status, content_type="application/json")


async def _stream(request: web.BaseRequest, lines: Iterable[bytes]) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": NDJSON})
    await answer.prepare(request)
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == CHUNK:
            await answer.write(b"".join(batch))
            batch = []
    await answer.write(b"".join(batch))
    return answer
