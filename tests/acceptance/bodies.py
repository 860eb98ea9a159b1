"""Bodies as Shopify's REST shape has them, written for this project; sums follow from their lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

SHOP = "a.myshopify.com"
PLACED = "2026-05-01T08:00:00-04:00"
ADA = {"id": 7, "first_name": "Ada", "last_name": "Buyer", "email": "ada@example.com"}
HOME = {
    "name": "Ada Buyer",
    "address1": "1 Main St",
    "city": "Fresno",
    "province_code": "CA",
    "zip": "93650",
    "country_code": "US",
}
Doc = dict[str, Any]


def item(number: int = 11, *, quantity: int = 2, price: str = "10.00", **changes: Any) -> Doc:
    """One line item."""
    given: Doc = {
        "id": number,
        "product_id": number + 100,
        "variant_id": number + 200,
        "sku": f"SKU-{number}",
        "title": f"Thing {number}",
        "name": f"Thing {number}",
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "gift_card": False,
        "requires_shipping": True,
        "discount_allocations": [],
        "tax_lines": [],
        "properties": [],
    }
    return {**given, **changes}


def taxed(amount: str, **changes: Any) -> list[Doc]:
    """One tax line."""
    return [{"title": "State tax", "rate": 0.08, "price": amount, **changes}]


def charge(price: str = "5.00", **changes: Any) -> Doc:
    """One shipping line."""
    return {"id": 900, "title": "Post", "price": price, "discount_allocations": [], "tax_lines": [], **changes}


def both(amount: str, currency: str, shown: str | None = None, in_: str | None = None) -> Doc:
    """An amount in the shop's and the buyer's currency."""
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": shown or amount, "currency_code": in_ or currency},
    }


def order(number: int, *lines: Doc, shipping: Sequence[Doc] = (), minute: int = 0, **changes: Any) -> Doc:
    """An order that adds up, unless a change says otherwise."""
    lines = lines or (item(),)
    included = changes.get("taxes_included", False)
    tips = sum((_worth(line) for line in lines if "tip" in line), Decimal(0))
    goods = sum((_worth(line) for line in lines if "tip" not in line), Decimal(0))
    parts = [*lines, *shipping]
    off = sum((Decimal(one["amount"]) for part in parts for one in part["discount_allocations"]), Decimal(0))
    tax = sum((Decimal(one["price"]) for part in parts for one in part["tax_lines"]), Decimal(0))
    sent = sum((Decimal(one["price"]) for one in shipping), Decimal(0))
    total = goods + tips - off + sent + (Decimal(0) if included else tax)
    currency = changes.get("currency", "USD")
    given: Doc = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "order_number": number,
        "created_at": PLACED,
        "processed_at": PLACED,
        "updated_at": f"2026-05-01T08:{minute:02}:30-04:00",
        "cancelled_at": None,
        "confirmed": True,
        "test": False,
        "currency": currency,
        "presentment_currency": currency,
        "taxes_included": included,
        "financial_status": "paid",
        "fulfillment_status": None,
        "source_name": "web",
        "email": ADA["email"],
        "customer": ADA,
        "shipping_address": HOME,
        "billing_address": HOME,
        "line_items": list(lines),
        "shipping_lines": list(shipping),
        "refunds": [],
        "payment_gateway_names": ["shopify_payments"],
        "total_line_items_price": str(goods),
        "total_discounts": str(off),
        "total_tax": str(tax),
        "total_tip_received": str(tips),
        "total_price": str(total),
        "current_total_price": str(total),
        "total_shipping_price_set": both(str(sent), currency),
    }
    return {**given, **changes}


def _worth(line: Doc) -> Decimal:
    worth: Decimal = Decimal(line["price"]) * line["quantity"]
    return worth


def transaction(number: int, order_number: int, amount: str, **changes: Any) -> Doc:
    """A successful sale."""
    given: Doc = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{number}",
        "order_id": order_number,
        "parent_id": None,
        "kind": "sale",
        "status": "success",
        "gateway": "shopify_payments",
        "amount": amount,
        "currency": "USD",
        "created_at": "2026-05-01T08:01:00-04:00",
        "processed_at": "2026-05-01T08:01:00-04:00",
        "test": False,
    }
    return {**given, **changes}


def refund(number: int, order_number: int, *lines: Doc, transactions: Sequence[Doc] = (), **changes: Any) -> Doc:
    """A refund."""
    given: Doc = {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Refund/{number}",
        "order_id": order_number,
        "created_at": "2026-05-02T09:00:00-04:00",
        "processed_at": "2026-05-02T09:00:00-04:00",
        "note": None,
        "refund_line_items": list(lines),
        "transactions": list(transactions),
        "order_adjustments": [],
        "refund_shipping_lines": [],
        "duties": [],
    }
    if "return_" in changes:
        changes["return"] = changes.pop("return_")
    return {**given, **changes}


def returned(line: int, quantity: int, subtotal: str, tax: str = "0.00", restock: str = "return") -> Doc:
    """Pieces of a line given back."""
    return {
        "id": line + 500,
        "line_item_id": line,
        "quantity": quantity,
        "restock_type": restock,
        "subtotal": subtotal,
        "subtotal_set": both(subtotal, "USD"),
        "total_tax": tax,
        "total_tax_set": both(tax, "USD"),
    }


def dump(body: Any) -> bytes:
    """The body as bytes."""
    return json.dumps(body, ensure_ascii=False).encode()
