"""Amounts: Decimal everywhere inside, plain JSON numbers outside, at most the currency's minor units."""

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import iso4217

from sandbox.arcus.errors import invalid

ZERO = Decimal(0)
CEILING = Decimal(10) ** 11  # above it a JSON number would not carry three decimals exactly
MAX_QUANTITY = 10**9


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 1 for JPY, 0.01 for USD, 0.001 for KWD."""
    return Decimal(1).scaleb(-(iso4217.Currency(currency.upper()).exponent or 0))


def rounded(value: Decimal, smallest: Decimal) -> Decimal:
    """Half up, to the minor unit."""
    return value.quantize(smallest, ROUND_HALF_UP)


def amount(value: object, *, param: str, smallest: Decimal, status: int = 400) -> Decimal:
    """Return a non-negative amount as the request carried it, or refuse it by name."""
    if type(value) is int:
        value = Decimal(value)
    if type(value) is not Decimal:
        raise invalid(param, "must be a number.", status=status)
    if not ZERO <= value < CEILING:
        raise invalid(param, "must not be negative and must be below 100000000000.", status=status)
    exact = value.quantize(smallest)
    if exact != value:
        raise invalid(param, f"has more decimals than the currency ({smallest}).", status=status)
    return exact


def positive(value: object, *, param: str, smallest: Decimal, status: int = 400) -> Decimal:
    """Return an amount above zero."""
    found = amount(value, param=param, smallest=smallest, status=status)
    if not found:
        raise invalid(param, "must be greater than zero.", status=status)
    return found


def percentage(value: object, *, param: str, status: int = 400) -> Decimal:
    """Return a number from 0 to 100 of at most six decimals."""
    found = amount(value, param=param, smallest=Decimal("0.000001"), status=status)
    if found > 100:
        raise invalid(param, "must be between 0 and 100.", status=status)
    return found


def _number(value: object) -> int | float:
    """Decimal to a JSON number; the ceiling keeps a float's shortest digits equal to the Decimal's."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} does not belong in an answer")
    number = float(value)
    return int(number) if number.is_integer() else number


_ENCODER = json.JSONEncoder(default=_number, check_circular=False, separators=(",", ":"), ensure_ascii=False)


def encode(doc: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
    """JSON bytes; amounts as numbers without trailing zeros, as the real one's JavaScript writes them."""
    return _ENCODER.encode(doc).encode("utf-8", "surrogatepass")
