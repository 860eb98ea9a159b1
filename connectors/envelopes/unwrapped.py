"""What is left when every wrapping is off, and how much we are willing to unwrap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one record may cost."""

    max_bytes: int = 8 * 1024 * 1024  # Shopify sends up to 1 MB (sources.md 1.5); base64 and wrapping add to it
    max_layers: int = 4  # sources.md section 3
    max_elements: int = 1_000  # elements of one batch
    # JSON itself may nest 200 levels deep: the parser's own bound, which nothing real comes near.


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """One body with what its delivery says about it; nothing of it is trusted for money."""

    source: str
    body: dict[str, object]
    topic: str = ""
    """Normalised, `orders/create`; empty where it was lost on the way."""
    tenant: str = ""
    """The shop's domain in lower case; empty where nobody names it."""
    event_id: str = ""
    delivery_id: str = ""
    triggered_at: datetime | None = None
    api_version: str = ""
    preview: bool = False
    """A next-generation Event (headers without the X-), whose body is not the resource (sources.md 1.1)."""
