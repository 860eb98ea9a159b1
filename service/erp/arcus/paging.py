"""How each list of Arcus is paged (arcus-api.md 3), and one walk over all of them that misses nothing or says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from service.erp.arcus.wire import Doc
from service.errors import Retryable

ROUNDS = 3
"""How often a list is walked again when it changed on the way."""
OVERLAP = 10
"""Rows of an offset page that are read twice, so that an insert before them cannot hide one."""


class Strategy(Enum):
    """What names the next page."""

    OFFSET = auto()
    PAGE = auto()
    CURSOR = auto()
    WHOLE = auto()
    """No paging is documented; what does not fit cannot be seen."""


@dataclass(frozen=True, slots=True)
class Paging:
    """One endpoint's declared way, with the documented maximum as the page's size (0: no parameter for it)."""

    strategy: Strategy
    size: int = 0


PAGINGS: Mapping[str, Paging] = {
    "/orders": Paging(Strategy.OFFSET, 200),
    "/orders/invoices": Paging(Strategy.OFFSET, 200),
    "/orders/{id}/payments": Paging(Strategy.WHOLE),
    "/accounts": Paging(Strategy.PAGE, 100),
    "/accounts/{id}/payment-methods": Paging(Strategy.WHOLE),
    "/products": Paging(Strategy.CURSOR, 100),
    "/credits": Paging(Strategy.WHOLE, 200),
    "/returns": Paging(Strategy.WHOLE),
    "/inventory/balances": Paging(Strategy.PAGE, 100),
    "/accounting/unmatched-receipts": Paging(Strategy.PAGE, 200),
}

Params = Mapping[str, str]
Fetch = Callable[[Params], Awaitable[Doc]]


@dataclass(slots=True)
class Rows:
    """What a walk has seen: each row once, and how many the ERP says there are."""

    by_id: dict[str, Doc] = field(default_factory=dict)
    total: int | None = None
    cut: bool = False
    """There is more, and no way to ask for it."""

    @property
    def complete(self) -> bool:
        """Whether nothing can have been missed."""
        return not self.cut and (self.total is None or len(self.by_id) >= self.total)

    def add(self, page: list[Doc]) -> int:
        """Keep the new rows and return how many they were."""
        before = len(self.by_id)
        for row in page:
            self.by_id.setdefault(str(row.get("id")), row)
        return len(self.by_id) - before


async def walk(fetch: Fetch, params: Params, paging: Paging, *, what: str) -> Rows:
    """Return every row of a list once, or, of a list without paging, what can be seen of it (`cut`).

    Raises Retryable where the list kept changing.
    """
    for _ in range(ROUNDS):
        rows = await _once(fetch, params, paging)
        if rows.cut or rows.complete:
            return rows
    raise Retryable(what, "the list changed every time it was read")


async def _once(fetch: Fetch, params: Params, paging: Paging) -> Rows:
    rows = Rows()
    place: dict[str, str] | None = _first(paging)
    while place is not None:
        answer = await fetch({**params, **place})
        page = _data(answer)
        fresh = rows.add(page)
        rows.total = _total(answer)
        if paging.strategy is Strategy.WHOLE:
            rows.cut = answer.get("has_more") is True or (rows.total is not None and rows.total > len(page))
            return rows
        more = _has_more(answer, page, paging) and fresh > 0
        place = _next(place, page, paging) if more else None
    return rows


def _data(answer: Doc) -> list[Doc]:
    data = answer.get("data")
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _total(answer: Doc) -> int | None:
    for name in ("total", "total_count", "count"):
        value = answer.get(name)
        if type(value) is int:
            return value
    return None


def _has_more(answer: Doc, page: list[Doc], paging: Paging) -> bool:
    """Whether there is a next page: by its flag, by its number of pages, or because this one is full."""
    if not page:
        return False
    flag: Any = answer.get("has_more")
    if isinstance(flag, bool):
        return flag
    number, pages = answer.get("page"), answer.get("total_pages")
    if type(number) is int and type(pages) is int:
        return number < pages
    return len(page) >= paging.size


def _first(paging: Paging) -> dict[str, str]:
    if paging.strategy is Strategy.PAGE:
        return {"page": "1", "per_page": str(paging.size)}
    size = {"limit": str(paging.size)} if paging.size else {}
    return {**size, "offset": "0"} if paging.strategy is Strategy.OFFSET else size


def _next(place: dict[str, str], page: list[Doc], paging: Paging) -> dict[str, str]:
    if paging.strategy is Strategy.PAGE:
        return {**place, "page": str(int(place["page"]) + 1)}
    if paging.strategy is Strategy.CURSOR:
        return {**place, "starting_after": str(page[-1].get("id"))}
    overlap = min(OVERLAP, len(page) // 2)
    return {**place, "offset": str(int(place["offset"]) + len(page) - overlap)}
