"""Facts know what they are, and survive JSON."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from schemas.base import Kind, Ref, Tagged, Version
from schemas.event import Envelope, Event, Fact, Key, Position
from schemas.money import Money
from schemas.order import Line, LineCategory, Order, OrderDeletion, OrderEdit, Totals
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.party import Address
from schemas.payment import Payment, PaymentKind, PaymentStatus
from schemas.refund import Refund, RefundLine

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 1)
VERSION = Version(at=NOW, triggered_at=NOW, rank=30)


def payment(kind: PaymentKind = PaymentKind.SALE, status: PaymentStatus = PaymentStatus.SUCCESS) -> Payment:
    return Payment(
        external_source="shopify",
        tenant="a",
        external_id="5",
        version=VERSION,
        order_id="1",
        payment_kind=kind,
        status=status,
        gateway="cash",
        amount=Decimal("9.99"),
        currency="GBP",
        shop_money=Money(amount=Decimal("12.34"), currency="USD"),
        processed_at=NOW,
        business_date=DAY,
    )


def order() -> Order:
    zero = Decimal(0)
    line = Line(
        external_id="11", category=LineCategory.STOCK, quantity=1, current_quantity=1, unit_price=Decimal("12.34")
    )
    totals = Totals(
        lines=Decimal("12.34"), discounts=zero, shipping=zero, tax=zero, tips=zero, duties=zero, fees=zero,
        total=Decimal("12.34"),
    )  # fmt: skip
    return Order(
        external_source="shopify",
        tenant="a",
        external_id="1",
        version=VERSION,
        name="#1",
        currency="USD",
        placed_at=NOW,
        business_date=DAY,
        updated_at=NOW,
        lines=(line,),
        totals=totals,
        current_total=Decimal("12.34"),
        ship_to=Address(city="Lynn"),
        attributes=(("gift message", "x"),),
    )


def refund() -> Refund:
    lines = (RefundLine(line_id="11", quantity=1, subtotal=Decimal("12.34")),)
    return Refund(
        external_source="shopify",
        tenant="a",
        external_id="7",
        version=VERSION,
        order_id="1",
        created_at=NOW,
        business_date=DAY,
        lines=lines,
    )


def edit() -> OrderEdit:
    return OrderEdit(external_source="shopify", tenant="a", external_id="8", version=VERSION)


def deletion() -> OrderDeletion:
    return OrderDeletion(external_source="shopify", tenant="a", external_id="1", version=VERSION)


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        (order(), Kind.ORDER),
        (edit(), Kind.ORDER_EDIT),
        (deletion(), Kind.ORDER_DELETION),
        (payment(), Kind.PAYMENT),
        (refund(), Kind.REFUND),
    ],
)
def test_a_fact_names_its_entity_and_survives_json(fact: Fact, kind: Kind) -> None:
    assert isinstance(fact, Tagged)
    assert fact.ref.kind is kind
    event = Event(
        envelope=Envelope(external_source="shopify", tenant="a", triggered_at=NOW),
        key=Key(external_source="shopify", tenant="a", root="1"),
        facts=(fact,),
    )
    again = Event.model_validate_json(event.model_dump_json())
    assert again == event
    assert type(again.facts[0]) is type(fact)


@pytest.mark.parametrize(
    ("kind", "status", "moves"),
    [
        (PaymentKind.SALE, PaymentStatus.SUCCESS, True),
        (PaymentKind.CAPTURE, PaymentStatus.SUCCESS, True),
        (PaymentKind.REFUND, PaymentStatus.SUCCESS, True),
        (PaymentKind.REFUND, PaymentStatus.PENDING, False),
        (PaymentKind.AUTHORIZATION, PaymentStatus.SUCCESS, False),
        (PaymentKind.VOID, PaymentStatus.SUCCESS, False),
        (PaymentKind.OTHER, PaymentStatus.SUCCESS, False),
    ],
)
def test_only_successful_captures_sales_and_refunds_move_cash(
    kind: PaymentKind, status: PaymentStatus, *, moves: bool
) -> None:
    assert payment(kind, status).moves_cash is moves


def test_a_key_is_one_lane_and_can_be_looked_up() -> None:
    one, same = (Key(external_source="shopify", tenant="a", root="1") for _ in range(2))
    assert {one: "lane"}[same] == "lane"
    assert str(one) == "shopify|a|1"


def test_a_quantity_is_never_negative() -> None:
    with pytest.raises(ValidationError):
        RefundLine(line_id="1", quantity=-1, subtotal=Decimal(1))


def test_a_verdict_names_its_reason_by_a_code_that_does_not_change() -> None:
    ref = Ref(external_source="shopify", tenant="a", kind=Kind.ORDER, external_id="1")
    verdict = Verdict(document=ref, outcome=OutcomeName.PARKED, reason=Reason.SKU_UNKNOWN, release="sku:A")
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    assert '"reason":"sku_unknown"' in verdict.model_dump_json()


def test_reasons_have_codes_of_their_own() -> None:
    codes = [reason.value for reason in Reason]
    assert len(codes) == len(set(codes))
    assert all(reason.name.lower() == reason.value for reason in Reason)


def test_a_position_says_where_a_record_stands() -> None:
    place = Position(topic="orders", partition=3, offset=17)
    assert Position.model_validate_json(place.model_dump_json()) == place
