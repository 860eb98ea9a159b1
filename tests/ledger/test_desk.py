from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.base import Kind
from schemas.outcome import TENANT_RESUMED, OutcomeName, Reason, Verdict
from schemas.posted import PostedStatus
from service.ledger.database import Database
from service.ledger.desk import SqlDesk
from service.ledger.ledger import SqlLedger
from service.ledger.rows import ask
from service.ledger.sweep import STALE_S
from service.ledger.trouble import Rejected
from service.ports import IntentState, Mapped
from tests.ledger.conftest import Opener
from tests.ledger.world import (
    SOURCE,
    TENANT,
    arrival,
    closing,
    confirm,
    ended,
    event_end,
    eventually,
    intent,
    key_of,
    opened,
    order,
    parked,
    payment,
    posted,
    ref,
    said,
    visit,
)

KEY = key_of("1")
WHO = {"who": "Ann", "why": "a customer called"}


async def test_a_mapping_reopens_exactly_what_was_parked_for_it(ledger: SqlLedger, desk: SqlDesk) -> None:
    other = "b.myshopify.com"
    await visit(ledger, key_of("1"), verdicts=(parked("1", release="sku:A"),))
    await visit(ledger, key_of("2"), verdicts=(parked("2", release="sku:B"),))
    await visit(ledger, key_of("3"), verdicts=(parked("3", release="sku:A"), parked("4", release="sku:A")))
    await visit(ledger, key_of("5", other), verdicts=(replace_tenant(parked("5", release="sku:A"), other),))
    line = Mapped(SOURCE, TENANT, "sku", "A", "sku:AAA")
    assert await desk.set_mapping(line, **WHO) == 2
    assert await ledger.sweep.due() == [key_of("1"), key_of("3")]
    assert list(await desk.mappings(SOURCE, TENANT)) == [line]
    assert await desk.mappings(SOURCE, other) == []


def replace_tenant(verdict: Verdict, tenant: str) -> Verdict:
    document = verdict.document.model_copy(update={"tenant": tenant})
    return verdict.model_copy(update={"document": document})


@pytest.mark.parametrize(
    ("table", "release"),
    [
        ("tip", "target:tips"),
        ("gift_card", "target:gift_cards"),
        ("marketplace_tax", "target:tax"),
        ("custom", "target:goods"),
        ("tender", "tender:paypal"),
    ],
)
async def test_a_target_has_the_name_that_documents_wait_for(
    ledger: SqlLedger, desk: SqlDesk, table: str, release: str
) -> None:
    await visit(ledger, KEY, verdicts=(parked(release=release),))
    assert await desk.set_mapping(Mapped(SOURCE, TENANT, table, "paypal", "sku:X"), **WHO) == 1


async def test_a_table_of_one_target_holds_the_line_that_was_set_last(desk: SqlDesk) -> None:
    first, market = Mapped(SOURCE, TENANT, "tax", "b", "sku:OLD"), Mapped(SOURCE, TENANT, "tax", "marketplace", "sku:M")
    last, sku = Mapped(SOURCE, TENANT, "tax", "a", "sku:NEW"), Mapped(SOURCE, TENANT, "sku", "b", "ERP-B")
    for line in (first, market, sku, last, Mapped(SOURCE, TENANT, "sku", "a", "ERP-A"), market):
        await desk.set_mapping(line, **WHO)
    found = await desk.mappings(SOURCE, TENANT)
    assert [(one.table, one.name, one.target) for one in found] == [
        ("sku", "a", "ERP-A"),
        ("sku", "b", "ERP-B"),
        ("tax", "a", "sku:NEW"),
        ("tax", "marketplace", "sku:M"),
    ]


