"""Facts, intents and closings for ledger tests, and waiting for a condition."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from schemas.base import Kind, Ref, Version
from schemas.effect import Confirm, CreateOrder, DocumentType, Effect
from schemas.event import Envelope, Event, Fact, Key, Position
from schemas.order import Line, LineCategory, Order, Totals
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.party import Party
from schemas.payment import Payment, PaymentKind, PaymentStatus
from schemas.posted import Posted
from service.ledger.ledger import SqlLedger
from service.ports import Arrival, Busy, Closing, EventEnd, Intent, IntentState, Lease, Opened, Step

ERP = "arcus"
SOURCE = "shopify"
TENANT = "a.myshopify.com"
NOON = datetime(2026, 5, 11, 12, 0, 0, tzinfo=UTC)
PATIENCE_S = 20.0

T = TypeVar("T")


def key_of(root: str, tenant: str = TENANT) -> str:
    return f"{SOURCE}|{tenant}|{root}"


def ref(external_id: str, kind: Kind = Kind.ORDER, tenant: str = TENANT) -> Ref:
    return Ref(external_source=SOURCE, tenant=tenant, kind=kind, external_id=external_id)


def order(
    external_id: str = "1",
    *,
    minute: int = 0,
    rank: int = 0,
    total: str = "10.00",
    email: str = "a@example.com",
    name: str = "#1001",
    tenant: str = TENANT,
) -> Order:
    at = NOON + timedelta(minutes=minute)
    amount = Decimal(total)
    zero = Decimal(0)
    return Order(
        external_source=SOURCE,
        tenant=tenant,
        external_id=external_id,
        version=Version(at=at, rank=rank),
        name=name,
        number=name.lstrip("#"),
        currency="USD",
        placed_at=NOON,
        business_date=date(2026, 5, 11),
        updated_at=at,
        lines=(
            Line(
                external_id="l1",
                category=LineCategory.STOCK,
                sku="SKU-1",
                quantity=1,
                current_quantity=1,
                unit_price=amount,
                properties=(("Engraving", email),),
            ),
        ),
        totals=Totals(
            lines=amount, discounts=zero, shipping=zero, tax=zero, tips=zero, duties=zero, fees=zero, total=amount
        ),
        current_total=amount,
        buyer=Party(email=email),
    )


def payment(
    external_id: str = "9",
    *,
    order_id: str = "1",
    amount: str = "10.00",
    rank: int = 1,
    refund_id: str | None = None,
    parent_id: str | None = None,
) -> Payment:
    return Payment(
        external_source=SOURCE,
        tenant=TENANT,
        external_id=external_id,
        version=Version(at=NOON, rank=rank),
        order_id=order_id,
        parent_id=parent_id,
        refund_id=refund_id,
        payment_kind=PaymentKind.SALE,
        status=PaymentStatus.SUCCESS,
        gateway="paypal",
        amount=Decimal(amount),
        currency="USD",
        processed_at=NOON,
        business_date=date(2026, 5, 11),
    )


def arrival(*facts: Fact, event: str = "e1", root: str = "1", offset: int = 7, tenant: str = TENANT) -> Arrival:
    return Arrival(
        id=event,
        event=Event(
            envelope=Envelope(
                external_source=SOURCE, tenant=tenant, topic="orders/create", event_id="x", delivery_id="y"
            ),
            key=Key(external_source=SOURCE, tenant=tenant, root=root),
            facts=facts,
        ),
        position=Position(topic="shopify", partition=0, offset=offset),
    )


def create(external_id: str = "1", *, tenant: str = TENANT) -> CreateOrder:
    return CreateOrder(
        document=ref(external_id, tenant=tenant),
        name=f"order:{external_id}/create#1",
        source_version="v",
        policy_version="p1",
        currency="USD",
        document_type=DocumentType.SALES_ORDER,
        account=ref("guest", Kind.ACCOUNT),
        party=Party(),
        business_date=date(2026, 5, 11),
        lines=(),
        total=Decimal("10.00"),
    )


def confirm(external_id: str = "1") -> Confirm:
    return Confirm(
        document=ref(external_id),
        name=f"order:{external_id}/confirm",
        source_version="v",
        policy_version="p1",
        currency="USD",
        order_erp_id="E-1",
    )


def intent(
    external_id: str = "1", *, generation: int = 1, effect: Effect | None = None, body: bytes = b'{"total": 10.00}'
) -> Intent:
    effect = effect or create(external_id)
    return Intent(
        id=f"of-{effect.name}-{generation}",
        erp=ERP,
        key=key_of(external_id),
        document=effect.document,
        effect=effect,
        generation=generation,
        step=Step("POST", "/orders", body),
        credential="c0ffee",
        attempted_at=100.0,
        deadline=130.0,
        erp_time=99.0,
    )


def ended(
    one: Intent, state: IntentState = IntentState.DONE, answer: str = "201 created", how: str = "answer"
) -> Intent:
    return replace(one, state=state, answer=answer, how=how)


def posted(external_id: str = "1", *, erp_id: str = "E-1", number: str = "SO-77", total: str = "10.00") -> Posted:
    return Posted(
        document=ref(external_id), erp_id=erp_id, erp_number=number, currency="USD", total=Decimal(total), read_at=5.0
    )


def parked(
    external_id: str = "1", *, reason: Reason = Reason.SKU_UNKNOWN, release: str = "sku:SKU-1", detail: str = "SKU-1"
) -> Verdict:
    return Verdict(
        document=ref(external_id),
        outcome=OutcomeName.PARKED,
        reason=reason,
        detail=detail,
        release=release,
        amount="10.00 USD",
    )


def said(external_id: str = "1", outcome: OutcomeName = OutcomeName.POSTED, reason: Reason | None = None) -> Verdict:
    return Verdict(document=ref(external_id), outcome=outcome, reason=reason)


def closing(
    lease: Lease, *verdicts: Verdict, events: tuple[EventEnd, ...] = (), wake_at: float | None = None
) -> Closing:
    return Closing(lease, verdicts, (), events, wake_at=wake_at)


def event_end(one: Arrival, outcome: OutcomeName = OutcomeName.POSTED, reason: Reason | None = None) -> EventEnd:
    return EventEnd(one, outcome, reason, "detail")


async def opened(ledger: SqlLedger, key: str, *arrivals: Arrival) -> Opened:
    """Open a key that must be free."""
    found = await ledger.open(key, arrivals)
    assert isinstance(found, Opened), found
    return found


async def visit(ledger: SqlLedger, key: str, *arrivals: Arrival, verdicts: tuple[Verdict, ...] = ()) -> Opened:
    """Open a key and leave it."""
    found = await opened(ledger, key, *arrivals)
    await ledger.close(closing(found.lease, *verdicts))
    return found


async def taken_over(ledger: SqlLedger, key: str) -> Opened:
    """Open a key as soon as its lease has run out."""

    async def look() -> Opened | None:
        found = await ledger.open(key, ())
        return None if isinstance(found, Busy) else found

    return await eventually(look)


async def eventually(look: Callable[[], Awaitable[T | None]]) -> T:
    """Wait until `look` finds something."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("what was waited for did not happen")
