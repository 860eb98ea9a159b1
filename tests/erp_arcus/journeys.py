"""Whole ways of a sale through the adapter: each runs against an ERP that answers and against one that fails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas.effect import Component, CreateOrder, DocumentType
from schemas.posted import Posted, PostedStatus
from tests.erp_arcus.bench import Bench
from tests.erp_arcus.effects import (
    WORK,
    add_lines,
    adjust,
    cancel,
    charge,
    confirm,
    create_order,
    credit,
    give_back,
    goods,
    pay,
    refund_cash,
)


async def account_for(bench: Bench, effect: CreateOrder) -> Posted:
    """Create what the sale needs first."""
    account = bench.known.get(effect.account)
    while (need := bench.arcus.prerequisite(effect, account)) is not None:
        account = await bench.carry(need)
    assert account is not None
    return account


async def sell(bench: Bench, *lines: Any, **changes: Any) -> Posted:
    """Create the sale, with its account and addresses."""
    lines = lines or (
        goods("11", "TEA", 2, "10.00"),
        goods("12", "SHIRT-L", 1, "22.50"),
        charge(Component.SHIPPING, "5.00"),
        charge(Component.TAX, "3.33", "sku:TAX"),
    )
    effect = create_order(*lines, **changes)
    return await bench.carry(effect, await account_for(bench, effect))


async def open_sale(bench: Bench, *lines: Any, **changes: Any) -> Posted:
    """Create and confirm, where creating does not already post it."""
    sale = await sell(bench, *lines, **changes)
    if sale.status is PostedStatus.DRAFT:
        sale = await bench.carry(confirm(sale.erp_id, currency=sale.currency))
    assert sale.status is PostedStatus.CONFIRMED
    return sale


async def raised_and_paid(bench: Bench, document_type: DocumentType) -> None:
    """Sell to two places, round, add, confirm, pay in two parts."""
    sale = await sell(bench, document_type=document_type, bill_to=WORK, discount=Decimal("1.25"))
    assert sale.ship_to_erp_id != sale.bill_to_erp_id
    assert sale.total == Decimal("49.58")
    sale = await bench.carry(adjust(sale, "0.02"))
    assert (sale.total, sale.fees) == (Decimal("49.60"), Decimal("0.02"))
    assert [one.amount for one in sale.adjustments] == [Decimal("0.02")]
    sale = await bench.carry(add_lines(sale, goods("13", "TEA", 1, "10.00"), goods("14", "SHIRT-S", 1, "20.00")))
    assert sale.total == Decimal("79.60")
    assert [one.line_id for one in sale.lines] == ["11", "12", "shipping-1", "tax-1", "13", "14"]
    if sale.status is PostedStatus.DRAFT:
        sale = await bench.carry(confirm(sale.erp_id))
    first = await bench.carry(pay(sale, "50.00"))
    assert (first.total, first.order_erp_id) == (Decimal("50.00"), sale.erp_id)
    document = first.document.model_copy(update={"external_id": "9003"})
    second = await bench.carry(pay(sale, "29.60", document=document, method="credit"))
    assert second.erp_id != first.erp_id
    sale = await bench.reread(sale, until=lambda now: not now.balance)
    assert sale.paid == Decimal("79.60")
    assert len(sale.lines) == 6


async def given_back(bench: Bench, document_type: DocumentType) -> None:
    """Sell, pay, take goods back, give cash back, and thank with a credit."""
    sale = await open_sale(bench, document_type=document_type)
    paid = await bench.carry(pay(sale, "50.83"))
    back = give_back(sale, goods("11", "TEA", 1, "10.00"), charge(Component.TAX, "0.71", "sku:TAX"))
    returned = await bench.carry(back.model_copy(update={"total": Decimal("9.71")}))
    assert (returned.document_type, returned.total, returned.discount) == ("return", Decimal("9.71"), Decimal("1.00"))
    returned = await bench.carry(confirm(returned.erp_id, document=returned.document))
    assert returned.status is PostedStatus.CONFIRMED
    assert returned.order_erp_id == sale.erp_id
    cash = await bench.carry(refund_cash(paid, "9.71"))
    assert (cash.document_type, cash.total, cash.erp_id) == ("refund", Decimal("9.71"), paid.erp_id)
    assert bench.known[paid.document].refunded == Decimal("9.71")
    thanks = credit(sale, "2.00", document=returned.document.model_copy(update={"external_id": "5001:credit"}))
    assert (await bench.carry(thanks)).total == Decimal("2.00")


async def called_off(bench: Bench, document_type: DocumentType) -> None:
    """Sell, cancel unpaid, and sell the next revision."""
    sale = await open_sale(bench, document_type=document_type)
    gone = await bench.carry(cancel(sale.erp_id))
    assert gone.status is PostedStatus.CANCELLED
    again = create_order(
        goods("11", "TEA", 1, "10.00"), revision=2, name="order:1001/create#2", document_type=document_type
    )
    second = await bench.carry(again, await account_for(bench, again))
    assert (second.revision, second.status is PostedStatus.CANCELLED) == (2, False)
    assert second.erp_id != gone.erp_id
