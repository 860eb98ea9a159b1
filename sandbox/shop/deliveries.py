"""Webhook deliveries: bytes, Shopify's headers, and what a shuffle may do with them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sandbox.shop.shops import Shop

API_VERSION = "2026-04"
SECRET = b"sandbox-webhook-secret"  # the shop signs, as the real one does; nobody checks it behind the topic
Role = Literal["order", "transaction", "refund", "edit", "deletion", "other"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record for the source topic."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    role: Role
    last: bool = False
    """The newest body of its order: coalescing never drops it."""
    after: int | None = None
    """Comes after this one of its history, whatever the shuffle wants."""
    keep: bool = False
    """Never dropped by coalescing."""
    carrier: Literal["", "sales_order", "invoice"] = ""
    """A body of an order: what a sale would be posted as whose newest news this is; empty where it would not be."""


def envelope(
    shop: Shop,
    topic: str,
    body: dict[str, Any],
    *,
    root: int,
    at: datetime,
    number: int,
    stamped: bool = True,
) -> tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]:
    """Return key, value and headers of one webhook. Without `stamped` the two optional headers are missing."""
    value = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    named = f"{shop.domain}|{topic}|{root}|{number}"
    signature = base64.b64encode(hmac.new(SECRET, value, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": shop.domain,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": _uuid("delivery", named),
        "Content-Type": "application/json",
    }
    if stamped:
        headers["X-Shopify-Event-Id"] = _uuid("event", named)
        headers["X-Shopify-Triggered-At"] = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond * 1000 + number % 1000:09d}Z"
    key = f"{shop.domain}:{root}".encode()
    return key, value, tuple((name, text.encode()) for name, text in headers.items())


def _uuid(kind: str, named: str) -> str:
    return str(UUID(bytes=hashlib.md5(f"{kind}|{named}".encode(), usedforsecurity=False).digest()))
