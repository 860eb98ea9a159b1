"""The tenant's tables as CSV: tenant, table, name, target. Pure."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import Any, Final, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from service.ports import Mapped
from service.settings import TargetSettings, TenantSettings

Table = Literal[
    "sku",
    "tender",
    "tax",
    "marketplace_tax",
    "shipping",
    "tip",
    "gift_card",
    "duties",
    "fees",
    "custom",
    "rounding",
    "location",
]
TABLES: tuple[str, ...] = get_args(Table)
COLUMNS = ["tenant", "table", "name", "target"]
_BY_NAME: Final[Mapping[str, str]] = {"sku": "skus", "tender": "tenders", "location": "locations"}
"""Tables in which each name has a target of its own, and their settings."""
_PLURAL: Final[Mapping[str, str]] = {"tip": "tips", "gift_card": "gift_cards"}
"""Tables of one target whose setting has another name."""


@cache
def _rule(table: str) -> TypeAdapter[Any]:
    """What the setting of a table demands."""
    if table in _BY_NAME:
        return TypeAdapter(TenantSettings.model_fields[_BY_NAME[table]].rebuild_annotation())
    return TypeAdapter(TargetSettings.model_fields[_PLURAL.get(table, table)].rebuild_annotation())


def wrong(table: str, name: str, target: str) -> str:
    """Say what is wrong with one line and what to write instead; empty where it can be used. Pure."""
    if table == "account":
        return "accounts cannot be mapped: the ERP's account follows from the buyer; leave these rows out"
    if table not in TABLES:
        return f"there is no table {table!r}; known are {', '.join(TABLES)}"
    if not name.strip() or not target.strip():
        return f"{'name' if not name.strip() else 'target'} is empty"
    try:
        _rule(table).validate_python({name: target} if table in _BY_NAME else target)
    except ValidationError as error:
        words = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        return f"{target!r} is no target of {table}: {words}"
    return ""


def unknown_tenant(source: str, tenant: str, known: Collection[str]) -> str:
    """Say that nobody set a tenant up; empty where somebody did."""
    if f"{source}/{tenant}" in known:
        return ""
    return f"no tenant {source}/{tenant} is set up; known: {', '.join(sorted(known)) or 'none'}"


@dataclass
class BadRows(Exception):
    """Rows that cannot be taken; none was."""

    problems: list[str]

    def __str__(self) -> str:
        """One line a row."""
        return "\n".join(
            [*self.problems, f"Nothing was imported. Fix: correct {len(self.problems)} rows and try again."]
        )


def read(text: str, source: str, *, tenants: Collection[str]) -> list[Mapped]:
    """Read a table; `tenants` are set up, as `source/tenant`. Raises BadRows, which names every wrong line."""
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    header = [name.strip().lower() for name in reader.fieldnames or []]
    if sorted(header) != sorted(COLUMNS):
        raise BadRows([f"line 1: the columns are {', '.join(header) or 'missing'}; write {','.join(COLUMNS)}"])
    reader.fieldnames = header
    mapped: list[Mapped] = []
    problems: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    for row in reader:
        line = reader.line_num
        cells = {name: (row[name] or "").strip() for name in COLUMNS}
        problem = _problem(cells, extra=None in row) or unknown_tenant(source, cells["tenant"], tenants)
        name = (cells["tenant"], cells["table"], _slot(cells["table"], cells["name"]))
        if not problem and name in seen:
            what = f"{cells['table']} {cells['name']}" if name[2] else f"{cells['table']} has one target, which"
            problem = f"{what} stands already in line {seen[name]}"
        if problem:
            problems.append(f"line {line}: {problem}")
            continue
        seen[name] = line
        mapped.append(Mapped(external_source=source, **cells))
    if problems:
        raise BadRows(problems)
    return mapped


def _slot(table: str, name: str) -> str:
    """What two lines of a table must not share: its name; nothing where the table has one target."""
    return name if table in _BY_NAME or (table, name) == ("tax", "marketplace") else ""


def write(mapped: Iterable[Mapped]) -> str:
    """Write a table; what `read` reads back the same."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([one.tenant, one.table, one.name, one.target] for one in mapped)
    return stream.getvalue()


def _problem(cells: dict[str, str], *, extra: bool) -> str:
    if extra:
        return "there are more than four cells; put a text with commas in quotes"
    empty = [name for name in COLUMNS if not cells[name]]
    if empty:
        return f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty"
    return wrong(cells["table"], cells["name"], cells["target"])
