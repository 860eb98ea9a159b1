"""What of a read the ledger hears: never what is older, never a contradiction that is none."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.base import Version
from schemas.event import Envelope, Event, Fact, Key
from schemas.order import OrderEdit
from service.duties.what_is_new import what_is_new
from service.ports import Known
from tests.plan.world import SHOP, T0, at, order, payment

READ = T0 + timedelta(hours=1)
SETTLE = timedelta(seconds=10)


def event(*facts: Fact) -> Event:
    key = Key(external_source="shopify", tenant=SHOP["tenant"], root="1")
    return Event(envelope=Envelope(external_source="shopify", tenant=SHOP["tenant"]), key=key, facts=facts)


def known(*facts: Fact, conflict: bool = False) -> dict[object, Known]:
    return {fact.ref: Known(fact, "1-x", None, conflict) for fact in facts}


def new(facts: tuple[Fact, ...], have: dict[object, Known], *, read: datetime = READ) -> tuple[Fact, ...] | None:
    found = what_is_new(event(*facts), have, at=read, settle=SETTLE)  # type: ignore[arg-type]
    return None if found is None else found.facts


def edit(minutes: int) -> OrderEdit:
    return OrderEdit(**SHOP, external_id="71", version=at(minutes))


def test_what_nobody_knew_is_told() -> None:
    assert new((order(), payment()), {}) == (order(), payment())


def test_what_is_known_at_this_version_is_left_as_it_is_known() -> None:
    spelled_otherwise = order(name="#1001 ")
    assert new((spelled_otherwise, payment()), known(order())) == (payment(),)
    assert new((payment(),), known(payment())) == ()


def test_what_is_further_in_the_same_second_is_told() -> None:
    further = order().model_copy(update={"version": at(0, rank=5)})
    assert new((further,), known(order())) == (further,)


def test_what_is_newer_and_what_is_older_is_told_and_judged_by_the_ledger() -> None:
    assert new((order(minutes=5),), known(order())) == (order(minutes=5),)
    assert new((order(),), known(order(minutes=5))) == (order(),)


def test_of_two_contents_the_one_that_the_shop_shows_now_is_newer_than_both() -> None:
    (told,) = new((order(),), known(order(), conflict=True)) or ()
    assert told.version > order().version.model_copy(update={"triggered_at": T0 + timedelta(seconds=2)})
    assert told.version > order().version
    assert told.version.at == order().version.at


def test_an_order_that_was_read_after_an_edit_holds_it() -> None:
    (told,) = new((order(),), known(edit(3))) or ()
    assert told.version == at(3, rank=order().version.rank)
    assert new((order(),), known(order(), edit(3))) == (told,)
    assert new((order(),), known(told, edit(3))) == ()
    assert new((order(minutes=5),), known(edit(3))) == (order(minutes=5),)


def test_what_is_too_young_is_left_for_later() -> None:
    young = READ - timedelta(seconds=9)
    assert new((order(updated_at=young, version=Version(at=young)),), {}) is None
    assert new((order(),), known(edit(60))) is None
    assert new((order(),), known(edit(59))) is not None
