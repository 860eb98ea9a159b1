"""The ERP's time: its `Date` header as last seen, carried on by a clock that nobody sets."""

from __future__ import annotations

import time
from collections.abc import Callable

from service.erp.arcus.errors import http_date

SET_BACK = 120.0
"""Seconds behind what is known beyond which a `Date` is not a late answer but a clock that was set back."""


class ErpClock:
    """Knows the ERP's clock to about a second and the time that an answer took."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead: float | None = None

    def observe(self, date: str | None) -> None:
        """Take the `Date` of an answer. Answers arrive late, never early, so the furthest one is the truest."""
        said = http_date(date or "")
        if said is None:
            return
        ahead = said - self._monotonic()
        known = self._ahead
        if known is None or ahead > known or ahead < known - SET_BACK:
            self._ahead = ahead

    def now(self) -> float:
        """Return unix seconds there; 0 before the first answer."""
        return 0.0 if self._ahead is None else self._ahead + self._monotonic()
