import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.erp.arcus.wire import decode, encode, exact, unwrap

CURRENCIES = {"JPY": 0, "USD": 2, "KWD": 3}


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("5", "USD", "5.00"),
        ("5.1", "USD", "5.10"),
        ("1E+3", "JPY", "1000"),
        ("1.5", "KWD", "1.500"),
        ("-0.00", "USD", "0.00"),
        ("99999999999999.99", "USD", "99999999999999.99"),
    ],
)
def test_an_amount_is_written_with_exactly_the_currencys_decimals(amount: str, currency: str, text: str) -> None:
    assert encode({"amount": exact(Decimal(amount), currency)}) == b'{"amount":%s}' % text.encode()


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "USD"), ("0.5", "JPY"), ("0.0001", "KWD")])
def test_a_fraction_of_the_smallest_unit_is_never_sent(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="fraction of the smallest unit"):
        exact(Decimal(amount), currency)


@given(units=st.integers(min_value=-(10**14), max_value=10**14), currency=st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_survives_the_wire_to_the_last_digit(units: int, currency: str) -> None:
    amount = Decimal(units).scaleb(-CURRENCIES[currency])
    content = encode({"amount": exact(amount, currency)})
    read = decode(content)
    assert read is not None
    assert Decimal(read["amount"]) == amount
    assert len(content.partition(b".")[2].rstrip(b"}")) == CURRENCIES[currency]


def test_the_same_content_is_the_same_bytes_whatever_its_order() -> None:
    first = {"b": [True, None, 'é\n"', 3], "a": {"y": Decimal("1.10"), "x": {}}}
    second = {"a": {"x": {}, "y": Decimal("1.10")}, "b": [True, None, 'é\n"', 3]}
    assert encode(first) == encode(second)
    assert encode(first) == b'{"a":{"x":{},"y":1.10},"b":[true,null,"\xc3\xa9\\n\\"",3]}'
    assert json.loads(encode(first))["b"] == [True, None, 'é\n"', 3]


def test_a_lone_surrogate_does_not_break_a_request() -> None:
    assert encode({"a": "\ud800"}) == b'{"a":"?"}'


@pytest.mark.parametrize("value", [1.5, date(2026, 5, 1)])
def test_what_json_cannot_say_exactly_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="does not belong in a request"):
        encode({"a": value})


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b'{"a":', b"null", b'{"a":NaN}'])
def test_what_is_no_json_object_is_nothing(content: bytes) -> None:
    assert decode(content) is None


def test_an_object_is_read_with_or_without_its_envelope() -> None:
    assert unwrap({"data": {"id": "1"}, "idempotent_replay": True}) == {"id": "1"}
    assert unwrap({"id": "1", "data": [1]}) == {"id": "1", "data": [1]}
