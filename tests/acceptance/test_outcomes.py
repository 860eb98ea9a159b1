"""Everything that is sent has the outcome that the table says: by `explain`, and by the ERP's own database."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from tests.acceptance.cases import Expected, Sent, real, shop
from tests.acceptance.ours import ours
from tests.acceptance.town import Doc, Report, town

MISSING = (
    "THE REAL PAYLOADS WERE NOT TRIED: name their folder in ORDERFERRY_FIXTURES, or put it beside the checkout as "
    "shared/fixtures"
)
REAL, OURS = real(), ours()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Send everything through the command line, let the product run, and read what it says and what the ERP has."""
    folder = tmp_path_factory.mktemp("acceptance")

    async def evening() -> Report:
        cases = [*OURS, *REAL]
        async with town(folder, cases) as place:
            return await place.report(await place.send_all(cases))

    with asyncio.Runner() as runner:
        return runner.run(evening())


def check(report: Report, case: Sent) -> None:
    """Hold one case against its row of the table."""
    events, places = report.events(case), report.sent[case.name]
    ended = [_said(event) for place in places for event in events.get(place, ())]
    dead = [f"{one['reason']}: {one['detail']}" for place in places for one in [report.dead.get(place)] if one]
    assert len(ended) + len(dead) >= len(places)
    assert not case.events or ended == list(case.events)
    assert len(dead) >= len(case.dead)
    assert all(any(words in one for one in dead) for words in case.dead), dead
    documents, standing = report.documents(shop(case.shop)), report.standing(shop(case.shop))
    for name, expected in case.documents.items():
        assert _said(documents[name]) == _is(expected)
        assert expected.says in documents[name]["detail"]
        _check_in_erp(name, expected, standing.get(name))


def _check_in_erp(name: str, expected: Expected, found: Doc | None) -> None:
    if not expected.erp:
        assert found is None, f"{name} stands in the ERP"
        return
    assert found is not None, f"{name} does not stand in the ERP"
    if name.startswith("payment "):
        assert Decimal(found["amount"]) == Decimal(expected.erp)
        return
    assert Decimal(found["order_total"]) == Decimal(expected.erp)
    assert found["order_status"] == expected.status
    assert expected.carrier in ("", found["document_type"])


def _said(one: Doc) -> str:
    return f"{one['outcome']}/{one['reason']}" if one["reason"] else str(one["outcome"])


def _is(expected: Expected) -> str:
    return f"{expected.outcome}/{expected.reason}" if expected.reason else expected.outcome


@pytest.mark.parametrize("case", OURS, ids=lambda case: case.name.replace(" ", ""))
def test_a_case_of_our_own_has_the_outcome_of_the_table(report: Report, case: Sent) -> None:
    check(report, case)


@pytest.mark.skipif(not REAL, reason=MISSING)
@pytest.mark.parametrize("case", REAL, ids=lambda case: case.name.replace(" ", ""))
def test_a_real_payload_has_the_outcome_of_the_table(report: Report, case: Sent) -> None:
    check(report, case)


def test_no_shop_has_a_document_that_the_table_does_not_name(report: Report) -> None:
    expected: dict[str, set[str]] = {}
    for case in (*OURS, *REAL):
        expected.setdefault(shop(case.shop), set()).update(case.documents)
    for name, documents in expected.items():
        found = {one for one in report.documents(name) if not one.startswith("account ")}
        assert found == documents, name
        assert report.standing(name).keys() <= documents


def test_nothing_stands_twice_in_the_erp_and_no_money_was_moved(report: Report) -> None:
    tags = Counter(
        tuple(sorted(order["metadata"].items()))
        for book in report.books.values()
        for order in book["orders"]
        if order["metadata"]
    )
    assert set(tags.values()) == {1}
    references = Counter(one["external_reference"] for book in report.books.values() for one in book["payments"])
    assert set(references.values()) == {1}
    assert not any(report.moved.values())
