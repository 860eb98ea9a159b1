"""`drift`: listed, cut down, accepted."""

from __future__ import annotations

import pytest

from service.ports import Decision, Drift
from tests.cli.conftest import Ferry
from tests.cli.stories import KEY, ORDER, story

BY = ("--who", "ann", "--why", "the buyer called")
VOIDED = Drift(ORDER, "erp-1", "status", "confirmed", "cancelled", Decision.ALERTED, at=1_777_636_800.0)
MERGED = Drift(ORDER, "erp-1", "account", "a", "b", Decision.FOLLOWED, at=1_777_636_800.0)


@pytest.fixture
def drifting(ferry: Ferry) -> Ferry:
    ferry.desk.drifted = [(KEY, VOIDED), (KEY, MERGED)]
    ferry.desk.names["shopify", "#1001"] = [KEY]
    ferry.desk.stories[KEY] = story()
    return ferry


def test_drift_is_listed_with_its_decision(drifting: Ferry) -> None:
    rows = drifting("drift", "list", "--json").rows
    assert [(one["key"], one["field"], one["decision"]) for one in rows] == [
        (KEY, "status", "alerted"),
        (KEY, "account", "followed"),
    ]
    assert len(drifting("drift", "list", "--json", "--decision", "alerted").rows) == 1
    assert len(drifting("drift", "list", "--json", "--limit", "1").rows) == 1
    table = drifting("drift", "list").out
    assert "2 fields changed in the ERP" in table
    assert "2026-05-01 12:00" in table


def test_a_person_accepts(drifting: Ferry) -> None:
    called = drifting("drift", "accept", "shopify", "#1001", *BY)
    assert "1 fields of" in called.out
    assert [(one.action, one.who) for one in drifting.desk.audits] == [("accept drift", "ann")]
    assert drifting("drift", "accept", "shopify", "#1001", *BY, "--json").rows == [{"key": KEY, "accepted": 0}]


def test_nobody_accepts_what_nobody_knows(drifting: Ferry) -> None:
    called = drifting("drift", "accept", "shopify", "#7", *BY)
    assert (called.code, "knows no document" in called.err) == (1, True)
