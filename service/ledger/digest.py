"""Digest of what a fact says, without what is personal and without how new it is (correctness 2 and 23)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from schemas.event import Fact

SCHEME: Final = "1-"
"""Names the way digests are made; digests of two schemes say nothing about each other."""

_ALWAYS: Final = {"version": True, "external_source": True, "tenant": True, "external_id": True}

LEFT_OUT: Final[dict[str, dict[str, Any]]] = {
    "order": {
        **_ALWAYS,
        "updated_at": True,
        "buyer": True,
        "ship_to": True,
        "bill_to": True,
        "note": True,
        "attributes": True,
        "lines": {"__all__": {"properties": True}},
    },
    "payment": _ALWAYS,
    "refund": {**_ALWAYS, "note": True},
    "order_edit": _ALWAYS,
    "order_deletion": _ALWAYS,
}
"""Fields that a digest leaves out, by kind of fact: persons, free text, the identity and the version."""


def digest(fact: Fact) -> str:
    """Digest the content of a fact. Defaults are left out, so that a new field with a default changes no digest."""
    text = fact.__pydantic_serializer__.to_json(fact, exclude=LEFT_OUT[fact.fact], exclude_defaults=True)
    return SCHEME + sha256(text).hexdigest()[:40]


def same_content(one: Fact, other: Fact) -> bool:
    """Compare by value where digests differ: `1.10` and `1.1` are the same amount."""
    left_out = LEFT_OUT[one.fact]
    return one.fact == other.fact and one.model_dump(exclude=left_out) == other.model_dump(exclude=left_out)
