"""One wrapping: what lies inside, or that nothing does, and what it says beside its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from connectors.envelopes.jsontext import parse
from connectors.envelopes.unwrapped import Limits
from connectors.errors import Undecodable
from schemas.outcome import Reason

# Where a wrapping keeps the headers of the delivery.
_HEADERS = ("headers", "multiValueHeaders", "metadata", "attributes", "messageAttributes", "MessageAttributes")
# What a home-made wrapping or a row says beside its headers; it counts only where no header says it.
_NAMED = {
    "topic": "named-topic",
    "shop": "named-shop",
    "shop_domain": "named-shop",
    "shopDomain": "named-shop",
    "type": "outbox-type",
}
_DELIVERY = "x-shopify-"


@dataclass(frozen=True, slots=True)
class Opened:
    """The content of one wrapping, and the headers that it adds."""

    content: object
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """A wrapping that by its nature holds no event."""

    reason: Reason
    detail: str


@lru_cache(maxsize=256)
def canonical(name: str) -> str:
    """One spelling of a header name: `X-Shopify-Topic`, `x_shopify_topic` and `ce_type` in lower case with dashes."""
    return name.lower().replace("_", "-")


def said_by(value: Mapping[str, object]) -> dict[str, str]:
    """What a wrapping says about the delivery: words of its own, then columns and attributes, then its headers."""
    said = {theirs: told for name, theirs in _NAMED.items() if (told := text(value.get(name))) is not None}
    for name, item in value.items():
        if canonical(name).startswith(_DELIVERY) and (told := text(item)) is not None:
            said[canonical(name)] = told
    for name in _HEADERS:
        for header, item in _block(value.get(name)).items():
            if (told := text(item)) is not None:
                said[canonical(header)] = told
    return said


def _block(value: object) -> dict[str, object]:
    """Headers as an object, or as the text of one: a JSON column of a row."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = parse(value.encode(errors="replace"), Limits())
        except Undecodable:
            return {}
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A header's value: text, a number, the first of a list, or an attribute of SQS or SNS."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, list):
        return text(value[0]) if value and not isinstance(value[0], list | dict) else None
    if isinstance(value, dict):
        inner = value.get("stringValue", value.get("StringValue", value.get("Value")))
        return inner if isinstance(inner, str) else None
    return None