async def test_a_document_that_parks_while_its_mapping_is_set_is_reopened_too(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    assert await desk.set_mapping(Mapped(SOURCE, TENANT, "sku", "SKU-1", "sku:X"), **WHO) == 0
    await ledger.close(closing(held.lease, parked()))
    assert await ledger.sweep.due() == [KEY]


async def test_a_met_condition_is_not_lost_with_an_owner_that_dies_when_it_looks_at_it(
    opener: Opener, desk: SqlDesk, url: str
) -> None:
    ledger, dying = await opener(), await opener("dying", lease_seconds=0.1)
    await visit(ledger, KEY, verdicts=(parked(),))
    await desk.set_mapping(Mapped(SOURCE, TENANT, "sku", "SKU-1", "sku:X"), **WHO)
    async with Database(url) as database:
        await database.write(lambda held: ask(held, "UPDATE releases SET at = at - :ago", ago=2 * STALE_S))
    await visit(ledger, KEY, verdicts=(parked(),))
    assert await ledger.sweep.due() == [], "it was looked at since, and is parked for the same again"
    await opened(dying, KEY)
    assert await eventually(ledger.sweep.due) == [KEY]
    await visit(ledger, KEY, verdicts=(parked(),))
    assert await ledger.sweep.due() == []


async def test_a_condition_that_comes_true_by_itself_reopens(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, verdicts=(parked(),))
    assert await ledger.sweep.due() == []
    assert await desk.reopen(SOURCE, TENANT, "sku:SKU-1") == 1
    assert await ledger.sweep.due() == [KEY]


async def test_a_reopened_key_is_due_once(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, verdicts=(parked(),))
    await desk.release(KEY, **WHO)
    assert await ledger.sweep.due() == [KEY]
    await visit(ledger, KEY, verdicts=(parked(),))
    assert await ledger.sweep.due() == []


async def test_what_is_released_while_it_is_being_planned_is_planned_again(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY)
    held = await opened(ledger, KEY)
    await desk.release(KEY, **WHO)
    await ledger.close(closing(held.lease, parked(release="")))
    assert await ledger.sweep.due() == [KEY]


async def test_an_account_that_was_found_out_by_the_sweep_lets_its_orders_go(ledger: SqlLedger) -> None:
    await visit(ledger, KEY, verdicts=(parked(reason=Reason.IN_DOUBT, release="account:guest"),))
    account = replace(intent("2"), document=ref("guest", Kind.ACCOUNT))
    held = await opened(ledger, account.key)
    await ledger.begin(held.lease, account)
    assert await ledger.sweep.due() == []
    await ledger.close(replace(closing(held.lease), ended=[ended(account, how="look_up")]))
    assert await ledger.sweep.due() == [KEY]


async def test_a_release_forgets_the_refusal(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.close(replace(closing(held.lease), ended=[ended(intent(), IntentState.REFUSED, "422 no")]))
    assert (await visit(ledger, KEY)).refusals
    await desk.release(KEY, **WHO)
    found = await opened(ledger, KEY)
    assert found.refusals == {}
    assert found.generations == {intent().effect.name: 1}


async def test_a_held_key_is_not_due_and_says_why_until_it_is_released(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    await ledger.close(closing(held.lease, wake_at=1.0))
    await desk.hold(KEY, **WHO)
    assert await ledger.sweep.due() == []
    assert (await visit(ledger, KEY)).held == "Ann: a customer called"
    await desk.release(KEY, **WHO)
    assert await ledger.sweep.due() == [KEY]
    assert (await opened(ledger, KEY)).held == ""


async def test_a_discarded_document_stays_skipped(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, verdicts=(parked("1"), parked("2")))
    await desk.discard(ref("1"), **WHO)
    found = await visit(ledger, KEY, verdicts=(parked("1"), parked("2")))
    assert found.discarded == frozenset({ref("1")})
    assert [one.document for one in await desk.parked()] == [ref("2")]
    verdict = (await desk.story(KEY)).verdicts[0]
    assert verdict.outcome is OutcomeName.SKIPPED
    assert verdict.detail == "discarded by Ann: a customer called"
    await visit(ledger, KEY, verdicts=(said("1"),))
    assert (await desk.story(KEY)).verdicts[0].outcome is OutcomeName.POSTED, "the truth is told all the same"


async def test_orders_about_nothing_are_refused(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, verdicts=(said(),))
    with pytest.raises(Rejected, match="is not parked"):
        await desk.discard(ref("1"), **WHO)
    for order_it in (desk.release, desk.hold):
        with pytest.raises(Rejected, match="does not know"):
            await order_it(key_of("404"), **WHO)
    with pytest.raises(Rejected, match="no such intent"):
        await desk.resolve_doubt("of-none", happened=False, erp_id="", **WHO)


async def test_every_order_is_audited_with_who_and_why(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, verdicts=(parked(),))
    await desk.hold(KEY, **WHO)
    await desk.release(KEY, who="Bob", why="it is repaired")
    await desk.discard(ref("1"), **WHO)
    audits = (await desk.story(KEY)).audits
    assert [(one.who, one.action, one.why) for one in audits] == [
        ("Ann", "hold", "a customer called"),
        ("Bob", "release", "it is repaired"),
        ("Ann", "discard", "a customer called"),
    ]
    assert all(one.at > 1.7e9 for one in audits)


async def test_parked_documents_are_listed_oldest_first_by_tenant_and_reason(ledger: SqlLedger, desk: SqlDesk) -> None:
    other = "b.myshopify.com"
    await visit(ledger, key_of("2"), verdicts=(parked("2"),))
    await visit(ledger, key_of("1"), verdicts=(parked("1", reason=Reason.ERP_HOLD, release=""),))
    await visit(ledger, key_of("3", other), verdicts=(replace_tenant(parked("3"), other),))
    assert [one.document.external_id for one in await desk.parked()] == ["2", "1", "3"]
    assert [one.document.external_id for one in await desk.parked(tenant=TENANT)] == ["2", "1"]
    assert [one.document.external_id for one in await desk.parked(reason="erp_hold")] == ["1"]
    assert len(await desk.parked(limit=1)) == 1
    first = (await desk.parked())[0]
    assert (first.key, first.release, first.amount) == (key_of("2"), "sku:SKU-1", "10.00 USD")


async def test_a_paused_tenant_is_known_and_what_waited_is_due_when_it_goes_on(
    ledger: SqlLedger, desk: SqlDesk
) -> None:
    await desk.pause(SOURCE, TENANT, paused=True, **WHO)
    assert await desk.paused() == frozenset({(SOURCE, TENANT)})
    waiting = Verdict(
        document=ref("1"), outcome=OutcomeName.WAITING, reason=Reason.TENANT_PAUSED, release=TENANT_RESUMED
    )
    await visit(ledger, KEY, verdicts=(waiting,))
    assert await ledger.sweep.due() == []
    await desk.pause(SOURCE, TENANT, paused=False, **WHO)
    assert await desk.paused() == frozenset()
    assert await ledger.sweep.due() == [KEY]


async def test_a_person_says_that_an_effect_in_doubt_happened(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.close(replace(closing(held.lease), ended=[ended(intent(), IntentState.IN_DOUBT, "two found")]))
    await desk.resolve_doubt(intent().id, happened=True, erp_id="E-9", **WHO)
    assert await ledger.sweep.due() == [KEY]
    found = await opened(ledger, KEY)
    assert found.intents == []
    document = found.posted[ref("1")]
    assert (document.erp_id, document.status, document.read_at) == ("E-9", PostedStatus.DRAFT, 0.0)
    with pytest.raises(Rejected, match="has an outcome"):
        await desk.resolve_doubt(intent().id, happened=False, erp_id="", **WHO)


async def test_a_change_that_a_person_confirmed_is_read_again(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    one = intent(effect=confirm())
    await ledger.begin(held.lease, one, posted=[posted()])
    await ledger.close(replace(closing(held.lease), ended=[ended(one, IntentState.IN_DOUBT)]))
    await desk.resolve_doubt(one.id, happened=True, erp_id="E-1", **WHO)
    assert (await opened(ledger, KEY)).posted[ref("1")] == posted().model_copy(update={"read_at": 0.0})


async def test_a_person_says_that_nothing_happened(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.close(closing(held.lease))
    await desk.resolve_doubt(intent().id, happened=False, erp_id="", **WHO)
    kept = (await desk.story(KEY)).intents[0]
    assert (kept.state, kept.how, kept.answer) == (IntentState.ABSENT, "person", "Ann found nothing in the ERP")
    assert await ledger.account(ref("1")) is None


@pytest.mark.parametrize("text", ["1", "#1001", "1001", " #1001 ", "9", "SO-77", "E-1", KEY])
async def test_a_key_is_found_by_what_people_know(ledger: SqlLedger, desk: SqlDesk, text: str) -> None:
    held = await opened(ledger, KEY, arrival(order(), payment("9")))
    await ledger.close(replace(closing(held.lease), posted=[posted()]))
    await visit(ledger, key_of("2"), arrival(order("2", name="#1002"), event="e2", root="2"))
    assert list(await desk.find_keys(SOURCE, text)) == [KEY]
    assert list(await desk.find_keys("quickbooks", text)) == []


async def test_all_keys_come_in_pages(ledger: SqlLedger, desk: SqlDesk) -> None:
    for root in ("1", "10", "2"):
        await visit(ledger, key_of(root))
    first = await desk.all_keys(SOURCE, after="", limit=2)
    assert list(first) == [key_of("1"), key_of("10")]
    assert list(await desk.all_keys(SOURCE, after=first[-1], limit=2)) == [key_of("2")]
    assert list(await desk.all_keys("shop", after="", limit=2)) == []


async def test_the_story_tells_everything_about_a_key(ledger: SqlLedger, desk: SqlDesk) -> None:
    old, new = arrival(order(minute=1)), arrival(order(minute=2), payment(), event="e2", offset=8)
    held = await opened(ledger, KEY, old, new)
    await ledger.begin(held.lease, intent())
    ends = (event_end(old, OutcomeName.SUPERSEDED), event_end(new))
    await ledger.close(replace(closing(held.lease, said(), events=ends), ended=[ended(intent())], posted=[posted()]))
    story = await desk.story(KEY)
    assert [entry.fact for entry in story.known] == [order(minute=2), payment()]
    assert story.posted == [posted()]
    assert story.intents == [ended(intent())]
    assert story.verdicts == [said()]
    told = {end.arrival.id: end for end in story.events}
    assert told["e2"] == ends[1], "facts that are still the newest are told with their event"
    assert told["e1"].arrival.event.facts == ()
    assert told["e1"].arrival.event.envelope == old.event.envelope
    assert told["e1"].arrival.position == old.position
    assert (told["e1"].outcome, told["e1"].detail) == (OutcomeName.SUPERSEDED, "detail")


async def test_the_story_of_an_unknown_key_is_empty(desk: SqlDesk) -> None:
    story = await desk.story(key_of("404"))
    assert (story.known, story.posted, story.intents, story.events, story.verdicts) == ([], [], [], [], [])


async def test_a_payment_is_found_by_its_own_reference_only(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, arrival(payment("9")))
    assert ref("9", Kind.PAYMENT) in (await opened(ledger, KEY)).known
    assert list(await desk.find_keys(SOURCE, "99")) == []
