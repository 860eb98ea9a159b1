"""List envelopes: offset, page and cursor, each as its endpoint documents it."""

from collections.abc import Iterable, Mapping
from itertools import islice

from sandbox.arcus.errors import Doc, invalid


def integer(query: Mapping[str, str], name: str, *, default: int, low: int, high: int = 10**9) -> int:
    """Return an integer query parameter inside its bounds."""
    value = query.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise invalid(name, f"must be an integer from {low} to {high}.")
    return int(value)


def by_offset(rows: Iterable[Doc], query: Mapping[str, str], *, default: int = 50, most: int = 200) -> Doc:
    """`limit` and `offset`; `object, data, total, has_more`."""
    limit = integer(query, "limit", default=default, low=1, high=most)
    offset = integer(query, "offset", default=0, low=0)
    found = list(rows)
    data = found[offset : offset + limit]
    return {"object": "list", "data": data, "total": len(found), "has_more": offset + limit < len(found)}


def by_page(rows: Iterable[Doc], query: Mapping[str, str], *, default: int = 25, most: int = 100) -> Doc:
    """`page` and `per_page`; `data, total, page, per_page, total_pages`."""
    page = integer(query, "page", default=1, low=1)
    size = integer(query, "per_page", default=default, low=1, high=most)
    found = list(rows)
    data = found[(page - 1) * size : page * size]
    return {"data": data, "total": len(found), "page": page, "per_page": size, "total_pages": -(-len(found) // size)}


def by_cursor(rows: Iterable[Doc], query: Mapping[str, str], *, url: str, default: int = 20, most: int = 100) -> Doc:
    """`limit` and `starting_after`; `object, data, has_more, url`, and `total_count` where it is asked for."""
    limit = integer(query, "limit", default=default, low=1, high=most)
    found = list(rows)
    start = _after(found, query.get("starting_after"))
    data = list(islice(found, start, start + limit))
    page: Doc = {"object": "list", "data": data, "has_more": start + limit < len(found), "url": url}
    if query.get("include_count") == "true":
        page["total_count"] = len(found)
    return page


def _after(rows: list[Doc], cursor: str | None) -> int:
    if cursor is None:
        return 0
    for index, row in enumerate(rows):
        if row["id"] == cursor:
            return index + 1
    raise invalid("starting_after", f"no row {cursor}.")
