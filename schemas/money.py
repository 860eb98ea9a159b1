"""Money: an amount and its currency, with the minor units of ISO 4217."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from iso4217 import Currency as Iso4217
from pydantic import field_validator

from schemas.base import Amount, Frozen


@cache
def minor_units(currency: str) -> int:
    """How many decimals a currency has: USD 2, JPY 0, KWD 3 (ISO 4217). Raises ValueError for an unknown code."""
    try:
        exponent = Iso4217(currency).exponent
    except ValueError as error:
        raise ValueError(f"{currency!r} is not a currency of ISO 4217") from error
    if exponent is None:
        raise ValueError(f"{currency!r} has no minor units and cannot be booked")
    return exponent


@cache
def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for USD, 1 for JPY."""
    return Decimal(1).scaleb(-minor_units(currency))


def fits(amount: Decimal, currency: str) -> bool:
    """Whether an amount can be paid in this currency without a fraction of its smallest unit."""
    return amount == amount.quantize(quantum(currency), ROUND_HALF_UP)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the smallest unit, half up. Only for shares that are corrected by their remainder, never for a total."""
    return amount.quantize(quantum(currency), ROUND_HALF_UP)


def spread(total: Decimal, quantity: int, currency: str) -> list[tuple[int, Decimal]]:
    """Split a line total over its quantity into at most two unit rates that give the total exactly.

    25.00 over 3 pieces is 1 at 8.34 and 2 at 8.33: the pieces stay whole and no cent is lost.
    """
    if quantity < 1:
        raise ValueError(f"cannot spread {total} over {quantity} pieces")
    if not fits(total, currency):
        raise ValueError(f"cannot spread {total} {currency}: it has a fraction of the smallest unit")
    step = quantum(currency)
    low, above = divmod(int(total.scaleb(minor_units(currency))), quantity)
    parts = [(above, low + 1), (quantity - above, low)]
    return [(count, rate * step) for count, rate in parts if count]


class Money(Frozen):
    """An amount of one currency. Two are equal only when both are (books 15)."""

    amount: Amount
    currency: str

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str) -> str:
        minor_units(code)
        return code

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
