"""A shop's order as an invoice of the ERP, the way somebody would write it in an afternoon. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def invoice(
    order: Mapping[str, Any], *, account: Mapping[str, str], products: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Return the body of POST /orders: lines, shipping, tax and discount as the product sends them."""
    lines: list[dict[str, Any]] = [
        {**products[line["sku"]], "quantity": line["quantity"], "sell_rate": float(line["price"])}
        for line in order["line_items"]
    ]
    for sku, amount in (
        ("SVC-SHIPPING", order["total_shipping_price_set"]["shop_money"]["amount"]),
        ("SVC-TAX", order["total_tax"]),
    ):
        lines.append({**products[sku], "quantity": 1, "sell_rate": float(amount)})
    return {
        "document_type": "invoice",
        "account_id": account["id"],
        "shipping_address_id": account["address"],
        "billing_address_id": account["address"],
        "line_items": lines,
        "discount": {"type": "flat", "value": float(order["total_discounts"])},
        "notes": f"Shopify {order['name']}",
        "metadata": {
            "external_source": "shopify",
            "tenant": "bench.myshopify.com",
            "kind": "order",
            "external_id": str(order["id"]),
            "source_version": order["updated_at"],
            "generation": "1",
        },
    }
