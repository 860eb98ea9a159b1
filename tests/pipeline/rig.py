"""The story on a real ledger and a real sandbox over real HTTP: processes that may die, and the ERP's own books."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from sandbox.arcus.driver import Driver
from sandbox.arcus.faults import Plan
from sandbox.arcus.server import Sandbox
from schemas.base import Kind, Ref
from schemas.event import Envelope, Event, Fact, Key, Position
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.party import Address, Party
from schemas.posted import Posted
from service.bootstrap.service import Tables
from service.duties.policies import PolicyBook
from service.erp.arcus.adapter import Arcus
from service.errors import FenceLost, Retryable, Waiting
from service.http.transport import Transport
from service.ledger.database import Database
from service.ledger.desk import SqlDesk
from service.ledger.ledger import SqlLedger
from service.ledger.policies import SqlPolicies
from service.pipeline.news import Rejected, Wake
from service.pipeline.observer import Silent
from service.pipeline.publish import Timing
from service.pipeline.story import Story
from service.plan.policy import Policy
from service.ports import Arrival, EventEnd, Priority
from service.ports import Story as Told
from tests.erp_arcus.bench import courier_over
from tests.erp_arcus.effects import settings
from tests.plan.world import SHOP
from tests.plan.world import policy as plain_policy

TENANT = SHOP["tenant"]
HOME = Address(name="Ada Buyer", street1="1 Main St", city="Fresno", region="CA", postal_code="93650", country="US")
WORK = Address(company="Acme", street1="2 High St", city="Fresno", region="CA", postal_code="93650", country="US")
STORE = Address(company="The Shop", street1="3 Low St", city="Fresno", region="CA", postal_code="93650", country="US")
ADA = Party(customer_id="7", name="Ada Buyer", email="ada@example.com")

QUICK = Timing(call=2.0, settle=0.05, patience=4.0, again=0.05, pause=0.01, pause_max=0.05)
PATIENCE_S = 30.0
PAUSE_S = 0.01

SERVICES = ("TAX", "MKT-TAX", "TIP", "GIFT", "SHIP", "DUTY", "FEE", "CUSTOM")
GOODS = ("SKU-11", "SKU-12", "SKU-13", "SKU-14", "HOLD-1", "DRIFT-1", "INACTIVE-1")
PRODUCTS: list[dict[str, Any]] = [
    *({"sku": sku, "product_type": "service"} for sku in SERVICES),
    *({"sku": sku, "list_price": 10} for sku in GOODS),
]
_NUMBERS = count(1)


class TravelClock:
    """Real time, plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def key_of(root: str = "1") -> str:
    return f"shopify|{TENANT}|{root}"


def ref(kind: Kind, external_id: str) -> Ref:
    return Ref(**SHOP, kind=kind, external_id=external_id)


def root_of(fact: Fact) -> str:
    return getattr(fact, "order_id", None) or fact.external_id


def arrival(*facts: Fact, root: str | None = None, priority: Priority = Priority.LIVE) -> Arrival:
    """One event with these facts, at a position of its own."""
    number = next(_NUMBERS)
    key = Key(external_source="shopify", tenant=TENANT, root=root or root_of(facts[0]))
    event = Event(envelope=Envelope(external_source="shopify", tenant=TENANT), key=key, facts=facts)
    return Arrival(f"t/0/{number}/0", event, Position(topic="t", partition=0, offset=number), priority)


def unreadable(reason: Reason = Reason.INVALID) -> Rejected:
    """An event of order 1 that cannot be booked."""
    event = arrival(root="1")
    verdict = Verdict(document=ref(Kind.ORDER, "1"), outcome=OutcomeName.PARKED, reason=reason, detail="no id")
    return Rejected(event, verdict, EventEnd(event, OutcomeName.PARKED, reason))


def policy(**changes: Any) -> Policy:
    return plain_policy(**{"pick_up": STORE, **changes})


