from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from schemas.base import Kind
from schemas.outcome import OutcomeName, Reason
from service.ledger.desk import SqlDesk
from service.ledger.ledger import SqlLedger
from service.ports import Absorbed, Lease
from tests.ledger.world import (
    arrival,
    closing,
    event_end,
    eventually,
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

Opener = Callable[..., Awaitable[SqlLedger]]
KEY = key_of("1")


async def test_what_arrives_is_known_with_everything_of_the_key(ledger: SqlLedger) -> None:
    first = await visit(ledger, KEY, arrival(order(), payment()))
    assert first.absorbed == {("e1", 0): Absorbed.NEWER, ("e1", 1): Absorbed.NEWER}
    second = await opened(ledger, KEY)
    assert {entry.fact.ref for entry in second.known.values()} == {ref("1"), ref("9", Kind.PAYMENT)}
    assert second.known[ref("1")].fact == order()
    assert second.known == first.known


async def test_several_arrivals_are_absorbed_one_after_the_other(ledger: SqlLedger) -> None:
    found = await opened(
        ledger,
        KEY,
        arrival(order(minute=2), event="e1"),
        arrival(order(minute=1), event="e2"),
        arrival(order(minute=2), event="e3"),
        arrival(order(minute=3), event="e4"),
    )
    assert [found.absorbed[f"e{number}", 0] for number in (1, 2, 3, 4)] == [
        Absorbed.NEWER,
        Absorbed.OLDER,
        Absorbed.SAME,
        Absorbed.NEWER,
    ]
    assert found.known[ref("1")].fact == order(minute=3)


async def test_an_old_event_still_shows_the_whole_key(ledger: SqlLedger) -> None:
    await visit(ledger, KEY, arrival(order(minute=2)))
    late = await opened(ledger, KEY, arrival(order(minute=1), event="e2"))
    assert late.absorbed == {("e2", 0): Absorbed.OLDER}
    assert late.known[ref("1")].fact == order(minute=2)


async def test_a_conflict_is_flagged_until_something_newer_comes(ledger: SqlLedger) -> None:
    await visit(ledger, KEY, arrival(order()))
    second = await visit(ledger, KEY, arrival(order(total="20.00"), event="e2"))
    assert second.absorbed == {("e2", 0): Absorbed.CONFLICT}
    third = await visit(ledger, KEY)
    assert third.known[ref("1")].conflict
    assert third.known[ref("1")].fact == order()
    fourth = await opened(ledger, KEY, arrival(order(minute=1), event="e3"))
    assert not fourth.known[ref("1")].conflict


async def test_settled_means_this_very_version_content_and_policy(ledger: SqlLedger) -> None:
    first = await opened(ledger, KEY, arrival(order()))
    digest = first.known[ref("1")].digest
    await ledger.close(replace(closing(first.lease, said()), settled=[(ref("1"), digest, "p1")]))
    second = await visit(ledger, KEY, arrival(order(), event="e2"))
    assert second.known[ref("1")].settled_under == "p1"
    third = await visit(ledger, KEY, arrival(order(minute=1), event="e3"))
    assert third.known[ref("1")].settled_under is None


async def test_a_mark_for_content_that_is_not_the_newest_settles_nothing(ledger: SqlLedger) -> None:
    first = await opened(ledger, KEY, arrival(order()))
    await ledger.close(replace(closing(first.lease), settled=[(ref("1"), "1-other", "p1")]))
    assert (await opened(ledger, KEY)).known[ref("1")].settled_under is None


async def test_posted_documents_are_found_by_key_and_by_reference(ledger: SqlLedger) -> None:
    first = await opened(ledger, KEY)
    assert await ledger.account(ref("1")) is None
    await ledger.close(replace(closing(first.lease), posted=[posted()]))
    assert await ledger.account(ref("1")) == posted()
    second = await opened(ledger, KEY)
    await ledger.close(replace(closing(second.lease), posted=[posted(total="12.00")]))
    assert (await opened(ledger, KEY)).posted == {ref("1"): posted(total="12.00")}


async def test_since_stays_while_document_and_reason_do(ledger: SqlLedger, desk: SqlDesk) -> None:
    async def since() -> float:
        return (await desk.parked())[0].since

    await visit(ledger, KEY, verdicts=(parked(),))
    first = await since()
    await asyncio.sleep(0.01)  # the clock of the database goes on
    await visit(ledger, KEY, verdicts=(parked(detail="still SKU-1"),))
    assert await since() == first
    assert (await desk.parked())[0].detail == "still SKU-1"
    await visit(ledger, KEY, verdicts=(parked(reason=Reason.SKU_AMBIGUOUS),))
    assert await since() > first


async def test_a_document_that_is_not_spoken_of_keeps_its_verdict(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, verdicts=(parked("1"), parked("2")))
    await visit(ledger, KEY, verdicts=(said("1"),))
    assert [one.document for one in await desk.parked()] == [ref("2")]


async def test_what_is_said_of_unreadable_news_stays_until_sound_ones_are_heard(
    ledger: SqlLedger, desk: SqlDesk
) -> None:
    told = said("1", OutcomeName.PARKED, Reason.DOES_NOT_ADD_UP)
    first = await opened(ledger, KEY)
    await ledger.close(replace(closing(first.lease, told), unread={ref("1")}))
    await visit(ledger, KEY, verdicts=(said(),))
    assert list((await desk.story(KEY)).verdicts) == [told]
    second = await opened(ledger, KEY)
    await ledger.close(replace(closing(second.lease), heard={ref("1")}))
    await visit(ledger, KEY, verdicts=(said(),))
    assert list((await desk.story(KEY)).verdicts) == [said()]


async def test_an_event_that_comes_again_keeps_its_first_terminal_outcome(ledger: SqlLedger, desk: SqlDesk) -> None:
    async def again(outcome: OutcomeName, reason: Reason | None = None) -> None:
        held = await opened(ledger, KEY)
        end = event_end(arrival(order()), outcome, reason)
        await ledger.close(closing(held.lease, events=(end,)))

    async def kept() -> list[tuple[OutcomeName, Reason | None]]:
        return [(end.outcome, end.reason) for end in (await desk.story(KEY)).events]

    await again(OutcomeName.WAITING, Reason.GATE)
    assert await kept() == [(OutcomeName.WAITING, Reason.GATE)]
    await again(OutcomeName.POSTED)
    await again(OutcomeName.UNCHANGED)
    assert await kept() == [(OutcomeName.POSTED, None)]


async def test_a_closing_that_says_nothing_only_gives_the_key_back(ledger: SqlLedger, desk: SqlDesk) -> None:
    await visit(ledger, KEY, arrival(order()), verdicts=(parked(),))
    held = await opened(ledger, KEY)
    await ledger.close(closing(held.lease))
    assert len(await desk.parked()) == 1


async def test_a_key_is_due_when_its_time_has_come_and_nobody_holds_it(ledger: SqlLedger) -> None:
    async def close(root: str, wake_at: float | None) -> Lease:
        held = await opened(ledger, key_of(root))
        await ledger.close(closing(held.lease, wake_at=wake_at))
        return held.lease

    await close("1", 1.0)
    await close("2", 4e9)
    await close("3", None)
    await close("4", 1.0)
    held = await opened(ledger, key_of("4"))
    assert await ledger.sweep.due() == [key_of("1")]
    wake_s = await ledger.sweep.next_wake()
    assert wake_s is not None
    assert wake_s > 1e9
    await ledger.close(closing(held.lease, wake_at=1.0))
    assert await ledger.sweep.due() == [key_of("1"), key_of("4")]
    assert await ledger.sweep.due(limit=1) == [key_of("1")]
    assert await ledger.sweep.due(after=key_of("1")) == [key_of("4")]


async def test_a_wake_is_not_lost_with_the_process_that_took_it(opener: Opener) -> None:
    ledger, dying = await opener("a"), await opener("b", lease_seconds=0.05)
    held = await opened(ledger, KEY)
    await ledger.close(closing(held.lease, wake_at=1.0))
    await opened(dying, KEY)  # and never comes back

    async def due() -> list[str]:
        return await ledger.sweep.due()

    assert await eventually(due) == [KEY]
