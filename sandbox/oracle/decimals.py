"""The oracle's own money: Decimal, minor units, half up."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import iso4217

ZERO = Decimal(0)
KNOWN_CURRENCIES = frozenset(currency.value for currency in iso4217.Currency)


def units(currency: str) -> int:
    """How many decimals a currency has."""
    return iso4217.Currency(currency).exponent or 0


def half_up(amount: Decimal, currency: str) -> Decimal:
    """To the minor unit."""
    return amount.quantize(Decimal(1).scaleb(-units(currency)), ROUND_HALF_UP)


def amount(value: Any) -> Decimal:  # noqa: ANN401 - text or number of a body, nothing or null is zero
    """Return an amount of a body or a dump."""
    if value is None:
        return ZERO
    return value if isinstance(value, Decimal) else Decimal(str(value))


def shop_money(money_set: dict[str, Any] | None) -> Decimal:
    """The shop's half of a money set."""
    return ZERO if money_set is None else amount(money_set["shop_money"]["amount"])
