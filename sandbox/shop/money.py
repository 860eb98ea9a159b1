"""Amounts of the shop's side: Decimal, to the minor unit, and in the words that a shop writes them."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
DECIMALS = {"USD": 2, "EUR": 2, "GBP": 2, "CAD": 2, "AUD": 2, "JPY": 0, "KWD": 3}


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(1).scaleb(-DECIMALS[currency])


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up, to the minor unit."""
    return amount.quantize(quantum(currency), ROUND_HALF_UP)


def text(amount: Decimal, currency: str) -> str:
    """As a body states it: `12.00`, `1200` for JPY, `1.250` for KWD."""
    return str(amount.quantize(quantum(currency)))


def split(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Share an amount by weight so that the parts add up exactly; a part never has a fraction of a minor unit."""
    whole, given, running, parts = sum(weights, ZERO), ZERO, ZERO, []
    for weight in weights:
        running += weight
        upto = total if running == whole else (total * running / whole).quantize(quantum(currency), ROUND_FLOOR)
        parts.append(upto - given)
        given = upto
    return parts
