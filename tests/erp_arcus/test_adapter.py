"""The port: keys, windows, deadlines, reading again."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas.effect import DocumentType
from service.erp.arcus.settings import PathStyle, PaymentRoute
from service.erp.arcus.steps import MovesMoneyError
from service.errors import Refused, Retryable, Unknown, Waiting
from service.ports import ERP, Intent, Step
from tests.erp_arcus import journeys
from tests.erp_arcus.bench import LIVE, Bench, only
from tests.erp_arcus.conftest import Open
from tests.erp_arcus.effects import add_lines, create_account, create_order, credit, goods, pay, refund_cash, settings


async def sale_intent(bench: Bench) -> Intent:
    effect = create_order()
    return await bench.intent(effect, await journeys.account_for(bench, effect))


async def test_it_is_an_erp_of_the_story(bench: Bench) -> None:
    erp: ERP = bench.arcus
    assert erp.name == "arcus"
    assert erp.capabilities.refund_minor_units == frozenset({2})
    assert erp.credential == bench.arcus.settings.fingerprint
    assert len(erp.credential) == 12
    assert "ark_test" not in repr(bench.arcus.settings)


async def test_the_erps_clock_is_known_before_the_first_intent(bench: Bench) -> None:
    assert bench.arcus.erp_time() == 0
    await bench.intent(create_account())
    assert abs(bench.arcus.erp_time() - bench.clock.now()) < 5


async def test_the_same_bytes_under_the_same_key_are_one_document(bench: Bench) -> None:
    intent = await sale_intent(bench)
    first = await bench.arcus.publish(intent, priority=LIVE)
    second = await bench.arcus.publish(replace(intent, attempts=2), priority=LIVE)
    assert first.posted[0].erp_id == second.posted[0].erp_id
    row = only([order for order in await bench.state("orders") if order["metadata"]])
    assert row["id"] == first.posted[0].erp_id


async def test_the_exact_bytes_and_the_key_of_the_intent_are_sent(bench: Bench) -> None:
    intent = await sale_intent(bench)
    await bench.arcus.publish(intent, priority=LIVE)
    written = only([row for row in await bench.driver.lines("log") if row["path"] == "/orders"])
    assert written["idempotency_key"] == intent.id
    assert b'"sell_rate":10.00' in intent.step.body


async def test_a_key_used_for_something_else_is_unknown(bench: Bench) -> None:
    intent = await sale_intent(bench)
    await bench.arcus.publish(intent, priority=LIVE)
    other = replace(intent, step=replace(intent.step, body=intent.step.body.replace(b"10.00", b"11.00")))
    with pytest.raises(Unknown, match="idempotency_key_mismatch"):
        await bench.arcus.publish(other, priority=LIVE)


async def test_a_key_in_use_is_unknown(start: Open) -> None:
    bench = await start(latency_ms=150)
    intent = await sale_intent(bench)
    both = await asyncio.gather(
        bench.arcus.publish(intent, priority=LIVE), bench.arcus.publish(intent, priority=LIVE), return_exceptions=True
    )
    assert [type(one).__name__ for one in both if isinstance(one, Exception)] == ["Unknown"]


async def test_the_window_closes_by_the_erps_clock_with_a_margin(bench: Bench) -> None:
    intent = await sale_intent(bench)
    assert bench.arcus.window_open(intent)
    await bench.driver.control("clock", {"advance_seconds": 24 * 3600 - 901})
    await journeys.sell(bench)
    assert bench.arcus.window_open(replace(intent, erp_time=intent.erp_time + 60))
    await bench.driver.control("clock", {"advance_seconds": 10})
    await bench.arcus.refresh(only(list(bench.known.values())[-1:]), priority=LIVE)
    assert not bench.arcus.window_open(intent)


async def test_the_window_is_closed_where_nothing_is_known_of_it(bench: Bench) -> None:
    intent = await sale_intent(bench)
    assert not bench.arcus.window_open(replace(intent, credential="another"))
    assert not bench.arcus.window_open(replace(intent, erp_time=0.0))
    assert not bench.arcus.window_open(replace(intent, erp_time=intent.erp_time + 3600))
    assert not bench.adapter().window_open(intent)


async def test_an_intent_of_another_key_is_never_sent(bench: Bench) -> None:
    intent = replace(await sale_intent(bench), credential="another")
    with pytest.raises(Unknown, match="another API key"):
        await bench.arcus.publish(intent, priority=LIVE)
    assert not [order for order in await bench.state("orders") if order["metadata"]]


async def test_an_intent_whose_time_is_over_is_never_sent(bench: Bench) -> None:
    intent = replace(await sale_intent(bench), deadline=bench.clock.now() - 1)
    with pytest.raises(Retryable, match="deadline"):
        await bench.arcus.publish(intent, priority=LIVE)
    assert not [order for order in await bench.state("orders") if order["metadata"]]


async def test_an_intent_that_would_move_money_is_never_sent(bench: Bench) -> None:
    forged = replace(await sale_intent(bench), step=Step("POST", "/orders/o1/mark-no-show", b"{}"))
    with pytest.raises(MovesMoneyError):
        await bench.arcus.publish(forged, priority=LIVE)


async def test_a_call_ends_with_its_intents_deadline(start: Open) -> None:
    bench = await start(latency_ms=1000)
    bench.arcus = bench.adapter()
    intent = await bench.intent(create_account())
    with pytest.raises(Unknown):
        await bench.arcus.publish(replace(intent, deadline=bench.clock.now() + 0.2), priority=LIVE)


async def test_a_wrong_key_and_a_frozen_entity_are_named_waits(bench: Bench) -> None:
    intent = await sale_intent(bench)
    await bench.driver.control("freeze", {"entity": "usd"})
    with pytest.raises(Waiting) as frozen:
        await bench.arcus.publish(intent, priority=LIVE)
    assert (frozen.value.wait, frozen.value.after) == ("erp_frozen", 5.0)
    stranger = bench.adapter(api_key="ark_test_ent_usd_wrong")
    with pytest.raises(Waiting) as denied:
        await stranger.resolve(create_order(), None, priority=LIVE)
    assert denied.value.wait == "erp_credentials"


async def test_whether_the_key_is_accepted_can_be_seen(bench: Bench) -> None:
    assert await bench.arcus.reach(priority=LIVE) == len(await bench.state("products"))
    with pytest.raises(Waiting):
        await bench.adapter(api_key="ark_test_ent_usd_wrong").reach(priority=LIVE)


async def test_both_path_styles_are_spoken(bench: Bench) -> None:
    await journeys.sell(bench)
    entity_id = (await bench.state("accounts"))[0]["entity_id"]
    bench.arcus = bench.adapter(path_style=PathStyle.ENTITY, entity_id=entity_id)
    again = create_order(revision=2, name="order:1001/create#2")
    intent = await bench.intent(again, bench.known[again.account])
    assert intent.step.path == f"/entities/{entity_id}/orders"
    sale = (await bench.arcus.publish(intent, priority=LIVE)).posted[0]
    assert (await bench.arcus.refresh(sale, priority=LIVE)).total == sale.total


async def test_a_payment_by_the_order_is_recorded_too(lenient: Bench) -> None:
    sale = await journeys.open_sale(lenient)
    lenient.arcus = lenient.adapter(payment_route=PaymentRoute.ORDER_PAYMENT)
    intent = await lenient.intent(pay(sale, "20.00", method="cash"))
    paid = (await lenient.arcus.publish(intent, priority=LIVE)).posted[0]
    assert paid.total == 20
    found: Any = await lenient.look(intent)
    assert found.receipt.posted[0].erp_id == paid.erp_id
    assert not any((await lenient.counts()).values())


async def test_every_document_can_be_read_again(lenient: Bench) -> None:
    sale = await journeys.open_sale(lenient)
    paid = await lenient.carry(pay(sale, "20.00"))
    cash = await lenient.carry(refund_cash(paid, "5.00"))
    memo = await lenient.carry(credit(sale, "1.00"))
    paid = lenient.known[paid.document]
    assert (await lenient.arcus.refresh(paid, priority=LIVE)).refunded == Decimal("5.00")
    assert (await lenient.arcus.refresh(cash, priority=LIVE)) == cash
    assert (await lenient.arcus.refresh(memo, priority=LIVE)).total == Decimal("1.00")
    assert (await lenient.arcus.refresh(sale, priority=LIVE)).lines == sale.lines


async def test_what_is_not_there_was_perhaps_read_too_early(bench: Bench) -> None:
    sale = await journeys.sell(bench)
    gone = sale.model_copy(update={"erp_id": "nowhere"})
    with pytest.raises(Retryable, match="a moment ago"):
        await bench.arcus.refresh(gone, priority=LIVE)
    with pytest.raises(Refused, match="not_found"):
        await bench.arcus.refresh(gone.model_copy(update={"read_at": 0.0}), priority=LIVE)


async def test_what_was_accepted_and_cannot_be_read_back_is_unknown(start: Open) -> None:
    reads = ["GET /orders/{}"]
    bench = await start(faults={"kinds": {"error_before": 1.0}, "only": {"error_before": reads}, "cap": 1})
    sale = await journeys.sell(bench)
    intent = await bench.intent(add_lines(sale, goods("13", "TEA", 1, "10.00")))
    with pytest.raises(Unknown, match="could not be read back"):
        await bench.arcus.publish(intent, priority=LIVE)


async def test_a_return_needs_to_be_confirmed_unless_the_settings_say_otherwise(bench: Bench) -> None:
    assert bench.arcus.capabilities.confirm_return
    assert not bench.adapter(return_needs_confirm=False).capabilities.confirm_return


async def test_names_beside_the_metadata_are_sent_where_they_are_switched_on(lenient: Bench) -> None:
    lenient.arcus = lenient.adapter(tags=frozenset({"source_platform", "external_order_id", "external_order_number"}))
    await journeys.sell(lenient, document_type=DocumentType.QUOTE)
    order = only([order for order in await lenient.state("orders") if order["metadata"]])
    assert (order["source_platform"], order["external_order_id"], order["external_order_number"]) == (
        "shopify",
        "1001",
        "#1001",
    )


def test_the_key_is_never_told() -> None:
    config = settings(api_key="ark_live_ent_a_secret")
    assert "secret" not in repr(config)
    assert "secret" not in config.model_dump_json()
    assert config.base_url == "http://127.0.0.1:1/v1"
