"""Exact bytes: JSON in which an amount is written digit by digit, and read without ever being a float."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

import jiter

from schemas.money import quantum

Doc = dict[str, Any]
"""A JSON object of Arcus, on its way in or out of the vendor models."""


def exact(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with exactly the currency's decimals; a fraction of the smallest unit is an error."""
    shown = amount.quantize(quantum(currency))
    if shown != amount:
        raise ValueError(f"{amount} {currency} has a fraction of the smallest unit and cannot be sent")
    return shown or abs(shown)


def encode(doc: Doc) -> bytes:
    """Return canonical JSON: keys sorted, no spaces, UTF-8, the same bytes for the same content."""
    return _text(doc).encode("utf-8", "replace")


def _object(value: Doc) -> str:
    return "{" + ",".join([f"{encode_basestring(key)}:{_text(value[key])}" for key in sorted(value)]) + "}"


def _array(value: list[Any]) -> str:
    return "[" + ",".join([_text(item) for item in value]) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: str,
    Decimal: lambda value: format(value, "f"),
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    dict: _object,
    list: _array,
}


def _text(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise TypeError(f"{type(value).__name__} does not belong in a request")
    return writer(value)


def decode(content: bytes) -> Doc | None:
    """Return the JSON object in an answer, or None where there is none; numbers with a point become Decimal."""
    try:
        value = jiter.from_json(content, float_mode="decimal", allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def unwrap(doc: Doc) -> Doc:
    """Return the object itself, whether or not it came inside `data` (arcus-api.md 1)."""
    inside = doc.get("data")
    return inside if isinstance(inside, dict) else doc
