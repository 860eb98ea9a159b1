"""What a query gives on documents, and what it costs: asked for beforehand, found afterwards."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.shop.admin.query import Field
from sandbox.shop.documents import Doc

LARGEST_PAGE = 250


@dataclass(frozen=True)
class Connection:
    """A list that is asked for in pages."""

    nodes: Sequence[Doc]


@dataclass(frozen=True)
class Listed:
    """A list that takes `first` and knows no pages."""

    nodes: Sequence[Doc]


class Undefined(Exception):
    """The type has no such field."""


def requested(fields: Sequence[Field]) -> int:
    """Points that must be in the bucket before it is carried out: every page as if it were full."""
    return sum(_requested(field) for field in fields)


def _requested(field: Field) -> int:
    if not field.fields or field.name == "pageInfo":
        return 0
    first = field.arguments.get("first")
    if not isinstance(first, int):
        return 1 + requested(field.fields)
    nodes = next((one for one in field.fields if one.name == "nodes"), None)
    return 2 + first * (1 + requested(field.fields if nodes is None else nodes.fields))


class Execution:
    """One query on its way through documents; `cost` counts the objects met."""

    def __init__(self) -> None:
        self.cost = 0

    def select(self, value: Doc, fields: Sequence[Field]) -> Doc:
        """The fields of one object."""
        self.cost += 1
        found: Doc = {}
        for field in fields:
            if field.on and field.on != value.get("__typename"):
                continue
            if field.name not in value:
                raise Undefined(f"Field '{field.name}' doesn't exist on type '{value.get('__typename', 'Object')}'")
            found[field.name] = self._of(value[field.name], field)
        return found

    def _of(self, value: object, field: Field) -> object:
        if isinstance(value, Connection):
            return self._page(value, field)
        if isinstance(value, Listed):
            return [self.select(one, field.fields) for one in value.nodes[: _first(field)]]
        if isinstance(value, list):
            return [self.select(one, field.fields) for one in value] if field.fields else value
        if not isinstance(value, dict):
            return value
        if not field.fields:
            raise Undefined(f"Field must have selections (field '{field.name}' returns an object)")
        return self.select(value, field.fields)

    def _page(self, connection: Connection, field: Field) -> Doc:
        self.cost += 2
        after = field.arguments.get("after")
        start = int(base64.b64decode(str(after))) if after else 0
        end = start + _first(field)
        page = connection.nodes[start:end]
        has_next = end < len(connection.nodes)
        cursor = base64.b64encode(b"%d" % (start + len(page))).decode() if page else None
        parts = {"nodes": list(page), "pageInfo": {"hasNextPage": has_next, "endCursor": cursor}}
        found: Doc = {}
        for one in field.fields:
            if one.name not in parts:
                raise Undefined(f"Field '{one.name}' doesn't exist on type 'Connection'")
            found[one.name] = self._of(parts[one.name], one)
        return found


def _first(field: Field) -> int:
    first = field.arguments.get("first")
    if not isinstance(first, int) or first < 1:
        raise Undefined(f"you must provide one of first or last on '{field.name}'")
    return min(first, LARGEST_PAGE)
