"""The tenant's rules, what a key is made of, and whose word about a document counts."""

from datetime import date, timedelta

import pytest

from schemas.base import Kind, Ref
from schemas.outcome import OutcomeName, Reason
from schemas.payment import PaymentKind, PaymentStatus
from service.plan.draft import Draft
from service.plan.policy import ClosedPeriod
from service.plan.state import Applied, Desired, parked, posted, waiting
from tests.plan.world import ROOT, SHOP, T0, cash_back, line, order, payment, policy

CLOSED = date(2026, 4, 1)


def draft(*discarded: Ref) -> Draft:
    rules = policy()
    return Draft(
        desired=Desired(ROOT),
        applied=Applied(discarded=frozenset(discarded)),
        policy=rules,
        posted_under=rules,
        now=0.0,
    )


@pytest.mark.parametrize(
    ("closed_before", "period", "day", "posted_under"),
    [
        (None, ClosedPeriod.PARK, date(2026, 3, 31), date(2026, 3, 31)),
        (CLOSED, ClosedPeriod.PARK, date(2026, 3, 31), None),
        (CLOSED, ClosedPeriod.PARK, CLOSED, CLOSED),
        (CLOSED, ClosedPeriod.PARK, date(2026, 4, 2), date(2026, 4, 2)),
        (CLOSED, ClosedPeriod.FIRST_OPEN_DAY, date(2026, 3, 31), CLOSED),
        (CLOSED, ClosedPeriod.FIRST_OPEN_DAY, CLOSED, CLOSED),
        (CLOSED, ClosedPeriod.FIRST_OPEN_DAY, date(2026, 4, 2), date(2026, 4, 2)),
    ],
)
def test_only_a_day_before_the_closing_is_closed(
    closed_before: date | None, period: ClosedPeriod, day: date, posted_under: date | None
) -> None:
    assert policy(closed_before=closed_before, closed_period=period).open_day(day) == posted_under


@pytest.mark.parametrize(("seconds", "live"), [(-1, False), (0, True), (1, True)])
def test_what_happens_from_go_live_on_is_ours(seconds: int, live: bool) -> None:
    assert policy(go_live=T0).is_live(T0 + timedelta(seconds=seconds)) is live


def test_a_policy_is_the_same_in_whatever_order_its_tables_are_written() -> None:
    one, other = policy(skus={"A": "1", "B": "2"}), policy(skus={"B": "2", "A": "1"})
    assert one.version == other.version
    assert len(one.version) == 16
    assert one.version != policy(skus={"A": "2", "B": "1"}).version


def test_the_refund_call_in_cents_is_not_used_for_other_coins_unless_somebody_says_so() -> None:
    assert policy().cents_for_other_units is False


def test_cash_is_what_succeeded_oldest_first() -> None:
    facts = [
        payment("93"),
        payment("92"),
        payment("94", status=PaymentStatus.FAILURE),
        payment("90", payment_kind=PaymentKind.AUTHORIZATION),
        cash_back("97"),
        cash_back("96"),
        cash_back("98", status=PaymentStatus.FAILURE),
    ]
    desired = Desired.of(ROOT, [order(line()), *facts], conflicts=frozenset(), first_seen=0.0)
    assert [p.external_id for p in desired.collected()] == ["92", "93"]
    assert [p.external_id for p in desired.given_back()] == ["96", "97"]


def test_the_first_word_about_a_document_counts() -> None:
    found = draft()
    found.say(waiting(ROOT, Reason.GATE, "not yet"))
    found.say(posted(ROOT))
    assert found.order_verdict is not None
    assert found.order_verdict.reason is Reason.GATE


def test_a_person_ends_what_is_unfinished_and_not_what_is_done() -> None:
    other = Ref(**SHOP, kind=Kind.REFUND, external_id="81")
    found = draft(ROOT, other)
    found.say(posted(ROOT))
    found.say(parked(other, Reason.ERP_HOLD, "held"))
    assert found.verdicts[ROOT].outcome is OutcomeName.POSTED
    assert (found.verdicts[other].outcome, found.verdicts[other].reason) == (OutcomeName.SKIPPED, Reason.DISCARDED)


def test_a_plan_is_looked_at_again_at_the_earliest_moment_that_anything_asked_for() -> None:
    found = draft()
    for moment in (5.0, 3.0, 9.0):
        found.wake(moment)
    assert found.wake_at == 3.0
