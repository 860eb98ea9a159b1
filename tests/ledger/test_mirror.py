"""What the ERP says by itself: asked for once an event, read without a lease, kept where nobody acted meanwhile."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from schemas.base import Kind
from schemas.posted import ByHand, Posted
from schemas.standing import Standing
from service.ledger.desk import SqlDesk
from service.ledger.ledger import SqlLedger
from service.ledger.trouble import Rejected
from service.ports import Busy, Closing, Decision, Drift, Kept, Notice, Observation
from tests.ledger.conftest import Opener
from tests.ledger.world import arrival, key_of, order, ref

KEY = key_of("1")
SALE = Posted(
    document=ref("1"), erp_id="so-1", erp_number="SO-1", document_type="sales_order", currency="USD", read_at=1
)
PAID = Posted(document=ref("9", Kind.PAYMENT), erp_id="pay-1", document_type="payment", currency="USD", read_at=1)
STANDS = Standing(document=ref("1"), erp_id="so-1", number="SO-1", document_type="sales_order", status="confirmed")
EVENT = Notice(erp="arcus", event_id="evt-1", erp_id="so-1", version="2026-05-11T12:00:00.000Z")
VOIDED = Drift(ref("1"), "so-1", "status", "confirmed", "cancelled", Decision.ALERTED)


@pytest.fixture
async def posted(ledger: SqlLedger) -> SqlLedger:
    """A ledger in which one order and its payment stand in the ERP."""
    ledger.mirror.settle_s = 0.0
    opened = await ledger.open(KEY, [arrival(order())])
    assert not isinstance(opened, Busy)
    await ledger.close(Closing(opened.lease, (), (), (), posted=[SALE, PAID]))
    return ledger


async def kept(ledger: SqlLedger, key: str = KEY) -> Kept:
    found = await ledger.mirror.kept(key)
    assert found is not None
    return found


async def looked(ledger: SqlLedger, **more: object) -> bool:
    """Look at the key and record it."""
    before = await kept(ledger)
    told = replace(Observation(KEY, before.fence, [STANDS]), **more)  # type: ignore[arg-type]
    return await ledger.mirror.keep(told, at=before.at)


async def test_an_event_asks_once_for_the_key_of_its_document(posted: SqlLedger) -> None:
    mirror = posted.mirror
    await mirror.notice([EVENT, EVENT])
    await mirror.notice([EVENT])
    assert await mirror.claim(limit=9) == [KEY]
    assert await mirror.claim(limit=9) == (), "another process does not get it"
    before = await kept(posted)
    assert [(one.erp_id, one.version) for one in before.wanted] == [("so-1", EVENT.version)]
    assert await mirror.keep(Observation(KEY, before.fence, [STANDS], seen=["so-1"]), at=before.at)
    await mirror.notice([EVENT])
    assert (await kept(posted)).wanted == []


async def test_a_payment_is_found_beside_its_order_and_a_lost_receipt_by_its_tag(posted: SqlLedger) -> None:
    mirror = posted.mirror
    by_payment = Notice("arcus", "evt-2", "pay-1", ("so-1",))
    by_order = Notice("arcus", "evt-3", "pay-9", ("so-1",))
    by_tag = Notice("arcus", "evt-4", "so-0", key=KEY)
    nobodys = Notice("arcus", "evt-5", "so-7", ("so-8",), key=key_of("77"))
    nothing = Notice("arcus", "evt-6", "")
    await mirror.notice([by_payment, by_order, by_tag, nobodys, nothing])
    assert {one.erp_id for one in (await kept(posted)).wanted} == {"pay-1", "pay-9", "so-0"}
    assert await mirror.claim(limit=9) == [KEY]


async def test_a_reading_younger_than_an_event_has_seen_it(posted: SqlLedger) -> None:
    assert await looked(posted, standings=[STANDS.model_copy(update={"read_at": 1_000.0})])
    await posted.mirror.notice([replace(EVENT, happened_at=900.0), replace(EVENT, event_id="", happened_at=900.0)])
    assert (await kept(posted)).wanted == []
    await posted.mirror.notice([replace(EVENT, event_id="evt-later", happened_at=999.0)])
    assert len((await kept(posted)).wanted) == 1


async def test_what_is_asked_for_during_a_reading_is_read_again(posted: SqlLedger) -> None:
    await posted.mirror.notice([EVENT])
    before = await kept(posted)
    await posted.mirror.notice([replace(EVENT, event_id="evt-2", version="2026-05-11T12:00:01.000Z")])
    assert await posted.mirror.keep(Observation(KEY, before.fence, [STANDS], seen=["so-1"]), at=before.at)
    assert [one.version for one in (await kept(posted)).wanted] == ["2026-05-11T12:00:01.000Z"]


async def test_nothing_is_kept_where_somebody_acts_or_acted(posted: SqlLedger) -> None:
    before = await kept(posted)
    told = Observation(KEY, before.fence, [STANDS], drifts=[VOIDED], seen=["so-1"])
    opened = await posted.open(KEY, ())
    assert not isinstance(opened, Busy)
    assert await posted.mirror.kept(KEY) is None, "the key is in hand"
    assert not await posted.mirror.keep(told, at=before.at)
    await posted.close(Closing(opened.lease, (), (), ()))
    assert not await posted.mirror.keep(told, at=before.at), "somebody had it in between"
    after = await kept(posted)
    assert (after.standings, after.drifts) == ([], [])
    assert await posted.mirror.kept("shopify|nobody|1") is None


async def test_a_look_changes_neither_wake_up_nor_claim(posted: SqlLedger) -> None:
    opened = await posted.open(KEY, ())
    assert not isinstance(opened, Busy)
    await posted.close(Closing(opened.lease, (), (), (), wake_at=0.0))
    assert await looked(posted)
    assert await posted.sweep.due() == [KEY]


async def test_a_change_is_kept_with_its_drift_and_wakes_the_key(posted: SqlLedger, desk: SqlDesk) -> None:
    hand = ByHand(what="status: confirmed -> cancelled")
    changed = SALE.model_copy(update={"by_hand": hand, "total": Decimal("12.50")})
    for _ in range(2):
        assert await looked(posted, drifts=[VOIDED], posted=[changed], wake=True)
    story = await desk.story(KEY)
    assert [(one.field, one.was, one.now, one.decision) for one in story.drifts] == [
        ("status", "confirmed", "cancelled", Decision.ALERTED)
    ]
    assert story.standings == [STANDS]
    assert next(one for one in story.posted if one.erp_id == "so-1") == changed
    assert await posted.sweep.due() == [KEY]
    assert await posted.mirror.counts() == (0, {"alerted": 1})


async def test_of_two_readings_that_cross_the_later_one_counts(posted: SqlLedger) -> None:
    young = STANDS.model_copy(update={"status": "voided", "read_at": 20.0})
    assert await looked(posted, standings=[young])
    assert await looked(posted, standings=[STANDS.model_copy(update={"read_at": 10.0})])
    assert await posted.mirror.standing(["so-1", "so-2"]) == {"so-1": young}


async def test_it_is_looked_at_again_later(posted: SqlLedger) -> None:
    assert await looked(posted, again_in=0.0)
    assert await posted.mirror.claim(limit=9) == [KEY]
    await posted.mirror.postpone(KEY, seconds=0.0)
    assert await posted.mirror.claim(limit=9) == [KEY]
    await posted.mirror.postpone(KEY, seconds=60.0)
    assert await posted.mirror.claim(limit=9) == ()


async def test_everything_that_names_a_merged_account_is_looked_at(posted: SqlLedger) -> None:
    both = [STANDS, STANDS.model_copy(update={"erp_id": "so-2"})]
    accounts = ("acc-1", "acc-2")
    assert await looked(
        posted,
        standings=[one.model_copy(update={"account_erp_id": name}) for one, name in zip(both, accounts, strict=True)],
    )
    account = f"{key_of('~account:c')}"
    opened = await posted.open(account, ())
    assert not isinstance(opened, Busy)
    await posted.close(Closing(opened.lease, (), (), ()))
    before = await kept(posted, account)
    assert await posted.mirror.keep(Observation(account, before.fence, (), merged=accounts), at=before.at)
    assert await posted.mirror.claim(limit=9) == [KEY]


async def test_a_person_accepts_what_was_changed(posted: SqlLedger, desk: SqlDesk) -> None:
    with pytest.raises(Rejected, match="none that waits"):
        await desk.accept_drift(KEY, who="ann", why="right")
    changed = SALE.model_copy(update={"by_hand": ByHand(what="status")})
    assert await looked(posted, drifts=[VOIDED], posted=[changed])
    assert [key for key, _ in await desk.drifts(decision=Decision.ALERTED)] == [KEY]
    assert await desk.accept_drift(KEY, who="ann", why="right") == 1
    assert await desk.drifts(decision=Decision.ALERTED) == []
    ((_, drift),) = await desk.drifts()
    assert drift.decision is Decision.ACCEPTED
    story = await desk.story(KEY)
    hand = next(one.by_hand for one in story.posted if one.erp_id == "so-1")
    assert hand is not None
    assert (hand.accepted, len(hand.sale)) == (True, 32)
    assert [(one.action, one.who) for one in story.audits] == [("accept drift", "ann")]
    assert await posted.sweep.due() == [KEY]


async def test_a_feed_is_read_on_from_where_it_was_left(opener: Opener) -> None:
    first = await opener("a")
    assert await first.mirror.cursor("activity:usd") == ""
    await first.mirror.move("activity:usd", "2026-05-11T12:00:00.000Z")
    await first.mirror.move("activity:usd", "2026-05-12T12:00:00.000Z")
    second = await opener("b")
    assert await second.mirror.cursor("activity:usd") == "2026-05-12T12:00:00.000Z"


async def test_a_call_without_an_answer_is_told(posted: SqlLedger) -> None:
    assert not (await kept(posted)).unresolved
    assert (await kept(posted)).written_at == 0.0
