"""The single values in Shopify's bodies, read tolerantly where that loses nothing, refused by name where it would."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import PlainValidator

from schemas.money import minor_units

EXACT = 2**53  # JavaScript tools round integers above this (sources.md 1.7)
_SURELY_EXACT = 15  # digits of an id that is below that
_ID_DIGITS = 20  # an unsigned 64-bit integer
_WHOLE_DIGITS = 14  # schemas.base.Amount: 20 digits, 6 of them after the point
TOO_LARGE = Decimal(10) ** _WHOLE_DIGITS
_NOISE = Decimal("1e-9")  # what a binary float adds to an amount on its way through JSON
_MICRO = Decimal("0.000001")
_LONGEST = 40  # characters of an amount: sign, digits, point and a few idle zeros
_FIRST_YEAR, _LAST_YEAR = 1970, 2099
_AMOUNT = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,6}0*)?")
_ID = re.compile(r"[0-9]{1,20}")
_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]{1,20})(?:\?.*)?")


def moment(value: object) -> datetime:
    """An instant with the offset that the shop wrote, so that its own calendar day can still be told."""
    if not isinstance(value, str):
        raise ValueError("is not a date and time")  # noqa: TRY004 - pydantic passes only ValueError on
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a date and time") from None
    if found.tzinfo is None:
        raise ValueError("has no offset from UTC, so nobody can tell when it was")
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"is in the year {found.year}, which cannot be right")
    return found


def utc(at: datetime) -> datetime:
    """The same instant in UTC."""
    return at.astimezone(UTC)


def signed(value: object) -> Decimal:
    """An amount that may be negative: cash rounding and the adjustments of a refund."""
    if isinstance(value, str) and len(value) <= _LONGEST:
        return _read(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("is not an amount")  # noqa: TRY004 - pydantic passes only ValueError on
    return _plain(Decimal(value))


@lru_cache(maxsize=4096)  # most amounts of a shop are the same few
def _read(text: str) -> Decimal:
    if _AMOUNT.fullmatch(text):
        return Decimal(text)
    raise ValueError("is not an amount")


def _plain(number: Decimal) -> Decimal:
    if not number:
        return Decimal(0)
    if number.adjusted() >= _WHOLE_DIGITS:
        raise ValueError("is too large for an amount")
    exact = number.quantize(_MICRO)
    if abs(exact - number) > _NOISE:
        raise ValueError("has more than 6 decimals")
    return exact.normalize() if exact != number else number


def positive(value: object) -> Decimal:
    """An amount that Shopify never makes negative."""
    amount = _read(value) if isinstance(value, str) and len(value) <= _LONGEST else signed(value)
    if amount < 0:
        raise ValueError("is negative")
    return amount


def share(value: object) -> Decimal:
    """A tax rate: to be read, never to be reckoned with, so that a long fraction is cut instead of refused."""
    if isinstance(value, Decimal) and abs(value) < 1:
        return value.quantize(_MICRO).normalize()
    return signed(value)


def identity(value: object) -> str:
    """An id as a string, whether it came as a number, as a string or as a gid."""
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < _ID_DIGITS:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**64:
        return str(value)
    if isinstance(value, str):
        if _ID.fullmatch(value):
            return value
        gid = _GID.fullmatch(value)
        if gid:
            return gid[2]
    raise ValueError("is not an id")


def exact(number: str | None, gid: str | None) -> str | None:
    """The id, from the gid where the number is absent or so large that tools round it."""
    if number is not None and (len(number) <= _SURELY_EXACT or int(number) <= EXACT):
        return number
    found = _GID.fullmatch(gid) if gid else None
    return found[2] if found else number


def gid_type(gid: object) -> str:
    """`Order` of `gid://shopify/Order/1`; empty for anything else."""
    found = _GID.fullmatch(gid) if isinstance(gid, str) else None
    return found[1] if found else ""


def currency_code(value: object) -> str:
    """A currency that can be booked."""
    if not isinstance(value, str):
        raise ValueError("is not a currency code")  # noqa: TRY004 - pydantic passes only ValueError on
    try:
        minor_units(value)
    except ValueError:
        raise ValueError(f"is {value[:8]!r}, which is not a currency of ISO 4217 that can be booked") from None
    return value


def pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Note attributes and line properties: a list of name and value, or an object in old data."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return tuple((str(name), _readable(item)) for name, item in value.items())
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return tuple((_readable(item.get("name")), _readable(item.get("value"))) for item in value)
    raise ValueError("is neither a list of name and value nor an object")


def _readable(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def words(value: object) -> tuple[str, ...]:
    """Tags: a text with commas, or a list."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(word for part in value.split(",") if (word := part.strip()))
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError("is neither a text nor a list of texts")


Moment = Annotated[datetime, PlainValidator(moment)]
Signed = Annotated[Decimal, PlainValidator(signed)]
Positive = Annotated[Decimal, PlainValidator(positive)]
Share = Annotated[Decimal, PlainValidator(share)]
Identity = Annotated[str, PlainValidator(identity)]
CurrencyCode = Annotated[str, PlainValidator(currency_code)]
Pairs = Annotated[tuple[tuple[str, str], ...], PlainValidator(pairs)]
Words = Annotated[tuple[str, ...], PlainValidator(words)]
