from collections.abc import Callable, Mapping
from typing import Any

import pytest

from service.erp.arcus.paging import PAGINGS, Paging, Strategy, walk
from service.errors import Retryable

Doc = dict[str, Any]


class Listing:
    """A list of the ERP that may change between two pages."""

    def __init__(self, count: int, *, envelope: str, between: Callable[[list[Doc], int], None] | None = None) -> None:
        self.rows: list[Doc] = [{"id": str(number)} for number in range(count)]
        self.envelope = envelope
        self.between = between
        self.asked: list[dict[str, str]] = []

    async def fetch(self, params: Mapping[str, str]) -> Doc:
        if self.between is not None:
            self.between(self.rows, len(self.asked))
        self.asked.append(dict(params))
        page = self._page(params)
        return {**page, **self._said(params)}

    def _page(self, params: Mapping[str, str]) -> Doc:
        size = int(params.get("limit") or params.get("per_page") or len(self.rows) or 1)
        start = int(params.get("offset", 0)) or (int(params.get("page", 1)) - 1) * size
        if "starting_after" in params:
            start = [row["id"] for row in self.rows].index(params["starting_after"]) + 1
        self.end = start + size
        return {"data": self.rows[start : self.end]}

    def _said(self, params: Mapping[str, str]) -> Doc:
        if self.envelope == "flag":
            return {"has_more": self.end < len(self.rows)}
        if self.envelope == "total":
            return {"has_more": self.end < len(self.rows), "total": len(self.rows)}
        if self.envelope == "pages":
            size = int(params["per_page"])
            return {"page": int(params["page"]), "total_pages": -(-len(self.rows) // size), "total": len(self.rows)}
        return {}


SMALL = {strategy: Paging(strategy, 4) for strategy in Strategy}


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 21])
@pytest.mark.parametrize(
    ("strategy", "envelope"),
    [
        (Strategy.OFFSET, "total"),
        (Strategy.OFFSET, "flag"),
        (Strategy.OFFSET, "bare"),
        (Strategy.PAGE, "pages"),
        (Strategy.PAGE, "flag"),
        (Strategy.PAGE, "bare"),
        (Strategy.CURSOR, "flag"),
        (Strategy.CURSOR, "bare"),
    ],
)
async def test_every_row_is_read_once(strategy: Strategy, envelope: str, count: int) -> None:
    listing = Listing(count, envelope=envelope)
    rows = await walk(listing.fetch, {"account_id": "a"}, SMALL[strategy], what="test")
    assert list(rows.by_id) == [str(number) for number in range(count)]
    assert rows.complete
    assert all(asked["account_id"] == "a" for asked in listing.asked)


async def test_a_page_smaller_than_asked_for_is_not_the_end_while_there_is_more() -> None:
    listing = Listing(20, envelope="flag")

    async def clamped(params: Mapping[str, str]) -> Doc:
        return await listing.fetch({**params, "limit": "3"})

    assert len((await walk(clamped, {}, Paging(Strategy.OFFSET, 200), what="test")).by_id) == 20


async def test_an_insert_at_the_front_hides_nothing() -> None:
    def insert(rows: list[Doc], page: int) -> None:
        if page in {1, 3}:
            rows.insert(0, {"id": f"new{page}"})

    listing = Listing(21, envelope="total", between=insert)
    rows = await walk(listing.fetch, {}, SMALL[Strategy.OFFSET], what="test")
    assert {str(number) for number in range(21)} <= set(rows.by_id)


async def test_a_row_that_moved_forward_while_paging_is_not_missed() -> None:
    def touch(rows: list[Doc], page: int) -> None:
        if page == 2:
            rows.insert(0, rows.pop())

    listing = Listing(21, envelope="total", between=touch)
    rows = await walk(listing.fetch, {}, SMALL[Strategy.OFFSET], what="test")
    assert len(rows.by_id) == 21
    assert len([asked for asked in listing.asked if asked["offset"] == "0"]) == 2


async def test_a_list_that_never_rests_is_read_later() -> None:
    def touch(rows: list[Doc], page: int) -> None:
        if page:
            rows.insert(0, rows.pop())

    listing = Listing(21, envelope="total", between=touch)
    with pytest.raises(Retryable, match="changed every time"):
        await walk(listing.fetch, {}, SMALL[Strategy.PAGE], what="test")


@pytest.mark.parametrize("more", [{"has_more": True}, {"count": 9}])
async def test_a_list_without_paging_says_when_it_is_cut(more: Doc) -> None:
    async def fetch(_params: Mapping[str, str]) -> Doc:
        return {"data": [{"id": "1"}, "odd"], **more}

    rows = await walk(fetch, {}, Paging(Strategy.WHOLE, 200), what="test")
    assert list(rows.by_id) == ["1"]
    assert not rows.complete


async def test_a_list_without_paging_that_fits_is_whole() -> None:
    listing = Listing(3, envelope="flag")
    rows = await walk(listing.fetch, {}, Paging(Strategy.WHOLE), what="test")
    assert rows.complete
    assert listing.asked == [{}]


async def test_an_endless_list_of_the_same_rows_ends() -> None:
    async def fetch(_params: Mapping[str, str]) -> Doc:
        return {"data": [{"id": "1"}], "has_more": True}

    assert list((await walk(fetch, {}, SMALL[Strategy.CURSOR], what="test")).by_id) == ["1"]


async def test_something_else_than_a_list_is_an_empty_one() -> None:
    async def fetch(_params: Mapping[str, str]) -> Doc:
        return {"data": {"id": "1"}}

    assert (await walk(fetch, {}, SMALL[Strategy.OFFSET], what="test")).by_id == {}


def test_every_endpoint_declares_its_strategy() -> None:
    assert PAGINGS["/orders"] == Paging(Strategy.OFFSET, 200)
    assert PAGINGS["/accounts"] == Paging(Strategy.PAGE, 100)
    assert PAGINGS["/products"] == Paging(Strategy.CURSOR, 100)
    assert PAGINGS["/credits"].strategy is Strategy.WHOLE
