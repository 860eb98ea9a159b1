"""The HTTP front of the Admin API, for all shops of one run: `/shops/<domain>/admin/api/<version>/graphql.json`."""

import asyncio
import json
import re
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Self

from aiohttp import web

from sandbox.shop.admin.bucket import Bucket
from sandbox.shop.admin.documents import order_document, refund_document
from sandbox.shop.admin.execute import Execution, Undefined, requested
from sandbox.shop.admin.query import Field, Malformed, parse
from sandbox.shop.documents import Doc
from sandbox.shop.model import Order

MOST = 1_000  # points of one query
GRACE = 0.2  # seconds that open requests get when the server stops
FAULTS = ("throttled", "500", "503", "reset", "lost", "garbage", "internal", "denied")
_PATH = re.compile(r"/shops/([^/]+)/admin/api/([^/]+)/graphql\.json")


@dataclass
class Town:
    """The shops, their tokens and orders, and how they answer."""

    tokens: dict[str, str] = field(default_factory=dict)
    """By the shop's domain."""
    orders: dict[tuple[str, int], Order] = field(default_factory=dict)
    maximum: float = 2_000.0
    restore_rate: float = 100.0
    ahead: timedelta = timedelta()
    """How far the shop's clock is ahead of ours."""
    undated: bool = False
    """Whether answers leave out their `Date`."""
    faults: deque[str] = field(default_factory=deque)
    """What becomes of the next requests, one after the other; `ok` lets one pass."""
    counted: Counter[str] = field(default_factory=Counter)
    """Requests by how they ended."""
    asked: list[Doc] = field(default_factory=list)
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def add(self, order: Order) -> None:
        """Let the shop show an order; what becomes of it later shows as well."""
        self.orders[order.shop.domain, order.id] = order
        self.tokens.setdefault(order.shop.domain, f"shpat_{order.shop.code}")

    def delete(self, order: Order) -> None:
        """Let the shop show it no more."""
        del self.orders[order.shop.domain, order.id]

    def bucket(self, domain: str) -> Bucket:
        """The bucket of one shop."""
        return self.buckets.setdefault(domain, Bucket(maximum=self.maximum, restore_rate=self.restore_rate))


class AdminApi:
    """A running server; use it as an async context manager."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.port = 0
        self._runner: web.ServerRunner | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on the loopback and return the port."""
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=GRACE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self.port

    async def stop(self) -> None:
        """Close the socket."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        content = await request.read()
        if request.path == "/_sandbox/faults":
            self.town.faults.extend(name for name in json.loads(content) if name in (*FAULTS, "ok"))
            return self._answer(200, dict(self.town.counted))
        fault = self.town.faults.popleft() if self.town.faults else "ok"
        self.town.counted[fault] += 1
        if fault == "reset":
            _cut(request)
            return web.Response()
        if fault in ("500", "503"):
            return web.Response(status=int(fault), text="<html>Oops</html>")
        status, answer = self._asked(request, content, fault)
        if fault == "lost":
            _cut(request)
        return self._answer(status, answer)

    def _asked(self, request: web.BaseRequest, content: bytes, fault: str) -> tuple[int, object]:
        found = _PATH.fullmatch(request.path)
        if found is None:
            return 404, {"errors": "Not Found"}
        domain = found[1]
        token = request.headers.get("X-Shopify-Access-Token")
        if token is None or self.town.tokens.get(domain) != token or fault == "denied":
            return 401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
        if fault == "garbage":
            return 200, "no object"
        asked = json.loads(content)
        self.town.asked.append(asked)
        try:
            return 200, self._carried_out(domain, parse(asked["query"], asked["variables"]), fault)
        except (Malformed, Undefined) as error:
            return 200, {"errors": [_error(str(error), "undefinedField")]}

    def _carried_out(self, domain: str, fields: list[Field], fault: str) -> Doc:
        bucket = self.town.bucket(domain)
        points = requested(fields)
        if points > MOST:
            return {"errors": [_error(f"Query cost is {points}, which exceeds {MOST}", "MAX_COST_EXCEEDED")]}
        if fault == "internal":
            return {"errors": [_error("Internal error. Looks like something went wrong", "INTERNAL_SERVER_ERROR")]}
        if fault == "throttled" or not bucket.take(points):
            self.town.counted["throttled for real"] += fault != "throttled"
            return {"errors": [_error("Throttled", "THROTTLED")], "extensions": _cost(bucket, points, None)}
        execution = Execution()
        data = {one.name: self._root(domain, one, execution) for one in fields}
        bucket.give_back(points - min(points, execution.cost))
        return {"data": data, "extensions": _cost(bucket, points, execution.cost)}

    def _root(self, domain: str, asked: Field, execution: Execution) -> Doc | None:
        kind, _, number = str(asked.arguments.get("id")).removeprefix("gid://shopify/").partition("/")
        orders = [order for (shop, _), order in self.town.orders.items() if shop == domain]
        if asked.name == "order" and kind == "Order":
            found = (order_document(order) for order in orders if str(order.id) == number)
        elif asked.name == "refund" and kind == "Refund":
            pairs = ((order, one) for order in orders for one in order.refunds)
            found = (refund_document(order, one) for order, one in pairs if str(one.id) == number)
        else:
            raise Undefined(f"Field '{asked.name}' doesn't exist on type 'QueryRoot'")
        return next((execution.select(document, asked.fields) for document in found), None)

    def _answer(self, status: int, doc: object) -> web.Response:
        date = "" if self.town.undated else format_datetime(datetime.now(UTC) + self.town.ahead, usegmt=True)
        return web.Response(
            status=status, body=json.dumps(doc).encode(), content_type="application/json", headers={"Date": date}
        )


def _cut(request: web.BaseRequest) -> None:
    transport = request.transport
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _error(message: str, code: str) -> Doc:
    return {"message": message, "extensions": {"code": code}}


def _cost(bucket: Bucket, points: int, actual: int | None) -> Doc:
    return {"cost": {"requestedQueryCost": points, "actualQueryCost": actual, "throttleStatus": bucket.status()}}