@dataclass
class Pod:
    """One process: a ledger of its own, an adapter that knows nothing yet, and the story."""

    name: str
    ledger: SqlLedger
    desk: SqlDesk
    book: PolicyBook
    arcus: Arcus
    story: Story
    clock: TravelClock

    async def handle(self, root: str, *work: Arrival | Rejected | Wake) -> None:
        """Bring a key forward as a lane does: again and again until it returns."""
        until = time.monotonic() + PATIENCE_S
        while True:
            if not self.book.fresh():
                await self.book.refresh()
            try:
                await self.story.handle(key_of(root), work)
            except (Retryable, Waiting, FenceLost):
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                return

    async def see(self, *facts: Fact, priority: Priority = Priority.LIVE) -> Arrival:
        """Let one event arrive."""
        event = arrival(*facts, priority=priority)
        await self.handle(event.event.key.root, event)
        return event

    async def wake(self, root: str = "1") -> None:
        """Look at a key although nothing arrived."""
        await self.handle(root, Wake())

    async def release(self) -> list[str]:
        """Do the releasing duty once: wake what is due or was abandoned."""
        keys = sorted({*await self.ledger.sweep.due(), *await self.ledger.sweep.abandoned()})
        for key in keys:
            await self.handle(key.split("|", 2)[2], Wake())
        return keys

    async def until(self, true: Callable[[], Any]) -> None:
        """Do the releasing duty again and again until something holds."""
        end = time.monotonic() + PATIENCE_S
        while not await true():
            assert time.monotonic() < end, "it never came to be"
            await self.release()
            await asyncio.sleep(PAUSE_S)

    async def told(self, root: str = "1") -> Told:
        return await self.desk.story(key_of(root))

    async def said(self, root: str = "1") -> dict[str, str]:
        """What became of each document: `order 1: posted`, `payment 91: parked/overpaid`."""
        return {
            f"{one.document.kind} {one.document.external_id}": one.outcome + (f"/{one.reason}" if one.reason else "")
            for one in (await self.told(root)).verdicts
        }

    async def detail(self, kind: Kind = Kind.ORDER, external_id: str = "1", root: str = "1") -> str:
        story = await self.told(root)
        return next(one.detail for one in story.verdicts if one.document == ref(kind, external_id))

    async def ended(self, event: Arrival) -> tuple[OutcomeName, Reason | None]:
        """How an event ended."""
        story = await self.told(event.event.key.root)
        end = next(one for one in story.events if one.arrival.id == event.id)
        return end.outcome, end.reason

    async def posted(self, kind: Kind = Kind.ORDER, external_id: str = "1", root: str = "1") -> Posted:
        story = await self.told(root)
        return next(one for one in story.posted if one.document == ref(kind, external_id))

    async def states(self, root: str = "1") -> list[tuple[str, int, str]]:
        """Every intent of a key: effect, generation, state."""
        return [(one.effect.name, one.generation, one.state.value) for one in (await self.told(root)).intents]


