"""What counts as found, as absent and as neither, against a real sandbox."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.arcus.profile import LENIENT
from schemas.effect import Component, DocumentType, Effect
from schemas.outcome import Reason
from schemas.posted import Posted, PostedStatus
from service.erp.arcus.order_state import sent_by
from service.errors import Refused, Retryable
from service.ports import Absent, Found, Intent, Priority, Resolution, Unclear
from tests.erp_arcus import journeys
from tests.erp_arcus.bench import LIVE, Bench
from tests.erp_arcus.conftest import Open
from tests.erp_arcus.effects import (
    ACCOUNT,
    CASH_BACK,
    PAYMENT,
    add_address,
    add_lines,
    adjust,
    cancel,
    charge,
    confirm,
    create_account,
    create_order,
    credit,
    give_back,
    goods,
    intent_of,
    pay,
    refund_cash,
    settings,
)


async def edit(bench: Bench, table: str, ident: str, **fields: Any) -> None:
    """Change a document as a person in the app would."""
    body = {"entity": bench.books.entity, "table": table, "id": ident, "set": fields}
    await bench.driver.control("edit", body)


async def unanswered(bench: Bench, effect: Effect, account: Posted | None = None) -> Intent:
    """Send an effect whose answer nobody reads."""
    intent = await bench.intent(effect, account)
    await bench.arcus.publish(intent, priority=LIVE)
    return intent


async def found(bench: Bench, intent: Intent) -> Posted:
    proof = await bench.look(intent)
    assert isinstance(proof, Found), proof
    return proof.receipt.posted[0]


async def unclear(bench: Bench, intent: Intent, reason: Reason = Reason.IN_DOUBT) -> str:
    proof = await bench.look(intent)
    assert isinstance(proof, Unclear), proof
    assert proof.reason is reason
    return proof.detail


async def sale_intent(bench: Bench, effect: Any = None) -> Intent:
    effect = effect or create_order()
    return await bench.intent(effect, await journeys.account_for(bench, effect))


async def test_nothing_there_is_absent_since_we_began_to_look(bench: Bench) -> None:
    before = bench.clock.now()
    proof = await bench.look(await sale_intent(bench))
    assert isinstance(proof, Absent)
    assert proof.began_at >= before
    assert proof.erp_time > 0


async def test_a_sale_is_adopted_with_its_lines(bench: Bench) -> None:
    intent = await sale_intent(bench)
    receipt = await bench.arcus.publish(intent, priority=LIVE)
    adopted = await found(bench, intent)
    assert adopted.model_copy(update={"read_at": 0}) == receipt.posted[0].model_copy(update={"read_at": 0})


@pytest.mark.parametrize("adopt", [True, False])
async def test_a_sale_is_found_under_another_type_than_the_settings_say_now(bench: Bench, *, adopt: bool) -> None:
    await sale_intent(bench)
    was = create_order(document_type=DocumentType.INVOICE)
    if adopt:
        await unanswered(bench, was, bench.known[ACCOUNT])
    proof = await bench.look(await sale_intent(bench))
    assert isinstance(proof, Found) is adopt


async def test_another_revision_is_another_document(bench: Bench) -> None:
    await unanswered(bench, create_order(), await journeys.account_for(bench, create_order()))
    assert isinstance(await bench.look(await sale_intent(bench, create_order(revision=2))), Absent)


async def test_two_sales_with_one_tag_are_an_alarm(bench: Bench) -> None:
    first = await sale_intent(bench)
    second = replace(first, id="of-second")
    for intent in (first, second):
        await bench.arcus.publish(intent, priority=LIVE)
    assert "2 documents" in await unclear(bench, first, Reason.TWO_FOUND)


async def test_a_sale_is_found_after_its_account_was_merged(bench: Bench) -> None:
    intent = await sale_intent(bench)
    await bench.arcus.publish(intent, priority=LIVE)
    winner = await bench.books.call(
        "POST", f"/accounts/{bench.books.buyer}/merge", {"loser_account_id": sent_by(intent).account_id}
    )
    assert winner.status == 200
    assert (await found(bench, intent)).account_erp_id == bench.books.buyer


async def test_an_older_attempt_is_found_by_a_later_one(lenient: Bench) -> None:
    intent = await sale_intent(lenient)
    await lenient.arcus.publish(intent, priority=LIVE)
    await lenient.driver.control("clock", {"advance_seconds": 20 * 3600})
    late = replace(intent, erp_time=intent.erp_time + 20 * 3600, attempts=2)
    assert (await found(lenient, late)).document == intent.document


async def test_a_sale_with_our_tag_and_other_lines_is_for_a_person(bench: Bench) -> None:
    intent = await sale_intent(bench)
    await bench.arcus.publish(intent, priority=LIVE)
    other = await sale_intent(bench, create_order(goods("11", "TEA", 3, "10.00")))
    assert "not what was sent" in await unclear(bench, other)


async def test_what_contradicts_itself_now_may_be_an_old_answer(bench: Bench) -> None:
    await bench.arcus.publish(await sale_intent(bench), priority=LIVE)
    other = await sale_intent(bench, create_order(goods("11", "TEA", 3, "10.00")))
    with pytest.raises(Retryable, match="old answer") as caught:
        await bench.arcus.find(other, priority=LIVE)
    assert caught.value.after is not None
    assert 0 < caught.value.after <= 1


async def test_where_tags_are_lost_absence_proves_nothing(bench: Bench) -> None:
    intent = await sale_intent(bench)
    bench.arcus.probe.sent({"external_source": "shopify"}, {})
    assert "lose tags" in await unclear(bench, intent)


async def test_an_erp_that_drops_metadata_is_noticed(lenient: Bench) -> None:
    sale = await journeys.sell(lenient)
    assert lenient.arcus.probe.sticks is True
    await edit(lenient, "orders", sale.erp_id, metadata={})
    assert isinstance(await lenient.look(await sale_intent(lenient)), Absent)


async def test_a_return_is_found_by_its_own_tag(lenient: Bench) -> None:
    sale = await journeys.open_sale(lenient)
    effect = give_back(sale, goods("11", "TEA", 1, "10.00"))
    assert isinstance(await lenient.look(await lenient.intent(effect)), Absent)
    assert (await found(lenient, await unanswered(lenient, effect))).document_type == "return"


# --- accounts ----------------------------------------------------------------------------------------------------


async def test_an_account_is_found_by_its_tag(bench: Bench) -> None:
    effect = create_account()
    assert isinstance(await bench.look(await bench.intent(effect)), Absent)
    intent = await unanswered(bench, effect)
    account = await found(bench, intent)
    assert (account.document, len(account.addresses)) == (ACCOUNT, 1)


async def test_an_account_is_found_where_the_search_does_not_know_it(lenient: Bench) -> None:
    intent = await unanswered(lenient, create_account())
    account = await found(lenient, intent)
    await edit(lenient, "accounts", account.erp_id, email="new@example.com", display_name="Renamed")
    assert (await found(lenient, intent)).erp_id == account.erp_id


async def test_a_nameless_account_is_looked_for_among_all(lenient: Bench) -> None:
    guest = ACCOUNT.model_copy(update={"external_id": "guest"})
    intent = await unanswered(lenient, create_account(document=guest, ship_to=None, bill_to=None))
    account = await found(lenient, intent)
    assert (account.document, account.addresses) == (guest, ())


async def test_two_accounts_with_one_tag_are_an_alarm(lenient: Bench) -> None:
    intent = await unanswered(lenient, create_account())
    await lenient.arcus.publish(replace(intent, id="of-second"), priority=LIVE)
    await unclear(lenient, intent, Reason.TWO_FOUND)


async def test_a_merged_account_is_adopted_as_its_winner(lenient: Bench) -> None:
    intent = await unanswered(lenient, create_account())
    loser = await found(lenient, intent)
    merge = {"loser_account_id": loser.erp_id}
    assert (await lenient.books.call("POST", f"/accounts/{lenient.books.buyer}/merge", merge)).status == 200
    winner = await found(lenient, intent)
    assert winner.erp_id == lenient.books.buyer
    assert winner.addresses == loser.addresses


async def test_an_address_is_found_by_its_label(bench: Bench) -> None:
    account = await bench.carry(create_account())
    effect = add_address(account.erp_id)
    assert isinstance(await bench.look(await bench.intent(effect)), Absent)
    added = await found(bench, await unanswered(bench, effect))
    assert [key for key, _ in added.addresses] == [effect.address_key]


# --- values ------------------------------------------------------------------------------------------------------


async def test_an_adjustment_is_seen_in_the_total(bench: Bench) -> None:
    sale = await journeys.sell(bench)
    intent = await bench.intent(adjust(sale, "-0.03"))
    assert isinstance(await bench.look(intent), Absent)
    await bench.arcus.publish(intent, priority=LIVE)
    assert (await found(bench, intent)).adjustments[0].amount == Decimal("-0.03")
    await bench.carry(
        adjust(bench.known[sale.document].model_copy(update={"total": Decimal("50.80")}), "5.00", name="other")
    )
    assert "was to change from 50.83 to 50.80" in await unclear(bench, intent)


async def test_added_lines_are_seen_in_the_total(bench: Bench) -> None:
    sale = await journeys.sell(bench)
    effect = add_lines(sale, goods("13", "TEA", 1, "10.00"))
    assert isinstance(await bench.look(await bench.intent(effect)), Absent)
    added = await found(bench, await unanswered(bench, effect))
    assert [one.line_id for one in added.lines] == ["13"]


async def test_lines_that_cost_nothing_cannot_be_seen_in_the_total(bench: Bench) -> None:
    sale = await journeys.sell(bench)
    await unclear(bench, await unanswered(bench, add_lines(sale, goods("13", "TEA", 1, "0.00"))))


async def test_a_confirmation_is_seen_in_the_status(lenient: Bench) -> None:
    sale = await journeys.sell(lenient)
    intent = await lenient.intent(confirm(sale.erp_id))
    assert isinstance(await lenient.look(intent), Absent)
    await lenient.arcus.publish(intent, priority=LIVE)
    assert (await found(lenient, intent)).status is PostedStatus.CONFIRMED
    await lenient.driver.control("fulfil", {"entity": "usd", "order_id": sale.erp_id, "partial": True})
    assert (await found(lenient, intent)).status is PostedStatus.SHIPPED


@pytest.mark.parametrize("word", ["cancelled", "marinating"])
async def test_an_order_that_went_elsewhere_is_for_a_person(lenient: Bench, word: str) -> None:
    sale = await journeys.sell(lenient)
    await edit(lenient, "orders", sale.erp_id, order_status=word)
    assert word in await unclear(lenient, await lenient.intent(confirm(sale.erp_id)))


async def test_a_cancellation_is_seen_in_the_status(bench: Bench) -> None:
    sale = await journeys.sell(bench)
    intent = await bench.intent(cancel(sale.erp_id))
    assert isinstance(await bench.look(intent), Absent)
    await bench.arcus.publish(intent, priority=LIVE)
    assert (await found(bench, intent)).status is PostedStatus.CANCELLED
    await edit(bench, "orders", sale.erp_id, order_status="marinating")
    await unclear(bench, intent)


async def test_an_order_that_is_gone_is_for_a_person(bench: Bench) -> None:
    effect = confirm("no-such-order")
    intent = intent_of(effect, bench.arcus.step(effect, Resolution()))
    assert "does not know it" in await unclear(bench, intent)


async def test_a_refund_of_cash_is_seen_on_its_payment(lenient: Bench) -> None:
    sale = await journeys.open_sale(lenient)
    paid = await lenient.carry(pay(sale, "20.00"))
    intent = await lenient.intent(refund_cash(paid, "5.00"))
    assert isinstance(await lenient.look(intent), Absent)
    await lenient.arcus.publish(intent, priority=LIVE)
    assert (await found(lenient, intent)).document == CASH_BACK
    await edit(lenient, "payments", paid.erp_id, amount_refunded="7.00")
    await unclear(lenient, intent)


# --- payments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["external", "credit", "check"])
async def test_a_payment_is_found_by_reference_and_balance(bench: Bench, method: str) -> None:
    sale = await journeys.open_sale(bench, document_type=DocumentType.INVOICE)
    intent = await bench.intent(pay(sale, "20.00", method=method))
    assert isinstance(await bench.look(intent), Absent)
    await bench.arcus.publish(intent, priority=LIVE)
    paid = await found(bench, intent)
    assert (paid.document, paid.total) == (PAYMENT, Decimal(20))


@pytest.mark.parametrize("method", ["external", "cash"])
async def test_a_payment_is_found_among_receipts_where_the_order_shows_none(start: Open, method: str) -> None:
    bench = await start(profile_object=replace(LENIENT, hydrate_get=False))
    bench.arcus = bench.adapter(order_expands=frozenset())
    sale = await journeys.open_sale(bench)
    intent = await bench.intent(pay(sale, "20.00", method=method))
    assert isinstance(await bench.look(intent), Absent)
    await bench.arcus.publish(intent, priority=LIVE)
    assert (await found(bench, intent)).total == 20


async def test_money_that_nobody_can_explain_is_for_a_person(bench: Bench) -> None:
    sale = await journeys.open_sale(bench, document_type=DocumentType.INVOICE)
    intent = await bench.intent(pay(sale, "20.00"))
    await edit(bench, "orders", sale.erp_id, amount_paid="20.00")
    assert "says 20" in await unclear(bench, intent)


async def test_a_payment_that_the_order_does_not_show_is_for_a_person(bench: Bench) -> None:
    sale = await journeys.open_sale(bench, document_type=DocumentType.INVOICE)
    intent = await unanswered(bench, pay(sale, "20.00"))
    await edit(bench, "orders", sale.erp_id, amount_paid=0)
    assert "says 0" in await unclear(bench, intent)


async def test_two_payments_with_one_reference_are_an_alarm(bench: Bench) -> None:
    sale = await journeys.open_sale(bench, document_type=DocumentType.INVOICE)
    intent = await unanswered(bench, pay(sale, "20.00"))
    await bench.arcus.publish(replace(intent, id="of-second"), priority=LIVE)
    await unclear(bench, intent, Reason.TWO_FOUND)


async def test_an_earlier_payment_is_not_taken_for_ours(bench: Bench) -> None:
    sale = await journeys.open_sale(bench, document_type=DocumentType.INVOICE)
    await bench.carry(pay(sale, "20.00"))
    document = PAYMENT.model_copy(update={"external_id": "9003"})
    assert isinstance(await bench.look(await bench.intent(pay(sale, "20.00", document=document))), Absent)


# --- credits -----------------------------------------------------------------------------------------------------


async def test_a_credit_is_found_by_its_notes(bench: Bench) -> None:
    sale = await journeys.sell(bench)
    intent = await bench.intent(credit(sale, "2.00"))
    assert isinstance(await bench.look(intent), Absent)
    await bench.arcus.publish(intent, priority=LIVE)
    memo = await found(bench, intent)
    assert (memo.document_type, memo.total) == ("credit", Decimal(2))
    other = await bench.intent(credit(sale, "3.00"))
    assert "is over 2" in await unclear(bench, other)


async def test_more_credits_than_can_be_listed_prove_no_absence(lenient: Bench) -> None:
    sale = await journeys.sell(lenient)
    body = {"account_id": sale.account_erp_id, "amount": 1, "reason": "goodwill"}
    for _ in range(201):
        await lenient.books.call("POST", "/credits", body)
    intent = await lenient.intent(credit(sale, "2.00"))
    assert "more credits than can be listed" in await unclear(lenient, intent)
    await lenient.arcus.publish(intent, priority=LIVE)
    assert (await found(lenient, intent)).total == 2


async def test_what_is_no_effect_cannot_be_looked_up(lenient: Bench) -> None:
    intent = await sale_intent(lenient)
    nothing: Any = SimpleNamespace(name="nothing")
    with pytest.raises(TypeError, match="cannot be looked up"):
        await lenient.arcus.find(replace(intent, effect=nothing), priority=Priority.LIVE)


async def test_a_look_up_that_is_refused_says_so(lenient: Bench) -> None:
    intent = await sale_intent(lenient)
    lenient.arcus = lenient.adapter(order_expands=frozenset({"nonsense"}))
    effect = confirm("o1")
    with pytest.raises(Refused, match="invalid_expand_unknown_field"):
        await lenient.look(replace(intent, effect=effect))


async def test_a_purchase_of_the_same_account_is_not_ours(lenient: Bench) -> None:
    intent = await sale_intent(lenient, create_order(goods(), charge(Component.TAX, "1.00", "sku:TAX")))
    await lenient.books.created()
    assert isinstance(await lenient.look(intent), Absent)
    assert settings().fingerprint != lenient.arcus.credential
