"""Effects survive the ledger, and a receipt is laid over what was known without losing any of it."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from schemas.base import Kind, Ref
from schemas.effect import Component, Confirm, CreateOrder, DocumentType, Effect, RecordPayment, SaleLine
from schemas.party import Party
from schemas.posted import Posted, PostedAdjustment, PostedLine, PostedStatus

ORDER = Ref(external_source="shopify", tenant="a", kind=Kind.ORDER, external_id="1")
ACCOUNT = Ref(external_source="shopify", tenant="a", kind=Kind.ACCOUNT, external_id="61")
EFFECTS: list[Effect] = [
    CreateOrder(
        document=ORDER,
        name="order:1/create#1",
        source_version="v",
        policy_version="p",
        currency="USD",
        document_type=DocumentType.SALES_ORDER,
        account=ACCOUNT,
        party=Party(),
        business_date=date(2026, 6, 1),
        lines=(SaleLine(line_id="11", component=Component.GOODS, sku="A", quantity=1, rate=Decimal("1.50")),),
        total=Decimal("1.50"),
    ),
    Confirm(
        document=ORDER, name="order:1/confirm", source_version="v", policy_version="p", currency="USD", order_erp_id="o"
    ),
    RecordPayment(
        document=ORDER,
        name="payment:9/record",
        source_version="v",
        policy_version="p",
        currency="USD",
        order_erp_id="o",
        account_erp_id="c",
        method="external",
        amount=Decimal("1.50"),
        business_date=date(2026, 6, 1),
        reference="a:9",
    ),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.effect)
def test_an_effect_survives_json(effect: Effect) -> None:
    adapter: TypeAdapter[Effect] = TypeAdapter(Effect)
    again = adapter.validate_json(adapter.dump_json(effect))
    assert again == effect
    assert type(again) is type(effect)


def line(number: str, rate: str) -> PostedLine:
    return PostedLine(
        line_id=number,
        component=Component.GOODS,
        erp_id=f"l{number}",
        quantity=1,
        rate=Decimal(rate),
        total=Decimal(rate),
    )


def fee(label: str) -> PostedAdjustment:
    return PostedAdjustment(label=label, component=Component.FEES, amount=Decimal(1))


KNOWN = Posted(
    document=ORDER,
    erp_id="o",
    erp_number="SO-1",
    currency="USD",
    revision=2,
    order_erp_id="o",
    lines=(line("1", "5"), line("2", "3")),
    adjustments=(fee("one"),),
    addresses=(("x", "a1"),),
    policy_version="p1",
    total=Decimal(8),
)


def test_a_receipt_brings_its_scalars_and_adds_to_the_lists() -> None:
    receipt = Posted(
        document=ORDER,
        erp_id="o",
        currency="USD",
        status=PostedStatus.SHIPPED,
        lines=(line("2", "4"), line("3", "1")),
        adjustments=(fee("two"),),
        addresses=(("x", "a2"), ("y", "a3")),
        policy_version="p2",
        total=Decimal(10),
    )
    found = KNOWN.carried(receipt)
    assert [(one.line_id, one.rate) for one in found.lines] == [("1", Decimal(5)), ("2", Decimal(4)), ("3", Decimal(1))]
    assert [one.label for one in found.adjustments] == ["one", "two"]
    assert dict(found.addresses) == {"x": "a2", "y": "a3"}
    assert (found.status, found.total, found.revision) == (PostedStatus.SHIPPED, Decimal(10), 2)
    assert (found.erp_number, found.order_erp_id, found.policy_version) == ("SO-1", "o", "p1")


def test_a_receipt_of_another_document_replaces_what_was_known() -> None:
    other = Posted(document=ORDER, erp_id="o2", currency="USD")
    assert KNOWN.carried(other) is other
