"""The webhook endpoints in words of OpenAPI: they are bare ASGI, so nobody else describes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.api.webhooks.answers import ALL, GONE, WRONG_METHOD
from service.api.webhooks.vendors import Vendor

_EXAMPLES: dict[str, object] = {
    "shopify": {"id": 820982911946154508, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"},
    "quickbooks": [
        {
            "specversion": "1.0",
            "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
            "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
            "type": "qbo.invoice.created.v1",
            "time": "2026-11-01T09:30:00Z",
            "intuitentityid": "145",
            "intuitaccountid": "310687",
        }
    ],
    "arcus": {
        "id": "evt_1",
        "object": "event",
        "type": "order.confirmed",
        "created_at": "2026-11-01T09:30:00Z",
        "entity_id": "ent_1",
        "data": {"object": {"id": "ord_1", "object": "order"}},
        "livemode": True,
    },
}


def paths(vendors: Iterable[Vendor]) -> dict[str, Any]:
    """The path items of the endpoints."""
    return {f"/webhooks/{vendor.name}": {"post": _operation(vendor)} for vendor in vendors}


def _operation(vendor: Vendor) -> dict[str, Any]:
    return {
        "tags": ["webhooks"],
        "operationId": f"webhook_{vendor.name}",
        "summary": f"Take a webhook of {vendor.name}.",
        "description": "Proven over the exact bytes of the body. Acknowledged when Kafka has it, and not before.",
        "parameters": [
            {
                "name": vendor.signed_in[0],
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": "The vendor's signature of the body.",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}, "example": _EXAMPLES[vendor.name]}},
        },
        "responses": _responses(),
    }


def _responses() -> dict[str, Any]:
    said: dict[str, Any] = {}
    for answer in ALL:
        if answer in (GONE, WRONG_METHOD):
            continue
        before = said.get(str(answer.status), {}).get("description", "")
        said[str(answer.status)] = {
            "description": f"{before} {answer.says}".strip(),
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    return said
