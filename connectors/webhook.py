"""What a verified webhook puts onto its topic: bytes as they came, the vendor's headers, and the lane as the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_LONGEST = 255
_LARGEST = 10**_LONGEST

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record. Records of one key are kept in order."""

    key: bytes | None
    """`tenant:root document`, so that an order's payments and refunds share its partition; None where nobody knows."""
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = field(repr=False)


def key_of(tenant: str, *root: str) -> bytes | None:
    """The key of a root document; None where a part of it is not known."""
    parts = (tenant, *root)
    return ":".join(parts).encode() if all(parts) else None


def identifier(value: object) -> str:
    """A text or a whole number by which something is known; empty where it is neither, or one that no key may hold."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value) if isinstance(value, str) or abs(value) < _LARGEST else ""
    return text if len(text) <= _LONGEST and text.isprintable() else ""


def kept(headers: Headers, prefixes: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    """The vendor's own headers and the content type, names in lower case; proxies' and browsers' stay behind."""
    return tuple((name, value) for name, value in headers if name.startswith(prefixes) or name == "content-type")


def named(headers: Headers, *names: str) -> str:
    """The last value of the first of these headers that is there; empty where none is."""
    for name in names:
        for there, value in reversed(headers):
            if there == name:
                return value.decode("latin-1").strip()
    return ""