@dataclass
class Rig:
    """One database, one ERP, and as many processes as a test starts."""

    url: str
    sandbox: Sandbox
    driver: Driver
    transport: Transport
    stack: AsyncExitStack
    entity: str = "usd"
    clock: TravelClock = field(default_factory=TravelClock)

    async def pod(
        self,
        name: str = "a",
        *,
        policies: Sequence[Policy] | None = None,
        timing: Timing = QUICK,
        lease_seconds: float = 60.0,
        kind: type[Arcus] = Arcus,
        **changes: Any,
    ) -> Pod:
        """Start a process; the policies are those of its settings."""
        given = [policy()] if policies is None else policies
        ledger = await SqlLedger.open_at(self.url, erp="arcus", owner=name, lease_seconds=lease_seconds)
        self.stack.push_async_callback(ledger.stop)
        database = await self.stack.enter_async_context(Database(self.url))
        desk = SqlDesk(database)
        base = {(one.external_source, one.tenant): one for one in given}
        book = PolicyBook(base=base, tables=Tables(desk, SqlPolicies(database)))
        await book.refresh()
        arcus = self.adapter(timing, kind, **changes)
        story = Story(
            ledger=ledger,
            erp_of=lambda _source, _tenant: arcus,
            policies=book,
            clock=self.clock,
            observer=Silent(),
            timing=timing,
        )
        return Pod(name, ledger, desk, book, arcus, story, self.clock)

    def adapter(self, timing: Timing = QUICK, kind: type[Arcus] = Arcus, **changes: Any) -> Arcus:
        """Build an adapter as after a start."""
        given = {
            "base_url": f"{self.driver.base}/v1",
            "api_key": self.driver.keys[self.entity],
            "settle_horizon_s": timing.settle,
            "call_deadline_s": timing.call,
            "frozen_wait_s": 0.05,
            "product_refresh_s": 0.0,
        }
        return kind(settings=settings(**{**given, **changes}), courier=courier_over(self.transport), clock=self.clock)

    def lie(self, kinds: Mapping[str, float], **more: Any) -> None:
        """Let the ERP fail from now on."""
        faults = self.sandbox.world.faults
        faults.plan = Plan.load({"kinds": dict(kinds), **more}, base=Plan())

    async def books(self) -> Books:
        """Read the ERP's own database."""
        dump = await self.driver.control(f"state?format=json&entity={self.entity}")
        stats = await self.driver.control("stats")
        moved = {
            name: stats[name] for name in ("processor_charges", "processor_refunds", "emails", "marketplace_pushes")
        }
        return Books(dump[self.entity], moved)

    async def writes(self) -> int:
        """How many writes the ERP has committed."""
        return len(await self.driver.lines("log"))

    async def requests(self) -> int:
        """How many requests the ERP has seen."""
        return int((await self.driver.control("stats"))["requests_total"])


@dataclass(frozen=True)
class Books:
    """What the ERP's database holds, with nothing of ours in between."""

    tables: Mapping[str, list[dict[str, Any]]]
    moved: Mapping[str, int]

    def sound(self) -> Books:
        """Nothing twice, no money moved."""
        tagged = [order["metadata"] for order in self.tables["orders"] if order["metadata"]]
        _once("document", Counter((tag["kind"], tag["external_id"], tag["generation"]) for tag in tagged))
        _once("payment", Counter(one["external_reference"] for one in self.tables["payments"]))
        _once("credit", Counter(one["notes"] for one in self.tables["credits"]))
        _once("account", Counter(one["metadata"]["external_id"] for one in self.tables["accounts"]))
        for account in self.tables["accounts"]:
            _once("address", Counter(one["label"] for one in account["addresses"]))
        for order in self.tables["orders"]:
            _once("line", Counter(line["id"] for line in order["line_items"]))
        assert not any(self.moved.values()), f"money was moved: {self.moved}"
        return self

    def documents(self, kind: str = "order") -> list[dict[str, Any]]:
        """Documents of ours by the shop's kind, oldest first."""
        return [one for one in self.tables["orders"] if (one["metadata"] or {}).get("kind") == kind]

    def sale(self, external_id: str = "1") -> dict[str, Any]:
        """The live document of one order of the shop."""
        found = [one for one in self.documents() if one["metadata"]["external_id"] == external_id]
        return found[-1]

    def line(self, sku: str, external_id: str = "1") -> Decimal:
        """What one SKU comes to on a sale."""
        lines = self.sale(external_id)["line_items"]
        return sum((Decimal(line["line_total"]) for line in lines if line["sku"] == sku), Decimal(0))

    def payments(self) -> dict[str, tuple[str, Decimal, Decimal]]:
        """Transaction id to method, amount, and how much was given back."""
        return {
            one["external_reference"].rpartition(":")[2]: (
                one["payment_method"],
                Decimal(one["amount"]),
                Decimal(one["amount_refunded"]),
            )
            for one in self.tables["payments"]
        }

    def credits(self) -> list[Decimal]:
        """Credit memos."""
        return [Decimal(one["amount"]) for one in self.tables["credits"]]


def _once(what: str, counted: Counter[Any]) -> None:
    twice = {name: number for name, number in counted.items() if number > 1}
    assert not twice, f"{what} more than once: {twice}"
