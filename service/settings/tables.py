"""What a line of a tenant's tables may hold: the same as the settings would take. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from service.desk.tables import TABLES
from service.settings.tenant import TargetSettings, TenantSettings

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


def slot(table: str, name: str) -> str:
    """Say what two lines of a table must not share: its name; nothing where the table has one target. Pure."""
    return name if table in _BY_NAME or (table, name) == ("tax", "marketplace") else ""
