"""Every happy path against both profiles, and against an ERP that fails at random by seed."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from schemas.effect import DocumentType
from schemas.outcome import Reason
from service.errors import Refused
from tests.erp_arcus import journeys
from tests.erp_arcus.bench import LIVE, Bench, only
from tests.erp_arcus.conftest import Open
from tests.erp_arcus.effects import ORDER, confirm, create_account, create_order, goods, pay, refund_cash

SALE, INVOICE = DocumentType.SALES_ORDER, DocumentType.INVOICE
READS = [
    "GET /orders", "GET /orders/{}", "GET /orders/{}/payments", "GET /accounts", "GET /accounts/{}", "GET /payments/{}",
    "GET /credits", "GET /accounting/unmatched-receipts",
]  # fmt: skip
QUICK: dict[str, Any] = {
    "slow_ms": 20,
    "in_flight_ms": 20,
    "stale_ms": 30,
    "frozen_ms": 20,
    "throttle_after_s": 0,
    "only": {"stale_read": READS},  # the catalogue was filled a moment ago
}
EVERYTHING = {
    "commit_then_drop": 0.12,
    "error_before": 0.06,
    "error_after": 0.1,
    "throttle": 0.04,
    "slow": 0.05,
    "stale_read": 0.15,
    "truncated": 0.06,
    "empty_2xx": 0.06,
    "in_flight": 0.05,
    "frozen": 0.03,
    "gateway_garbage": 0.05,
}


async def check_books(bench: Bench) -> None:
    """Nothing twice, and no money moved."""
    orders = [order for order in await bench.state("orders") if order["metadata"]]
    tags = Counter((o["metadata"]["kind"], o["metadata"]["external_id"], o["metadata"]["generation"]) for o in orders)
    assert set(tags.values()) == {1}
    references = Counter(payment["external_reference"] for payment in await bench.state("payments"))
    assert set(references.values()) <= {1}
    accounts = Counter(a["metadata"]["external_id"] for a in await bench.state("accounts") if a["metadata"])
    assert set(accounts.values()) == {1}
    assert not any((await bench.counts()).values())


async def test_of_many_effects_that_begin_together_one_asks_for_the_clock(lenient: Bench) -> None:
    together = (lenient.arcus.resolve(create_account(), None, priority=LIVE) for _ in range(20))
    await asyncio.gather(*together)
    assert (await lenient.driver.control("stats"))["requests"]["GET /products"] == {"200": 1}


async def test_a_sale_is_raised_and_paid(lenient: Bench) -> None:
    await journeys.raised_and_paid(lenient, SALE)
    await check_books(lenient)
    assert set(lenient.how) == {"answer"}


async def test_an_invoice_is_raised_and_paid(bench: Bench) -> None:
    await journeys.raised_and_paid(bench, INVOICE)
    await check_books(bench)


@pytest.mark.parametrize("document_type", [SALE, INVOICE])
async def test_goods_and_cash_are_given_back(lenient: Bench, document_type: DocumentType) -> None:
    await journeys.given_back(lenient, document_type)
    await check_books(lenient)


@pytest.mark.parametrize("document_type", [SALE, INVOICE])
async def test_an_unpaid_sale_is_called_off_and_revised(bench: Bench, document_type: DocumentType) -> None:
    await journeys.called_off(bench, document_type)
    await check_books(bench)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("journey", ["raised_and_paid", "given_back", "called_off"])
async def test_an_erp_that_fails_at_random_loses_and_doubles_nothing(start: Open, journey: str, seed: int) -> None:
    bench = await start("lenient", faults={"kinds": EVERYTHING, "seed": seed, **QUICK})
    await getattr(journeys, journey)(bench, SALE if seed % 2 else INVOICE)
    await check_books(bench)


@pytest.mark.parametrize("seed", range(3))
async def test_a_strict_erp_that_fails_at_random_loses_and_doubles_nothing(start: Open, seed: int) -> None:
    bench = await start("strict", faults={"kinds": EVERYTHING, "seed": seed, **QUICK})
    await journeys.raised_and_paid(bench, INVOICE)
    await journeys.called_off(await start("strict", entity="kwd"), INVOICE)
    await check_books(bench)


@pytest.mark.parametrize(
    "kind", ["commit_then_drop", "error_after", "truncated", "empty_2xx", "error_before", "in_flight"]
)
@pytest.mark.parametrize("journey", ["raised_and_paid", "given_back", "called_off"])
async def test_an_erp_that_fails_every_first_call_loses_and_doubles_nothing(
    start: Open, journey: str, kind: str
) -> None:
    writes: list[str] = [
        "POST /accounts", "POST /accounts/{}/addresses", "POST /orders", "POST /orders/{}/items/bulk",
        "POST /orders/{}/adjustments", "POST /orders/{}/confirm", "POST /orders/{}/cancel",
        "POST /payments/multi-invoice-apply", "POST /orders/{}/payments/{}/refund", "POST /credits",
    ]  # fmt: skip
    faults = {**QUICK, "kinds": {kind: 1.0}, "only": {kind: writes}, "cap": 1}
    bench = await start("lenient", faults=faults)
    await getattr(journeys, journey)(bench, SALE)
    await check_books(bench)
    assert "answer" not in bench.how


@pytest.mark.parametrize(("entity", "rate"), [("jpy", "1200"), ("kwd", "12.345")])
async def test_amounts_without_cents_arrive_exactly(start: Open, entity: str, rate: str) -> None:
    bench = await start("lenient", entity=entity)
    currency = entity.upper()
    sale = await journeys.open_sale(bench, goods("11", "TEA", 3, rate), currency=currency)
    assert str(sale.lines[0].rate) == rate
    paid = await bench.carry(pay(sale, str(sale.total), currency=currency))
    assert paid.total == sale.total == sale.lines[0].total
    assert (
        only([order for order in await bench.state("orders") if order["metadata"]])["metadata"]["external_id"] == "1001"
    )


async def test_a_strict_erp_takes_money_on_invoices_only(strict: Bench) -> None:
    sale = await journeys.open_sale(strict)
    intent = await strict.intent(pay(sale, "10.00"))
    with pytest.raises(Refused) as caught:
        await strict.publish(intent)
    assert strict.arcus.reason(caught.value.code, intent.effect) is Reason.WAITS_FOR_INVOICE


async def test_a_strict_erp_refuses_to_give_back_what_it_never_held(strict: Bench) -> None:
    sale = await journeys.open_sale(strict, document_type=INVOICE)
    intent = await strict.intent(refund_cash(await strict.carry(pay(sale, "10.00")), "10.00"))
    with pytest.raises(Refused) as caught:
        await strict.publish(intent)
    assert strict.arcus.reason(caught.value.code, intent.effect) is Reason.REFUND_REFUSED


async def test_more_than_the_balance_is_refused(lenient: Bench) -> None:
    sale = await journeys.open_sale(lenient)
    intent = await lenient.intent(pay(sale, "99.00"))
    with pytest.raises(Refused) as caught:
        await lenient.publish(intent)
    assert lenient.arcus.reason(caught.value.code, intent.effect) is Reason.OVERPAID


async def test_a_closed_period_is_the_wrong_one(lenient: Bench) -> None:
    sale = await journeys.open_sale(lenient)
    await lenient.driver.control("close-period", {"entity": "usd", "before": "2026-06-01"})
    intent = await lenient.intent(pay(sale, "10.00"))
    with pytest.raises(Refused) as caught:
        await lenient.publish(intent)
    assert lenient.arcus.reason(caught.value.code, intent.effect) is Reason.WRONG_PERIOD


async def test_an_order_that_needs_approval_is_held_and_never_released(bench: Bench) -> None:
    sale = await journeys.sell(bench, goods("11", "HOLD-1", 1, "5.00"))
    intent = await bench.intent(confirm(sale.erp_id))
    with pytest.raises(Refused) as caught:
        await bench.publish(intent)
    assert bench.arcus.reason(caught.value.code, intent.effect) is Reason.ERP_HOLD
    held = await bench.arcus.refresh(sale, priority=LIVE)
    assert held.hold.startswith("approval")


async def test_a_price_that_the_erp_changed_is_seen_in_the_receipt(bench: Bench) -> None:
    sale = await journeys.sell(bench, goods("11", "DRIFT-1", 2, "5.00"))
    assert str(sale.total) == "10.02"
    assert str(sale.lines[0].rate) == "5.01"


async def test_an_inactive_product_is_refused_by_name(bench: Bench) -> None:
    effect = create_order(goods("11", "INACTIVE-1", 1, "5.00"))
    intent = await bench.intent(effect, await journeys.account_for(bench, effect))
    with pytest.raises(Refused) as caught:
        await bench.publish(intent)
    assert caught.value.code == "line_item_failed"
    assert bench.arcus.reason(caught.value.code, effect) is Reason.ERP_REFUSED


async def test_a_kit_is_sold_as_one_line(bench: Bench) -> None:
    sale = await journeys.sell(bench, goods("11", "SET", 1, "30.00"), goods("12", "TEA", 2, "10.00"))
    assert [(one.line_id, str(one.total)) for one in sale.lines] == [("11", "30"), ("12", "20")]
    assert len(only([o for o in await bench.state("orders") if o["metadata"]])["line_items"]) == 3


async def test_the_tag_reaches_the_erp_and_is_seen_to_stick(bench: Bench) -> None:
    assert bench.arcus.probe.sticks is None
    await journeys.sell(bench)
    order = only([o for o in await bench.state("orders") if o["metadata"]])
    assert order["metadata"]["external_id"] == ORDER.external_id
    assert bench.arcus.probe.sticks is True
