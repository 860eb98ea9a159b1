"""What is known while a key is worked on: pure, on values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.base import Kind
from schemas.effect import RecordPayment, RefundCash
from schemas.outcome import OutcomeName, Verdict
from schemas.posted import Posted
from service.pipeline.run import Run, event_ends, marks, root_of
from service.ports import Absorbed, Known, Lease, Opened, Priority
from tests.ledger.world import intent
from tests.pipeline.rig import arrival
from tests.plan.world import ROOT, World, cash_back, money, order, payment, policy

RULES = policy()
LEASE = Lease("shopify|a.myshopify.com|1", 1, 60.0)
READ_AT = 100.0


def opened(**changes: Any) -> Opened:
    nothing = Opened(LEASE, {}, {}, {}, [], {}, {}, 0.0)
    return replace(nothing, **changes)


def run_of(posted: dict[Any, Posted], **changes: Any) -> Run:
    return Run(ROOT, LEASE, opened(**changes), RULES, RULES, Priority.LIVE, posted, {})


def known(settled_under: str | None) -> Known:
    return Known(order(), "1-digest", settled_under, conflict=False)


def sold() -> World:
    """A sale with its payment about to be recorded; everything was read at one moment."""
    world = World().see(order(), payment(amount="15.00"), cash_back(amount="5.00"))
    while not isinstance(world.plan().effects[0], RecordPayment):
        world.carry_out(world.plan().effects[0])
    world.posted = {ref: one.model_copy(update={"read_at": READ_AT}) for ref, one in world.posted.items()}
    return world


def test_recorded_cash_is_carried_over_to_the_order() -> None:
    world = sold()
    run = run_of(dict(world.posted))
    run.count(world.plan().effects[0])
    assert (run.posted[ROOT].paid, run.posted[ROOT].balance) == (money("15.00"), money("5.00"))
    assert run.take_along() == ([], [run.posted[ROOT]])
    assert run.take_along() == ([], [])


def test_after_cash_went_back_the_order_counts_as_read_long_ago() -> None:
    world = sold()
    world.carry_out(world.plan().effects[0])
    refund = world.plan().effects[0]
    assert isinstance(refund, RefundCash)
    run = run_of(dict(world.posted))
    run.count(refund)
    before, after = world.posted[ROOT], run.posted[ROOT]
    assert 0 < after.read_at < READ_AT
    assert after.model_copy(update={"read_at": before.read_at}) == before


def test_a_payment_found_again_keeps_what_was_known_to_have_gone_back() -> None:
    world = sold()
    effect = world.plan().effects[0]
    world.carry_out(effect)
    paid = world.posted[effect.document].model_copy(update={"refunded": money("5.00"), "read_at": READ_AT})
    run = run_of({**world.posted, effect.document: paid})
    run.found_again(effect, paid, since=READ_AT - 1)
    assert (run.posted[effect.document].refunded, run.posted[effect.document].read_at) == (money("5.00"), READ_AT)
    run.found_again(effect, paid, since=READ_AT)
    assert run.posted[effect.document].read_at < READ_AT, "it was read before the restore: that says nothing"
    run.found_again(effect, None, since=0.0)
    assert run.posted[effect.document].refunded == 0


def test_the_earliest_wake_counts() -> None:
    run = run_of({})
    for at in (20.0, 10.0, 30.0):
        run.wake(at)
    assert run.wake_at == 10.0


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"known": {ROOT: known(RULES.version)}}, True),
        ({"known": {ROOT: known("other rules")}}, False),
        ({"known": {ROOT: known(None)}}, False),
        ({"known": {ROOT: known(RULES.version)}, "intents": [intent()]}, False),
    ],
)
def test_nothing_is_planned_where_everything_was_proven_under_todays_rules(
    changes: dict[str, Any], settled: bool
) -> None:
    assert run_of(dict(sold().posted), **changes).settled_before() is settled


def test_a_document_that_a_person_named_is_read_before_it_counts() -> None:
    unread = {ref: one.model_copy(update={"read_at": 0.0}) for ref, one in sold().posted.items()}
    assert not run_of(unread, known={ROOT: known(RULES.version)}).settled_before()


def test_marks_say_what_is_proven_now_and_what_is_no_longer() -> None:
    done, waits = (
        Verdict(document=ROOT, outcome=name, reason=None) for name in (OutcomeName.POSTED, OutcomeName.WAITING)
    )
    fresh, marked = opened(known={ROOT: known(None)}), opened(known={ROOT: known("p0")})
    assert marks(fresh, RULES, [done]) == [(ROOT, "1-digest", RULES.version)]
    assert marks(marked, RULES, [waits]) == [(ROOT, "1-digest", "")]
    assert marks(fresh, RULES, [waits]) == []
    assert marks(marked, None, [done]) == [(ROOT, "1-digest", "")], "without rules nothing is proven"
    assert marks(opened(), RULES, [done]) == []


@pytest.mark.parametrize(
    ("under", "rules", "outcome"),
    [
        (RULES.version, RULES, OutcomeName.UNCHANGED),
        (RULES.version, None, OutcomeName.UNCHANGED),
        ("other rules", RULES, OutcomeName.WAITING),
        (None, None, OutcomeName.WAITING),
    ],
)
def test_an_event_that_says_the_same_changes_nothing_where_that_is_settled(
    under: str | None, rules: Any, outcome: OutcomeName
) -> None:
    event = arrival(order())
    seen = opened(known={ROOT: known(under)}, absorbed={(event.id, 0): Absorbed.SAME})
    assert [end.outcome for end in event_ends([event], seen, rules, [])] == [outcome]


def test_a_root_may_have_the_separator_in_it() -> None:
    assert root_of("shopify|a.myshopify.com|~account:a|b") == ROOT.model_copy(
        update={"kind": Kind.ORDER, "external_id": "~account:a|b"}
    )
