"""Identity, versions, and the two ways to make a value."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.base import Frozen, Kind, Ref, Tagged, Version
from schemas.order import Line, LineCategory, OrderEdit

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 2), timezones=st.just(UTC))  # noqa: DTZ001
VERSIONS = st.builds(Version, at=MOMENTS, triggered_at=st.none() | MOMENTS, rank=st.integers(0, 3))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def version(seconds: int = 0, triggered: int | None = None, rank: int = 0) -> Version:
    moment = None if triggered is None else NOW + timedelta(seconds=triggered)
    return Version(at=NOW + timedelta(seconds=seconds), triggered_at=moment, rank=rank)


def test_the_sources_clock_counts_before_the_trigger_and_the_trigger_before_the_rank() -> None:
    assert version(0, 9, 9) < version(1)
    assert version(0, 1, 9) < version(0, 2)
    assert version(0, 1, 1) < version(0, 1, 2)
    assert version(0, None, 1) < version(0, 1, 2)


@given(VERSIONS, VERSIONS)
def test_of_two_versions_one_is_newer_or_they_tie(one: Version, other: Version) -> None:
    assert [one < other, one > other, one.ties(other)].count(True) == 1
    assert (one <= other) is not (one > other)
    assert (one >= other) is not (one < other)
    assert (one < other) is (other > one)
    assert one.ties(other) is other.ties(one)


def test_versions_may_tie_without_being_equal() -> None:
    assert version().ties(version(0, 1))
    assert not version() > version(0, 1)
    assert version() != version(0, 1)


@given(VERSIONS)
def test_a_version_survives_its_text(one: Version) -> None:
    assert Version.parse(str(one)) == one


def test_the_texts_of_complete_versions_sort_like_them() -> None:
    found = [version(0, 1), version(0, 1, 1), version(0, 2), version(1, 0)]
    assert sorted(found, key=str) == sorted(found) == found


def test_a_time_is_kept_in_utc_and_needs_an_offset() -> None:
    west = datetime(2026, 5, 31, 22, 30, tzinfo=timezone(timedelta(hours=-7)))
    assert Version(at=west).at.isoformat() == "2026-06-01T05:30:00+00:00"
    with pytest.raises(ValidationError, match="needs an offset"):
        Version(at=datetime(2026, 5, 31))  # noqa: DTZ001


def test_a_ref_names_its_document_and_can_be_a_key() -> None:
    fact = OrderEdit(external_source="shopify", tenant="a", external_id="1", version=version())
    ref = Ref(external_source="shopify", tenant="a", kind=Kind.ORDER_EDIT, external_id="1")
    assert fact.ref == ref
    assert str(ref) == "shopify a order_edit 1"
    assert {ref: 1}[fact.ref] == 1


def test_a_fact_has_to_say_what_it_is_about() -> None:
    fact = Tagged(external_source="shopify", tenant="a", external_id="1", version=version())
    with pytest.raises(NotImplementedError):
        _ = fact.entity


LINE: dict[str, Any] = {
    "external_id": "1",
    "category": LineCategory.STOCK,
    "quantity": 2,
    "current_quantity": 1,
    "unit_price": Decimal("1.50"),
}


def test_a_trusted_value_is_the_one_that_the_constructor_makes() -> None:
    made, trusted = Line(**LINE), Line.trusted(**LINE)
    assert trusted == made
    assert trusted.model_dump_json() == made.model_dump_json()
    assert trusted.model_copy(update={"sku": "A"}).sku == "A"
    assert Line.trusted(**LINE) == made
    with pytest.raises(ValidationError, match="frozen"):
        trusted.sku = "B"  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [{"colour": "red"}, {"unit_price": None}])
def test_a_trusted_value_lacks_no_field_and_has_no_other(wrong: dict[str, object]) -> None:
    values = {**LINE, **wrong}
    if "colour" not in wrong:
        del values["unit_price"]
    with pytest.raises(TypeError, match="Line needs"):
        Line.trusted(**values)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Line.model_validate({**LINE, "colour": "red"})


def test_a_value_cannot_be_changed() -> None:
    class Point(Frozen):
        x: int

    with pytest.raises(ValidationError, match="frozen"):
        Point(x=1).x = 2  # type: ignore[misc]
