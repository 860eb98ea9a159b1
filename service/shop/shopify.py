"""One Shopify shop, read by its Admin GraphQL API: within its points, behind a breaker of its own, never written to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx
from pydantic import SecretStr

from connectors.errors import Invalid
from connectors.shopify.reader import (
    Answer,
    Ask,
    Cost,
    Data,
    Failed,
    Pages,
    Unreadable,
    every,
    gone,
    read_answer,
    read_event,
    read_order,
)
from service.errors import Refused, Retryable, Unknown
from service.http.points import Points
from service.ports import Clock, OrderRead, Priority

_GUESS = 100.0  # points of a query that was never asked: a first page of a usual order
_AGAIN_S = 0.5  # after a throttled answer, and until the points are there; others may use the same bucket
_WORDS = {
    401: "the shop does not accept the token: set the tenant's shop_token to a valid one",
    402: "the shop is frozen: its plan is not paid",
    403: "the token may not read orders: grant the app read_orders (and read_products), or set another shop_token",
    404: "there is no such shop or API version: check the tenant's name, shopify.base_url and shopify.api_version",
    423: "the shop is locked",
}


class Courier(Protocol):
    """What carries a request: `service.http.courier.Courier`."""

    async def send(
        self, request: httpx.Request, *, lane: Priority, deadline_s: float, what: str, resend: bool
    ) -> httpx.Response:
        """Send once; return the complete answer of whatever status, or raise Retryable, Unknown or Waiting."""
        ...


@dataclass(frozen=True, kw_only=True)
class ShopifySettings:
    """How one shop is asked."""

    tenant: str
    url: str
    """Of the Admin GraphQL API, with its version."""
    token: SecretStr
    api_version: str
    zone: tzinfo | None
    pages: Pages
    call_deadline_s: float = 30.0
    patience_s: float = 60.0
    """How long one question may wait for points."""


@dataclass
class ShopifyShop:
    """Implements `service.ports.Shop`."""

    settings: ShopifySettings
    courier: Courier
    clock: Clock
    points: Points = field(default_factory=Points)
    _costs: dict[str, float] = field(default_factory=dict)

    async def reach(self) -> None:
        """See whether the shop answers this token, and knows all that it will be asked for.

        Raises Retryable, Refused or Waiting.
        """
        for ask in every(self.settings.pages):
            await self._ask(ask, f"asking {self.settings.tenant}")

    async def read(self, order_id: str) -> OrderRead:
        """Read an order with all that belongs to it; see the port."""
        given = self.settings
        what = f"reading order {order_id} of {given.tenant}"
        reading = read_order(order_id, given.pages)
        data, at = await self._ask(next(reading), what)
        while True:
            try:
                ask = reading.send(data)
            except StopIteration as end:
                body: dict[str, object] | None = end.value
                break
            except Unreadable as error:
                raise Retryable(what, f"only a read: {error}") from None
            data, _ = await self._ask(ask, what)
        if body is None:
            return OrderRead(gone(order_id, tenant=given.tenant, at=at, api_version=given.api_version), at, shown=False)
        try:
            event = read_event(body, tenant=given.tenant, zone=given.zone, at=at, api_version=given.api_version)
        except Invalid as invalid:
            return OrderRead(invalid, at, shown=True)
        return OrderRead(event, at, shown=True)

    async def _ask(self, ask: Ask, what: str) -> tuple[dict[str, object], datetime]:
        until = self.clock.now() + self.settings.patience_s
        while True:
            await self._wait(ask, until, what)
            response = await self._send(ask, what)
            answer = self._answer(response, what)
            self._learn(ask, answer)
            if isinstance(answer, Data):
                return answer.data, self._moment(response)
            if isinstance(answer, Failed):
                if answer.again:
                    raise Retryable(what, f"only a read: the shop answered {answer.code}: {answer.words}")
                raise Refused(what, response.status_code, answer.code, answer.words)
            await self._pause(_AGAIN_S, until, what)

    async def _wait(self, ask: Ask, until: float, what: str) -> None:
        cost = self._costs.get(ask.name, _GUESS)
        await self._pause(self.points.wait(cost, self.clock.now()), until, what)

    async def _pause(self, seconds: float, until: float, what: str) -> None:
        if seconds <= 0:
            return
        if self.clock.now() + seconds > until:
            raise Retryable(what, "only a read: the shop's points are used up", after=seconds)
        await self.clock.sleep(seconds)

    async def _send(self, ask: Ask, what: str) -> httpx.Response:
        given = self.settings
        request = httpx.Request(
            "POST",
            given.url,
            headers={"X-Shopify-Access-Token": given.token.get_secret_value(), "Content-Type": "application/json"},
            content=json.dumps({"query": ask.query, "variables": ask.variables}).encode(),
        )
        try:
            return await self.courier.send(
                request, lane=Priority.RECOVERY, deadline_s=given.call_deadline_s, what=what, resend=False
            )
        except Unknown as unclear:
            raise Retryable(what, f"only a read: {unclear.why}") from unclear

    def _answer(self, response: httpx.Response, what: str) -> Answer:
        status = response.status_code
        if status == 200:
            return read_answer(response.content)
        if status == 429 or status >= 500:
            raise Retryable(what, f"only a read: answer {status}")
        raise Refused(what, status, "not_read", _WORDS.get(status, "the shop refuses to be read"))

    def _learn(self, ask: Ask, answer: Answer) -> None:
        cost: Cost | None = None if isinstance(answer, Failed) else answer.cost
        if cost is not None:
            self._costs[ask.name] = cost.requested
            self.points.learn(
                maximum=cost.maximum,
                available=cost.available,
                restore_rate=cost.restore_rate,
                now=self.clock.now(),
            )

    def _moment(self, response: httpx.Response) -> datetime:
        """The shop's clock, by the answer's `Date`; ours where it has none."""
        try:
            return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return datetime.fromtimestamp(self.clock.now(), UTC)
