"""An answer of GraphQL, which is 200 also where it is none: its data, its cost, or what stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jiter

from connectors.shopify.reader.body import Doc, part

# Personal parts that an app may be denied; a webhook leaves them out as well (sources.md 1.7).
_PERSONAL = frozenset({"customer", "email", "phone", "billingAddress", "shippingAddress", "purchasingEntity"})
_AGAIN = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT"})
_LONGEST = 160  # characters of the shop's words


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query cost, and what is left of the bucket: points, and points a second that come back."""

    requested: float
    maximum: float
    available: float
    restore_rate: float


@dataclass(frozen=True, slots=True)
class Data:
    """What was asked for."""

    data: Doc
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class Throttled:
    """Nothing was done: the bucket holds too few points."""

    cost: Cost | None


@dataclass(frozen=True, slots=True)
class Failed:
    """No data. `again` where the shop itself failed, so that the same query may succeed."""

    code: str
    words: str
    again: bool


Answer = Data | Throttled | Failed


def read_answer(content: bytes) -> Answer:
    """Read the body of an answer with status 200. Amounts come as texts, rates as Decimal, nothing as a float."""
    try:
        doc = jiter.from_json(content, float_mode="decimal", catch_duplicate_keys=True, allow_inf_nan=False)
    except ValueError:
        return Failed("NOT_JSON", "the answer is not JSON", again=True)
    cost = _cost(part(doc, "extensions", "cost"))
    found = part(doc, "errors")
    listed: list[object] = found if isinstance(found, list) else []
    errors = [error for error in listed if not _is_withheld(error)]
    codes = [str(part(error, "extensions", "code") or "") for error in errors]
    if "THROTTLED" in codes:
        return Throttled(cost)
    if errors or (found is not None and not isinstance(found, list)):
        return _failed(errors, codes, found)
    data = part(doc, "data")
    if not isinstance(data, dict):
        return Failed("NO_DATA", "the answer holds no data", again=True)
    return Data(data, cost)


def _is_withheld(error: object) -> bool:
    path = part(error, "path")
    denied = part(error, "extensions", "code") == "ACCESS_DENIED"
    return denied and isinstance(path, list) and len(path) > 1 and path[1] in _PERSONAL


def _failed(errors: Sequence[object], codes: Sequence[str], found: object) -> Failed:
    message = part(errors[0], "message") if errors else found
    words = " ".join(str(message).split())[:_LONGEST]
    code = codes[0] if codes and codes[0] else "ERROR"
    return Failed(code, words, again=bool(codes) and all(one in _AGAIN for one in codes))


def _cost(found: object) -> Cost | None:
    status = part(found, "throttleStatus")
    numbers = [
        part(found, "requestedQueryCost"),
        *(part(status, name) for name in ("maximumAvailable", "currentlyAvailable", "restoreRate")),
    ]
    try:
        requested, maximum, available, rate = (float(str(number)) for number in numbers)
    except ValueError:
        return None
    return Cost(requested, maximum, available, rate) if maximum > 0 and rate > 0 else None
