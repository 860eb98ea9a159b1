"""The tenant's tables as CSV: tenant, table, name, target. Pure."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from io import StringIO

from service.desk.tenants import unknown_tenant
from service.ports import Mapped
from service.settings.tables import slot, wrong

COLUMNS = ["tenant", "table", "name", "target"]


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
        name = (cells["tenant"], cells["table"], slot(cells["table"], cells["name"]))
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
