"""Money keeps its cents and its currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.money import Money, fits, minor_units, quantum, rounded, spread

CURRENCIES = st.sampled_from(["JPY", "USD", "EUR", "KWD"])
UNITS = st.integers(0, 10**12)
FRACTIONS = st.decimals(0, 10**9, places=6)


def money(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-minor_units(currency))


@pytest.mark.parametrize(("currency", "units", "step"), [("JPY", 0, "1"), ("USD", 2, "0.01"), ("KWD", 3, "0.001")])
def test_a_currency_has_its_minor_units(currency: str, units: int, step: str) -> None:
    assert (minor_units(currency), quantum(currency)) == (units, Decimal(step))


@pytest.mark.parametrize(
    ("code", "words"), [("XYZ", "is not a currency"), ("usd", "is not a currency"), ("XAU", "cannot be booked")]
)
def test_a_code_that_cannot_be_booked_is_refused(code: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        minor_units(code)
    with pytest.raises(ValidationError, match=words):
        Money(amount=Decimal(1), currency=code)


@given(UNITS, st.integers(1, 10**9), CURRENCIES)
def test_a_spread_gives_the_total_exactly_in_whole_pieces(units: int, quantity: int, currency: str) -> None:
    total = money(units, currency)
    parts = spread(total, quantity, currency)
    assert sum(count * rate for count, rate in parts) == total
    assert sum(count for count, _ in parts) == quantity
    assert all(fits(rate, currency) for _, rate in parts)
    assert len(parts) in {1, 2}
    if len(parts) == 2:
        assert parts[0][1] - parts[1][1] == quantum(currency)


def test_25_over_3_pieces_is_1_at_834_and_2_at_833() -> None:
    assert spread(Decimal("25.00"), 3, "USD") == [(1, Decimal("8.34")), (2, Decimal("8.33"))]
    assert [str(rate) for _, rate in spread(Decimal(24), 3, "USD")] == ["8.00"]


@pytest.mark.parametrize(("total", "quantity"), [("1.00", 0), ("1.005", 2)])
def test_what_cannot_be_spread_is_refused(total: str, quantity: int) -> None:
    with pytest.raises(ValueError, match="cannot spread"):
        spread(Decimal(total), quantity, "USD")


@given(FRACTIONS, CURRENCIES)
def test_rounding_is_to_the_nearest_unit_and_keeps_what_fits(amount: Decimal, currency: str) -> None:
    near = rounded(amount, currency)
    assert fits(near, currency)
    assert abs(near - amount) * 2 <= quantum(currency)
    assert (near == amount) is fits(amount, currency)


def test_half_a_cent_goes_up() -> None:
    assert [rounded(Decimal(text), "USD") for text in ("0.005", "0.015")] == [Decimal("0.01"), Decimal("0.02")]


def test_money_adds_within_one_currency_only() -> None:
    one, two = Money(amount=Decimal("1.10"), currency="USD"), Money(amount=Decimal("2.20"), currency="USD")
    assert one + two == Money(amount=Decimal("3.30"), currency="USD")
    assert str(one) == "1.10 USD"
    assert one != Money(amount=Decimal("1.10"), currency="CAD")
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        _ = one + Money(amount=Decimal(1), currency="EUR")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1.0000001", "123456789012345678901"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        Money(amount=Decimal(amount), currency="USD")
