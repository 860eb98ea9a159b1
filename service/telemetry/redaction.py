"""Keeps tokens, signatures and persons out of the log (I10): known field names only, and every text scrubbed.

A field that is not on the list keeps numbers and loses its text, so that a new one cannot leak by being forgotten here.
Add a name to `SAFE` only where its text never holds a person, a token or a whole document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from pydantic import BaseModel

HIDDEN = "[hidden]"

_SAFE = """
event level logger timestamp exception stack
correlation key lane source external_source tenant kind document root external_id tenants
topic topics partition partitions offset offsets position group member epoch generation assignment
outcome outcomes reason wait waits why what how after release detail findings fix
effect effects intent intents state fence owner policy_version source_version version revision
erp erp_id erp_number document_type method route status code request_id request_ids
amount total currency order_name
breaker limiter tier budget priority action table target duty
url host port path file python signal kept_in cause error error_type
"""
SAFE = frozenset(_SAFE.split())
"""Field names whose text may be logged."""

NUMBERS_TOO = re.compile(r"phone|zip|postal|card|pin\b|token|secret|birth|tax_id", re.IGNORECASE)
"""Names whose numbers are personal as well."""

SCALARS = (bool, int, float, Decimal, Enum, datetime, date, type(None))

PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(ark_(?:live|test)_|shp(?:at|ca|pa|ss|ua)_)[A-Za-z0-9_]+"), r"\1" + HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 " + HIDDEN),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a JSON web token
    (re.compile(r"://([^:/@\s]+):[^@\s]+@"), r"://\1:" + HIDDEN + "@"),
    (
        re.compile(
            r"(?i)([\"']?\b(?:[\w-]*(?:token|secret|password|passwd|signature|hmac[\w-]*|api[_-]?key|authorization))"
            r"[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&}]+)"
        ),
        r"\1" + HIDDEN,
    ),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+"), HIDDEN),  # an e-mail address
    (re.compile(r"(?<![\w.:/-])\+\d[\d ().-]{6,}\d"), HIDDEN),  # a telephone number
    (re.compile(r"(?s)\[parameters: .*?\](?=\s|$|\))"), "[parameters: " + HIDDEN + "]"),  # SQLAlchemy's errors
    (re.compile(r"(?s)input_value=.*?, input_type="), "input_value=" + HIDDEN + ", input_type="),  # pydantic's errors
)
"""What a secret or a person looks like inside a text."""


def scrub(text: str) -> str:
    """Hide whatever looks like a token, a signature or a person."""
    for pattern, shown in PATTERNS:
        text = pattern.sub(shown, text)
    return text


def redact(_logger: object, _method: str, entry: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """As a processor of structlog: let only what is known to be harmless pass."""
    for name, value in entry.items():
        if not name.startswith("_"):
            entry[name] = shown(name, value)
    return entry


def shown(name: str, value: object) -> object:
    """What the log may show of one field."""
    if isinstance(value, SCALARS) and not isinstance(value, str):
        return HIDDEN if NUMBERS_TOO.search(name) else value
    if name not in SAFE:
        return HIDDEN
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [shown(name, part) for part in value]
    if isinstance(value, Mapping) or not _says_itself(value):
        return f"[{type(value).__name__}]"
    return scrub(str(value))


def _says_itself(value: object) -> bool:
    """A key, a reference or an error has a text of its own; a whole model would print its fields."""
    return type(value).__str__ not in (object.__str__, BaseModel.__str__)
