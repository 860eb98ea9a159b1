"""One order with a payment that is parked: posted, paid in part, looked at by a person."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from schemas.base import Kind, Ref, Version
from schemas.effect import Component, Confirm, RecordPayment
from schemas.event import Envelope, Event, Key, Position
from schemas.money import Money
from schemas.order import Line, LineCategory, Order, Shipping, Tax, Totals
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.party import Party
from schemas.payment import Payment, PaymentKind, PaymentStatus
from schemas.posted import Posted, PostedLine, PostedStatus
from service.ports import Arrival, Audit, EventEnd, Intent, IntentState, Known, Parked, Step, Story

SHOP = "a.myshopify.com"
KEY = f"shopify|{SHOP}|1001001"
AT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
VERSION = Version(at=AT)
ORDER = Ref(external_source="shopify", tenant=SHOP, kind=Kind.ORDER, external_id="1001001")
PAYMENT = Ref(external_source="shopify", tenant=SHOP, kind=Kind.PAYMENT, external_id="77")


def money(text: str) -> Decimal:
    return Decimal(text)


def order() -> Order:
    return Order(
        external_source="shopify",
        tenant=SHOP,
        external_id="1001001",
        version=VERSION,
        name="#1001",
        currency="USD",
        placed_at=AT,
        updated_at=AT,
        business_date=date(2026, 5, 1),
        lines=(
            Line(
                external_id="11",
                category=LineCategory.STOCK,
                sku="MUG",
                quantity=2,
                current_quantity=2,
                unit_price=money("10.00"),
                discount=money("2.00"),
                taxes=(Tax(amount=money("1.50")),),
            ),
        ),
        shipping=(Shipping(title="Post", price=money("5.00")),),
        totals=Totals(
            lines=money("20.00"),
            discounts=money("2.00"),
            shipping=money("5.00"),
            tax=money("1.50"),
            tips=money("0"),
            duties=money("0"),
            fees=money("0"),
            total=money("24.50"),
        ),
        current_total=money("24.50"),
        buyer=Party(name="Bob Norman", email="bob@example.com"),
    )


def payment() -> Payment:
    return Payment(
        external_source="shopify",
        tenant=SHOP,
        external_id="77",
        version=VERSION,
        order_id="1001001",
        payment_kind=PaymentKind.SALE,
        status=PaymentStatus.SUCCESS,
        gateway="paypal",
        amount=money("24.50"),
        currency="USD",
        shop_money=Money(amount=money("24.50"), currency="USD"),
        processed_at=AT,
        business_date=date(2026, 5, 1),
    )


def posted(*, shipping: str = "5.00") -> Posted:
    def line(name: str, component: Component, quantity: int, rate: str) -> PostedLine:
        total = money(rate) * quantity
        return PostedLine(
            line_id=name, component=component, erp_id=f"l-{name}", quantity=quantity, rate=money(rate), total=total
        )

    return Posted(
        document=ORDER,
        erp_id="erp-1",
        erp_number="SO-9",
        document_type="sales_order",
        status=PostedStatus.CONFIRMED,
        currency="USD",
        lines=(
            line("11", Component.GOODS, 2, "10.00"),
            line("shipping", Component.SHIPPING, 1, shipping),
            line("tax", Component.TAX, 1, "1.50"),
        ),
        discount=money("2.00"),
        total=money("19.50") + money(shipping),
        balance=money("19.50") + money(shipping),
    )


def intent(name: str, state: IntentState, effect: Confirm | RecordPayment, *, how: str, attempts: int) -> Intent:
    return Intent(
        id=f"i-{name}",
        erp="arcus",
        key=KEY,
        document=effect.document,
        effect=effect,
        generation=1,
        step=Step("POST", f"/orders/erp-1/{name}", b'{"name":"Bob Norman"}'),
        credential="abc",
        attempted_at=AT.timestamp(),
        deadline=AT.timestamp() + 30,
        erp_time=0.0,
        attempts=attempts,
        state=state,
        answer="200",
        how=how,
    )


def common(name: str, document: Ref) -> dict[str, object]:
    return {
        "document": document,
        "name": name,
        "source_version": str(VERSION),
        "policy_version": "p1",
        "currency": "USD",
    }


def story() -> Story:
    confirm = Confirm.model_validate({**common("order:1001001/confirm", ORDER), "order_erp_id": "erp-1"})
    record = RecordPayment.model_validate(
        {
            **common("payment:77/record", PAYMENT),
            "order_erp_id": "erp-1",
            "account_erp_id": "acc-1",
            "method": "external",
            "amount": "24.50",
            "business_date": "2026-05-01",
            "reference": "a.myshopify.com:77",
        }
    )
    envelope = Envelope(external_source="shopify", tenant=SHOP, topic="orders/create", event_id="e-1", triggered_at=AT)
    event = Event(envelope=envelope, key=Key(external_source="shopify", tenant=SHOP, root="1001001"), facts=(order(),))
    arrival = Arrival(id="d-1", event=event, position=Position(topic="orderferry.shopify", partition=3, offset=42))
    return Story(
        key=KEY,
        known=(Known(order(), "x", "p1"), Known(payment(), "y", None)),
        posted=(posted(),),
        intents=(
            intent("confirm", IntentState.DONE, confirm, how="look_up", attempts=2),
            intent("record", IntentState.IN_DOUBT, record, how="", attempts=1),
        ),
        events=(EventEnd(arrival, OutcomeName.POSTED, None),),
        verdicts=(
            Verdict(document=ORDER, outcome=OutcomeName.POSTED),
            Verdict(
                document=PAYMENT,
                outcome=OutcomeName.PARKED,
                reason=Reason.TENDER_UNMAPPED,
                detail="gateway paypal has no tender",
                release="tender:paypal",
                amount="24.50 USD",
            ),
        ),
        audits=(Audit(at=AT.timestamp(), who="ann", action="release", subject=KEY, why="asked the bank"),),
    )


def parked(
    document: Ref = PAYMENT,
    *,
    key: str = KEY,
    reason: Reason = Reason.TENDER_UNMAPPED,
    release: str = "tender:paypal",
) -> Parked:
    return Parked(
        document=document,
        key=key,
        reason=reason,
        detail="gateway paypal has no tender",
        release=release,
        amount="24.50 USD",
        since=AT.timestamp(),
    )
