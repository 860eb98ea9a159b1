from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from schemas.event import Fact
from schemas.order import Order
from schemas.party import Address
from service.ledger.absorb import Seen, absorb, dump, load
from service.ledger.digest import digest
from service.ports import Absorbed
from tests.ledger.world import order, payment


def _met(*facts: Fact) -> tuple[Seen, list[Absorbed]]:
    """What is kept after facts came in this order, each read back from the ledger's own text in between."""
    seen: Seen | None = None
    said: list[Absorbed] = []
    for fact in facts:
        seen, absorbed = absorb(seen, fact, digest(fact))
        said.append(absorbed)
        seen = Seen(seen.kind, seen.version, seen.digest, dump(seen.fact), seen.conflict)
    assert seen is not None
    return seen, said


def test_a_newer_fact_replaces_an_older_one() -> None:
    seen, said = _met(order(minute=1), order(minute=2, total="20.00"))
    assert said == [Absorbed.NEWER, Absorbed.NEWER]
    assert isinstance(seen.fact, Order)
    assert seen.fact.current_total == Decimal("20.00")


def test_an_older_fact_is_only_counted() -> None:
    seen, said = _met(order(minute=2, total="20.00"), order(minute=1))
    assert said == [Absorbed.NEWER, Absorbed.OLDER]
    assert seen.fact == order(minute=2, total="20.00")


def test_of_two_bodies_of_one_second_the_further_one_is_newer() -> None:
    seen, said = _met(order(rank=2, total="20.00"), order(rank=1))
    assert said == [Absorbed.NEWER, Absorbed.OLDER]
    assert seen.fact == order(rank=2, total="20.00")


def test_the_same_version_with_the_same_content_is_the_same() -> None:
    assert _met(order(), order())[1] == [Absorbed.NEWER, Absorbed.SAME]


def test_the_same_version_with_other_content_is_a_conflict_and_the_first_stays() -> None:
    seen, said = _met(order(), order(total="20.00"))
    assert said == [Absorbed.NEWER, Absorbed.CONFLICT]
    assert seen.conflict
    assert seen.fact == order()


def test_a_conflict_stays_until_something_newer_comes() -> None:
    seen, said = _met(order(), order(total="20.00"), order())
    assert said[-1] is Absorbed.SAME
    assert seen.conflict
    seen, _ = _met(order(), order(total="20.00"), order(minute=1))
    assert not seen.conflict


def test_a_person_who_moves_house_changes_no_digest() -> None:
    moved = order(email="b@example.com").model_copy(update={"ship_to": Address(city="Rome"), "note": "Ring twice"})
    assert digest(moved) == digest(order())


def test_an_amount_written_otherwise_is_the_same_amount() -> None:
    assert digest(payment(amount="10.0")) != digest(payment(amount="10.00"))
    assert _met(payment(amount="10.0"), payment(amount="10.00"))[1] == [Absorbed.NEWER, Absorbed.SAME]


def test_digests_of_another_scheme_say_nothing() -> None:
    seen = Seen("order", str(order().version), "0-abc", dump(order()))
    assert absorb(seen, order(total="20.00"), digest(order(total="20.00")))[1] is Absorbed.SAME


@pytest.mark.parametrize("sequence", list(permutations([0, 1, 2])))
def test_links_that_only_one_road_tells_stay_in_any_order(sequence: tuple[int, ...]) -> None:
    told = [payment(rank=0, parent_id="8"), payment(rank=1, refund_id="7"), payment(rank=1)]
    seen, said = _met(*(told[index] for index in sequence))
    assert seen.fact == payment(rank=1, refund_id="7", parent_id="8")
    assert not seen.conflict
    assert Absorbed.CONFLICT not in said


def test_links_that_contradict_each_other_are_a_conflict() -> None:
    assert _met(payment(refund_id="7"), payment(refund_id="8"))[1] == [Absorbed.NEWER, Absorbed.CONFLICT]


def test_an_older_link_changes_the_digest_so_that_the_key_is_planned_again() -> None:
    before, _ = _met(payment(rank=1))
    after, said = _met(payment(rank=1), payment(rank=0, parent_id="8"))
    assert said[-1] is Absorbed.NEWER
    assert after.digest != before.digest
    assert after.digest == digest(after.fact)


def test_a_newer_fact_with_the_link_of_an_older_one_has_a_digest_of_its_own() -> None:
    seen, _ = _met(payment(rank=0, parent_id="8"), payment(rank=1))
    assert seen.fact == payment(rank=1, parent_id="8")
    assert seen.digest == digest(seen.fact)


def test_what_stays_as_it_is_says_so_by_being_the_same() -> None:
    seen, _ = absorb(None, payment(parent_id="8"), "1-given")
    assert absorb(seen, payment(parent_id="8"), "1-given")[0] is seen
    assert absorb(seen, payment(rank=0), "1-older")[0] is seen
    newer, _ = absorb(seen, payment(rank=9, parent_id="8"), "1-newer")
    assert newer.digest == "1-newer", "nothing was added: the digest that came along is not computed again"


@pytest.mark.parametrize(
    ("changes", "under"),
    [
        ({}, "p1"),
        ({"settled_version": "other"}, None),
        ({"settled_digest": "other"}, None),
        ({"settled_policy": ""}, None),
    ],
)
def test_a_mark_counts_for_its_version_and_content(changes: dict[str, Any], under: str | None) -> None:
    seen = Seen("order", "v", "d", settled_version="v", settled_digest="d", settled_policy="p1")
    assert replace(seen, **changes).settled_under == under


def test_defaults_are_not_written() -> None:
    assert "note" not in dump(order())


@pytest.mark.parametrize("fact", [order(), payment(parent_id="8")])
def test_a_fact_comes_back_as_it_was_written(fact: Fact) -> None:
    assert load(fact.entity, dump(fact)) == fact
