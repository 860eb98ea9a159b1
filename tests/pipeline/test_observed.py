"""From a reading to what is recorded: judged only where it began a settle horizon after our last call had ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.posted import Posted, PostedStatus
from schemas.standing import Standing
from service.pipeline.observed import Rules, observed
from service.plan.by_hand import sale_digest
from service.ports import Decision, Drift, Kept, Observation, Sight, Wanted
from tests.plan.world import ROOT, SHOP, money, order

KEY = "shopify|a.myshopify.com|1"
ACCOUNT = Ref(**SHOP, kind=Kind.ACCOUNT, external_id="customer:7")
RULES = Rules(accepts=False, settle_s=30.0, call_s=10.0)
SALE = Posted(
    document=ROOT, erp_id="so", document_type="sales_order", currency="USD", total=money("20"), read_at=1_000.0
)
VOIDED = SALE.model_copy(update={"status": PostedStatus.CANCELLED})
OWNER = Posted(document=ACCOUNT, erp_id="acc", document_type="account", currency="USD", read_at=1_000.0)
BEGAN = 2_000.0
TOLD = "2026-05-11T12:00:00.000Z"


def kept(*posted: Posted, **more: Any) -> Kept:
    given: dict[str, Any] = {
        "key": KEY,
        "fence": 3,
        "at": 5_000.0,
        "posted": {one.document: one for one in posted or (SALE,)},
        "standings": (),
        "drifts": (),
        "wanted": (),
        "sale": order(),
        "unresolved": False,
        "written_at": 990.0,
    }
    return Kept(**{**given, **more})


def sight(*after: Posted, began: float = BEGAN, updated_at: str = "", **more: Any) -> Sight:
    standing = Standing(document=ROOT, erp_id="so", document_type="sales_order", updated_at=updated_at)
    return Sight(began, (standing,), {one.document: one for one in after}, **more)


def fields(observation: Observation) -> list[tuple[str, str, str, Decision]]:
    return [(one.field, one.was, one.now, one.decision) for one in observation.drifts]


def test_nothing_new_is_only_kept_as_read() -> None:
    told = observed(kept(), sight(SALE), RULES)
    assert (told.key, told.fence, told.standings) == (KEY, 3, sight().standings)
    assert (list(told.drifts), list(told.posted), list(told.seen), told.wake, told.again_in) == (
        [],
        [],
        [],
        False,
        None,
    )


@pytest.mark.parametrize("accepts", [False, True])
def test_what_people_changed_is_recorded_and_marked(*, accepts: bool) -> None:
    told = observed(kept(), sight(VOIDED), replace(RULES, accepts=accepts))
    decision = Decision.ACCEPTED if accepts else Decision.ALERTED
    assert fields(told) == [("status", "confirmed", "cancelled", decision)]
    (posted,) = told.posted
    assert posted.status is PostedStatus.CANCELLED
    assert posted.by_hand is not None
    assert (posted.by_hand.accepted, posted.by_hand.sale) == (accepts, sale_digest(order()))
    assert told.wake


def test_what_was_found_before_is_not_found_again() -> None:
    known = Drift(ROOT, "so", "status", "confirmed", "cancelled", Decision.ACCEPTED)
    told = observed(kept(drifts=(known,)), sight(VOIDED), RULES)
    assert (fields(told), [one.by_hand for one in told.posted]) == ([], [None])


def test_progress_is_taken_over_and_wakes_the_key() -> None:
    shipped = SALE.model_copy(update={"status": PostedStatus.SHIPPED})
    told = observed(kept(), sight(shipped), RULES)
    assert (told.drifts, told.posted, told.wake) == ([], [shipped], True)


def test_a_read_that_may_be_older_than_our_last_write_is_not_judged() -> None:
    for began, again in ((1_005.0, 25.0), (1_029.0, 1.0)):
        told = observed(kept(), sight(VOIDED, began=began), RULES)
        assert (told.drifts, told.posted, told.wake) == ((), (), False)
        assert told.again_in == pytest.approx(again)
        assert told.standings
    assert observed(kept(), sight(VOIDED, began=1_030.0), RULES).drifts


def test_our_last_call_is_over_when_its_deadline_is() -> None:
    read_lately = kept(SALE.model_copy(update={"read_at": 1_900.0}), written_at=1_000.0)
    assert observed(read_lately, sight(VOIDED, began=1_040.0), RULES).drifts, "a reading is no write"
    assert observed(kept(written_at=0.0), sight(VOIDED, began=50.0), RULES).drifts, "nothing was ever written"


def test_until_the_log_was_read_again_a_restored_ledger_cannot_tell_its_own_doing() -> None:
    told = observed(kept(), sight(VOIDED), replace(RULES, not_before=BEGAN + 600.0))
    assert (list(told.drifts), list(told.posted), told.again_in) == ([], [], 600.0)
    assert observed(kept(), sight(VOIDED), replace(RULES, not_before=BEGAN)).drifts


def test_while_a_call_is_open_nobody_can_tell_whose_doing_it_is() -> None:
    told = observed(kept(unresolved=True), sight(VOIDED), RULES)
    assert (told.drifts, told.again_in) == ((), 30.0)
    assert observed(kept(unresolved=True), sight(SALE), RULES).again_in is None


def test_a_question_is_answered_by_what_shows_it_or_is_young_enough() -> None:
    old = Wanted("so", "", 4_970.0)
    young = Wanted("so", "", 4_990.0)
    shown = Wanted("so", TOLD, 4_999.0)
    later = Wanted("so", "2026-05-11T12:00:00.001Z", 4_999.0)
    other = Wanted("pay", TOLD, 4_999.0)
    for wanted, seen, again in (
        (old, ["so"], None),
        (young, [], 20.0),
        (shown, ["so"], None),
        (later, [], 29.0),
        (other, [], 29.0),
    ):
        told = observed(kept(wanted=(wanted,)), sight(SALE, updated_at=TOLD), RULES)
        assert (list(told.seen), told.again_in) == (seen, again)
    early = observed(kept(wanted=(young,)), sight(VOIDED, began=1_005.0), RULES)
    assert early.again_in == pytest.approx(20.0)


@pytest.mark.parametrize("said", ["yesterday", "2026-05-11T12:00:00", ""])
def test_a_time_that_is_none_shows_nothing(said: str) -> None:
    told = observed(kept(wanted=(Wanted("so", TOLD, 4_990.0),)), sight(SALE, updated_at=said), RULES)
    assert list(told.seen) == []


def test_what_a_person_named_is_taken_as_it_stands() -> None:
    named = SALE.model_copy(update={"read_at": 0.0, "total": money("0")})
    told = observed(kept(named), sight(VOIDED), RULES)
    assert (told.drifts, told.posted) == ([], [VOIDED])


def test_a_merged_account_is_followed_and_its_orders_are_looked_at() -> None:
    winner = OWNER.model_copy(update={"erp_id": "winner"})
    told = observed(kept(OWNER, sale=None), sight(winner), RULES)
    assert fields(told) == [("account", "acc", "winner", Decision.FOLLOWED)]
    assert (told.posted, told.merged) == ([winner], ["acc"])
    moved = observed(kept(), sight(SALE.model_copy(update={"account_erp_id": "winner"})), RULES)
    assert (moved.merged, [one.by_hand for one in moved.posted]) == ([], [None])


def test_what_is_gone_stays_as_it_was_known() -> None:
    told = observed(kept(), sight(missing=frozenset({ROOT})), RULES)
    assert fields(told) == [("missing", "so", "", Decision.ALERTED)]
    assert [one.total for one in told.posted] == [money("20")]
