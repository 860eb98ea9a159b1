from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from service.errors import FenceLost
from service.ledger.ledger import SqlLedger
from service.ledger.members import TRY_AGAIN_S
from service.ports import Busy, Opened
from tests.ledger.world import (
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
    posted,
    said,
    taken_over,
    visit,
)

Opener = Callable[..., Awaitable[SqlLedger]]
KEY = key_of("1")
SHORT_S = 0.15


async def test_only_one_owner_holds_a_key(opener: Opener) -> None:
    a, b = await opener("a"), await opener("b")
    await opened(a, KEY)
    busy = await b.open(KEY, [])
    assert isinstance(busy, Busy)
    assert busy.key == KEY
    assert busy.retry_in == TRY_AGAIN_S


async def test_a_key_whose_lease_ends_soon_is_worth_a_try_then(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=TRY_AGAIN_S / 2), await opener("b")
    await opened(a, KEY)
    answer = await b.open(KEY, [])
    assert isinstance(answer, Opened) or 0 <= answer.retry_in <= TRY_AGAIN_S / 2


async def test_a_key_that_this_owner_holds_is_busy_too(ledger: SqlLedger) -> None:
    await opened(ledger, KEY)
    assert isinstance(await ledger.open(KEY, []), Busy)


async def test_of_many_at_once_one_gets_the_key(opener: Opener) -> None:
    ledgers = [await opener(str(number)) for number in range(4)]
    answers = await asyncio.gather(*(ledger.open(KEY, []) for ledger in ledgers for _ in range(4)))
    assert len([answer for answer in answers if isinstance(answer, Opened)]) == 1


async def test_a_key_given_back_is_free_under_the_next_fence(opener: Opener) -> None:
    a, b = await opener("a"), await opener("b")
    first = await visit(a, KEY)
    second = await opened(b, KEY)
    assert second.lease.fence == first.lease.fence + 1
    assert second.first_seen == first.first_seen


async def test_a_busy_key_absorbs_nothing(opener: Opener) -> None:
    a, b = await opener("a"), await opener("b")
    held = await opened(a, KEY)
    assert isinstance(await b.open(KEY, [arrival(order())]), Busy)
    await a.close(closing(held.lease))
    assert (await opened(a, KEY)).known == {}


async def test_a_lease_runs_out_on_the_databases_clock(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=SHORT_S), await opener("b")
    first = await opened(a, KEY)
    second = await taken_over(b, KEY)
    assert second.lease.fence == first.lease.fence + 1


async def test_a_lost_fence_neither_begins_nor_closes_nor_renews(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=SHORT_S), await opener("b")
    first = await opened(a, KEY, arrival(order()))
    await taken_over(b, KEY)
    with pytest.raises(FenceLost) as lost:
        await a.begin(first.lease, intent())
    assert lost.value.key == KEY
    with pytest.raises(FenceLost):
        await a.close(closing(first.lease, said()))
    assert await a.renew([first.lease]) == {KEY}


async def test_a_lease_that_was_given_back_does_not_hold_any_more(ledger: SqlLedger) -> None:
    held = await visit(ledger, KEY)
    with pytest.raises(FenceLost):
        await ledger.begin(held.lease, intent())
    with pytest.raises(FenceLost):
        await ledger.close(closing(held.lease))


async def test_nothing_begins_under_a_lease_that_ran_out_although_nobody_took_it(opener: Opener) -> None:
    a = await opener("a", lease_seconds=SHORT_S)
    held = await opened(a, KEY)
    number = 0

    async def refused() -> bool:
        nonlocal number
        number += 1
        try:
            await a.begin(held.lease, intent(generation=number))
        except FenceLost:
            return True
        return False

    assert await eventually(refused)
    await a.close(closing(held.lease))  # but what was decided may still be recorded


async def test_a_renewed_lease_goes_on(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=SHORT_S), await opener("b")
    long = await opener("a", lease_seconds=60.0)
    held = await opened(a, KEY)
    assert await long.renew([held.lease]) == set()
    await asyncio.sleep(SHORT_S * 1.5)  # the first lease is over, provably: it began before the renewal
    assert isinstance(await b.open(KEY, []), Busy)
    await a.begin(held.lease, intent())


async def test_each_lease_is_renewed_on_its_own(ledger: SqlLedger) -> None:
    one, two = await opened(ledger, key_of("1")), await opened(ledger, key_of("2"))
    await ledger.close(closing(two.lease))
    assert await ledger.renew([one.lease, two.lease]) == {key_of("2")}
    assert await ledger.renew([]) == set()


async def test_a_takeover_sees_open_intents_and_what_is_known(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=SHORT_S), await opener("b")
    first = await opened(a, KEY, arrival(order()))
    one = intent()
    await a.begin(first.lease, one)
    second = await taken_over(b, KEY)
    assert list(second.intents) == [one]
    assert second.generations == {one.effect.name: 1}
    assert second.known[order().ref].fact == order()


async def test_a_late_outcome_reaches_the_next_owner(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=SHORT_S), await opener("b")
    first = await opened(a, KEY, arrival(order()))
    await a.begin(first.lease, intent())
    second = await taken_over(b, KEY)
    await a.end(ended(intent()), posted=[posted()])
    await b.close(closing(second.lease))
    third = await opened(b, KEY)
    assert third.intents == []
    assert third.posted == {order().ref: posted()}


async def test_abandoned_keys_are_those_with_open_intents_whose_lease_ran_out(opener: Opener) -> None:
    a, b = await opener("a", lease_seconds=SHORT_S), await opener("b")
    gone = await opened(a, key_of("1"))
    await a.begin(gone.lease, intent("1"))
    held = await opened(b, key_of("2"))
    await b.begin(held.lease, intent("2"))
    idle = await opened(a, key_of("3"))
    assert idle.lease.fence == 1

    async def abandoned() -> list[str]:
        return await b.sweep.abandoned()

    assert await eventually(abandoned) == [key_of("1")]


async def test_an_intent_of_another_key_is_refused(ledger: SqlLedger) -> None:
    held = await opened(ledger, key_of("2"))
    with pytest.raises(Exception, match="belongs to"):
        await ledger.begin(held.lease, intent("1"))


async def test_a_chain_of_effects_is_one_visit(ledger: SqlLedger) -> None:
    one, two = intent(), intent(effect=confirm())
    held = await opened(ledger, KEY, arrival(order()))
    await ledger.begin(held.lease, one)
    await ledger.begin(held.lease, two, ended=[ended(one)], posted=[posted()])
    last = replace(closing(held.lease, said(), events=(event_end(arrival(order())),)), ended=[ended(two)])
    await ledger.close(last)
    again = await opened(ledger, KEY)
    assert again.intents == []
    assert again.generations == {one.effect.name: 1, two.effect.name: 1}
    assert again.posted[order().ref] == posted()
