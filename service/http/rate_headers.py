"""What an answer says about the budget: X-RateLimit-* and Retry-After, read in one pass, tolerant of nonsense."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

PAUSING: Final = frozenset({429, 503})
"""Statuses whose Retry-After is about the whole budget; elsewhere (a redirect, 202) it is about one resource."""

DEFAULT_PAUSE_S: Final = 1.0  # a 429 without Retry-After; the shortest window that Arcus documents is one second
MAX_PAUSE_S: Final = 3600.0  # longer than any window; after it one call asks again and is told again


@dataclass(frozen=True, slots=True)
class RateSignal:
    """One answer's word on the budget; seconds count from the answer. None is: it said nothing, or nonsense."""

    limit: int | None = None
    remaining: int | None = None
    reset_in: float | None = None
    """Only where nothing remains."""
    pause: float | None = None


NOTHING: Final = RateSignal()

_NAMES: Final = {
    b"x-ratelimit-limit": "limit",
    b"x-ratelimit-remaining": "remaining",
    b"x-ratelimit-reset": "reset",
    b"retry-after": "retry_after",
    b"date": "date",
}


def read_signal(status: int, headers: Iterable[tuple[bytes, bytes]], *, wall: float) -> RateSignal:
    """Read raw headers. The server's own `Date` is its clock; `wall` (unix seconds) stands in where it is missing."""
    said = {_NAMES[key]: value.decode("latin-1").strip() for name, value in headers if (key := name.lower()) in _NAMES}
    if status not in PAUSING and "limit" not in said:
        return NOTHING
    pause = _pause(said, wall) if status in PAUSING else None
    if status == 429 and pause is None:
        pause = DEFAULT_PAUSE_S
    remaining = _whole(said.get("remaining"))
    reset = None if remaining else _whole(said.get("reset"))  # with budget left nobody asks, and dates cost time
    reset_in = None if reset is None else max(0.0, reset - _server_time(said, wall))
    return RateSignal(_whole(said.get("limit")) or None, remaining, reset_in, pause)


def _pause(said: dict[str, str], wall: float) -> float | None:
    text = said.get("retry_after")
    if text is None:
        return None
    seconds = _whole(text)
    if seconds is None:
        until = _date(text)
        if until is None:
            return None
        seconds_left = until - _server_time(said, wall)
    else:
        seconds_left = float(seconds)
    return min(max(seconds_left, 0.0), MAX_PAUSE_S)


def _server_time(said: dict[str, str], wall: float) -> float:
    date = _date(said["date"]) if "date" in said else None
    return wall if date is None else date


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _whole(text: str | None) -> int | None:
    """Digits only, and not so many that arithmetic with clocks ends."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 12 else None
