"""Examples of answers for the OpenAPI."""

from __future__ import annotations

from typing import Any

STATUS = {
    "version": "0.1.0",
    "alive": True,
    "ready": True,
    "missing": {},
    "waits": {},
    "paused": ["shopify/acme.myshopify.com"],
    "parked": {"tender_unmapped": 2},
}
PARKED = {
    "source": "shopify",
    "tenant": "acme.myshopify.com",
    "kind": "payment",
    "external_id": "77",
    "key": "shopify|acme.myshopify.com|1001",
    "reason": "tender_unmapped",
    "detail": "gateway paypal",
    "release": "tender:paypal",
    "amount": "12.50 USD",
    "since": "2026-11-01T09:30:00+00:00",
    "fix": "orderferry map set shopify acme.myshopify.com tender paypal external",
}
MAPPING = {
    "external_source": "shopify",
    "tenant": "acme.myshopify.com",
    "table": "tender",
    "name": "paypal",
    "target": "external",
}
EXPLAINED = {
    "key": "shopify|acme.myshopify.com|1001",
    "source": "shopify",
    "tenant": "acme.myshopify.com",
    "root": "1001",
    "name": "#1001",
    "documents": [{"kind": "order", "external_id": "1001", "outcome": "posted", "erp_number": "SO-9"}],
    "components": [{"component": "total", "currency": "USD", "shop": "12.50", "erp": "12.50", "differs": False}],
    "events": [{"topic": "orders/create", "outcome": "posted", "reason": None}],
    "calls": [{"effect": "create_order", "method": "POST", "path": "/orders", "state": "done"}],
    "decisions": [],
}
_REFUSED = {
    400: "It cannot be ordered so; the detail says why.",
    401: "No token, or a wrong one.",
    403: "The admin API is closed: no token is set.",
    404: "Nothing of that name is there.",
    409: "Several have that name, or it is not so any more; the detail says which.",
    413: "The body is too large.",
    422: "A field is missing or cannot be read; the detail says which.",
    503: "The ledger does not answer; nothing was ordered.",
}


def answer(example: object, *more: int) -> dict[int | str, dict[str, Any]]:
    """Describe the good answer by an example, and which refusals there are."""
    said: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"example": example}}}}
    for status in sorted({401, 403, 413, 422, 503, *more}):
        said[status] = {
            "description": _REFUSED[status],
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    return said
