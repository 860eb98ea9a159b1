"""Amounts in answers: read as our own amounts would be, however they are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.base import Amount
from service.erp.arcus.payloads import Number, Sum
from service.erp.arcus.wire import decode


class Ours(BaseModel):
    amount: Amount


class Theirs(BaseModel):
    amount: Sum


def digits() -> st.SearchStrategy[Decimal]:
    return st.builds(
        lambda sign, whole, exponent: Decimal((sign, tuple(map(int, str(whole))), exponent)),
        st.integers(0, 1),
        st.integers(0, 10**22),
        st.integers(-25, 8),
    )


def outcome(model: type[BaseModel], value: object) -> tuple[object, ...]:
    try:
        amount = model.model_validate({"amount": value}).model_dump()["amount"]
    except ValidationError:
        return ("refused",)
    return type(amount), str(amount)


@given(
    st.one_of(digits(), st.decimals(), st.integers(), st.booleans(), st.floats(), st.text("-.0123456789E"), st.none())
)
def test_an_amount_is_taken_and_refused_as_one_of_ours(value: object) -> None:
    assert outcome(Theirs, value) == outcome(Ours, value)


@pytest.mark.parametrize(
    "written",
    ["0", "-0.0", "1.5", "10.10", "0.000001", "1e2", "1.5e-7", "1e-7", "99999999999999.25", "999999999999999.5"],
)
def test_an_amount_on_the_wire_is_taken_as_it_is_written(written: str) -> None:
    doc = decode(b'{"amount":%s}' % written.encode())
    assert doc is not None
    assert outcome(Theirs, doc["amount"]) == outcome(Ours, doc["amount"])


def test_no_amount_counts_as_nothing_where_it_may_be_absent() -> None:
    number = TypeAdapter(Number)
    assert [number.validate_python(value) for value in (None, 0)] == [Decimal(0), Decimal(0)]
    with pytest.raises(ValidationError):
        TypeAdapter(Sum).validate_python(None)
