from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from service.ledger.desk import SqlDesk
from service.ledger.ledger import SqlLedger
from service.ledger.trouble import AlreadyEnded
from service.ports import Intent, IntentState
from tests.ledger.world import closing, confirm, ended, intent, key_of, opened, posted, ref

KEY = key_of("1")


async def _kept(desk: SqlDesk) -> list[Intent]:
    return list((await desk.story(KEY)).intents)


async def test_an_intent_is_kept_as_it_was_begun(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    one = intent(body=b"\x00\xff not even text")
    await ledger.begin(held.lease, one)
    assert await _kept(desk) == [one]


@pytest.mark.parametrize("first", [IntentState.DONE, IntentState.REFUSED, IntentState.ABSENT])
async def test_a_terminal_outcome_is_never_overwritten(ledger: SqlLedger, desk: SqlDesk, first: IntentState) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.end(ended(intent(), first, "the first"))
    await ledger.end(ended(intent(), IntentState.DONE, "the second"), posted=[posted()])
    await ledger.end(ended(intent(), IntentState.IN_DOUBT, "the third"))
    kept = (await _kept(desk))[0]
    assert (kept.state, kept.answer) == (first, "the first")
    assert await ledger.account(ref("1")) is None


@pytest.mark.parametrize("no", [IntentState.REFUSED, IntentState.ABSENT])
async def test_a_no_to_one_attempt_does_not_end_a_later_one(ledger: SqlLedger, desk: SqlDesk, no: IntentState) -> None:
    held = await opened(ledger, KEY)
    first, second = intent(), replace(intent(), attempts=2)
    await ledger.begin(held.lease, first)
    await ledger.begin(held.lease, second)
    await ledger.end(ended(first, no, "of a process that slept"))
    assert [one.state for one in await _kept(desk)] == [IntentState.OPEN]
    await asyncio.gather(ledger.end(ended(first, no)), ledger.end(ended(second), posted=[posted()]))
    assert [one.state for one in await _kept(desk)] == [IntentState.DONE]
    assert await ledger.account(ref("1")) == posted()


async def test_doubt_is_no_end(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.end(ended(intent(), IntentState.IN_DOUBT, "two found"))
    await ledger.close(closing(held.lease))
    again = await opened(ledger, KEY)
    assert [one.state for one in again.intents] == [IntentState.IN_DOUBT]
    await ledger.end(ended(intent(), how="look_up"), posted=[posted()])
    assert [(one.state, one.how) for one in await _kept(desk)] == [(IntentState.DONE, "look_up")]
    assert await ledger.account(ref("1")) == posted()


async def test_the_same_intent_again_goes_on_with_the_same_bytes(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    first = intent()
    await ledger.begin(held.lease, first)
    again = replace(
        intent(body=b"other bytes"), attempted_at=200.0, deadline=230.0, erp_time=199.0, credential="other", attempts=2
    )
    await ledger.begin(held.lease, again)
    expected = replace(first, attempted_at=200.0, deadline=230.0, erp_time=199.0, attempts=2)
    assert await _kept(desk) == [expected]


async def test_an_intent_that_ended_does_not_begin_again(ledger: SqlLedger, desk: SqlDesk) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    other = intent(effect=confirm())
    await ledger.begin(held.lease, other)
    await ledger.end(ended(intent(), IntentState.ABSENT))
    with pytest.raises(AlreadyEnded) as error:
        await ledger.begin(held.lease, intent(), ended=[ended(other)], posted=[posted()])
    assert error.value.state == "absent"
    assert {one.id: one.state for one in await _kept(desk)}[other.id] is IntentState.OPEN, "it did nothing at all"
    assert await ledger.account(ref("1")) is None


async def test_the_highest_generation_and_the_last_refusal_are_known(ledger: SqlLedger) -> None:
    held = await opened(ledger, KEY)
    for generation in (1, 2):
        one = intent(generation=generation, body=b"%d" % generation)
        await ledger.begin(held.lease, one)
        await ledger.end(ended(one, IntentState.REFUSED, f"422 sku_inactive try {generation}"))
    await ledger.close(closing(held.lease))
    again = await opened(ledger, KEY)
    name = one.effect.name
    assert again.generations == {name: 2}
    refusal = again.refusals[name]
    assert (refusal.code, refusal.detail, refusal.content) == (
        "sku_inactive",
        "422 sku_inactive try 2",
        one.step.digest,
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("422 sku_inactive: it is not sold", "sku_inactive"),
        ("422 sku_inactive", "sku_inactive"),
        ("422", "422"),
        ("not found: 12 times", "not found"),
        ("", ""),
    ],
)
async def test_the_code_of_a_refusal_is_read_from_its_answer(ledger: SqlLedger, answer: str, code: str) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.end(ended(intent(), IntentState.REFUSED, answer))
    await ledger.close(closing(held.lease))
    assert [one.code for one in (await opened(ledger, KEY)).refusals.values()] == [code]


async def test_a_refusal_followed_by_something_else_is_none(ledger: SqlLedger) -> None:
    held = await opened(ledger, KEY)
    await ledger.begin(held.lease, intent())
    await ledger.begin(
        held.lease, intent(generation=2), ended=[ended(intent(), IntentState.REFUSED, "422 sku_inactive")]
    )
    await ledger.end(ended(intent(generation=2)))
    await ledger.close(closing(held.lease))
    assert (await opened(ledger, KEY)).refusals == {}


async def test_an_outcome_whose_intent_a_restored_database_forgot_is_kept_whole(
    ledger: SqlLedger, desk: SqlDesk
) -> None:
    await ledger.end(ended(intent()), posted=[posted()])
    assert await _kept(desk) == [ended(intent())]
    again = await opened(ledger, KEY)
    assert again.posted == {ref("1"): posted()}
