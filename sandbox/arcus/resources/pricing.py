"""Lines of an order: which product, at which price, and the zero-priced children of a kit."""

from decimal import Decimal

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.fields import quantity, text
from sandbox.arcus.money import CEILING, ZERO, amount, rounded

INACTIVE_PREFIX = "INACTIVE-"
DRIFT_PREFIX = "DRIFT-"  # repriced by one minor unit against what was sent
MOST_LINES = 250


def lines_of(
    call: Call, order_id: str, account: Doc, items: list[Doc], *, name: str, start: int = 0
) -> list[tuple[int, Doc]]:
    """Return the lines that the items make, each with its place in the request."""
    made: list[tuple[int, Doc]] = []
    for index, item in enumerate(items):
        path = f"{name}[{index}]." if name else ""
        for line in _item(call, order_id, account, item, path):
            line["sort_order"] = start + len(made)
            made.append((index, line))
    return made


def _item(call: Call, order_id: str, account: Doc, item: Doc, path: str) -> list[Doc]:
    status = call.profile.child_status
    product = _product(call, item, path)
    variant = _variant(product, item, path)
    count = quantity(item.get("quantity"), param=f"{path}quantity", status=status)
    list_price = variant["price"] if variant is not None and variant["price"] is not None else product["list_price"]
    sent = item.get("sell_rate", item.get("cost_rate"))
    if sent is None:
        rate = _engine(account, product, count, list_price)
    else:
        rate = amount(sent, param=f"{path}sell_rate", smallest=call.smallest, status=status)
        if product["sku"].startswith(DRIFT_PREFIX):
            rate += call.smallest
    line = _line(call, order_id, product, variant, count, rate)
    line["notes"] = text(item, "notes", path=path, status=status)
    line["list_price"] = rounded(Decimal(item.get("list_price") or list_price), call.smallest)
    if line["line_total"] >= CEILING:
        raise Refusal(status, "line_item_failed", "The line's amount is too large.", param=f"{path}sell_rate")
    return [line, *_components(call, order_id, product, line)]


def _product(call: Call, item: Doc, path: str) -> Doc:
    status, param = call.profile.child_status, f"{path}product_id"
    ident = text(item, "product_id", path=path, status=status)
    if not ident:
        raise Refusal(status, "validation_failed", f"{param} is required.", param=param)
    product = call.view.get("products", ident)
    if product is None:
        raise Refusal(status, "line_item_failed", f"No product {ident} in this entity.", param=param)
    if not product["is_active"] or product["sku"].startswith(INACTIVE_PREFIX):
        raise Refusal(status, "line_item_failed", f"Product {product['sku']} is inactive.", param=param)
    if product["product_type"] == "box":
        raise Refusal(status, "line_item_failed", f"Product {product['sku']} is a box.", param=param)
    return product


def _variant(product: Doc, item: Doc, path: str) -> Doc | None:
    ident, param = item.get("variant_id"), f"{path}variant_id"
    if ident is None:
        if product["has_variants"]:
            raise Refusal(422, "validation_error", f"Product {product['sku']} has variants.", param=param)
        return None
    variant = next((variant for variant in product["variants"] if variant["id"] == ident), None)
    if variant is None or not variant["is_active"]:
        raise Refusal(422, "validation_error", f"Product {product['sku']} has no active variant {ident}.", param=param)
    found: Doc = variant
    return found


def _engine(account: Doc, product: Doc, count: int, list_price: Decimal) -> Decimal:
    """Price by quantity break of the account's level; the highest break reached wins."""
    level, best, price = account["default_pricing_level_id"], 0, list_price
    for entry in product["pricing"]:
        mine = entry.get("account_id") in (None, account["id"]) and entry.get("pricing_level_id") in (None, level)
        if mine and best < entry["min_quantity"] <= count:
            best, price = entry["min_quantity"], entry["sell_price"]
    return price


def _line(call: Call, order_id: str, product: Doc, variant: Doc | None, count: int, rate: Decimal) -> Doc:
    total = rate * count
    of = variant or product
    return {
        "id": call.ids.new("line"),
        "order_id": order_id,
        "product_id": product["id"],
        "variant_id": variant["id"] if variant else None,
        "parent_line_item_id": None,
        "sku": of["sku"],
        "title": product["title"],
        "quantity": count,
        "quantity_allocated": 0,
        "quantity_fulfilled": 0,
        "quantity_returned": 0,
        "sell_rate": rate,
        "list_price": rate,
        "discount_amount": 0,
        "line_subtotal": total,
        "tax_amount": 0,
        "line_total": total,
        "unit_cost": product["cost"],
        "weight": product["weight"],
        "is_tax_exempt": not product["charge_tax"],
        "product_tax_code": product["product_tax_code"],
        "sort_order": 0,
        "notes": None,
        "created_at": call.now,
        "updated_at": call.now,
    }


def _components(call: Call, order_id: str, kit: Doc, parent: Doc) -> list[Doc]:
    if kit["product_type"] != "kit":
        return []
    made = []
    for component in kit["components"]:
        product = call.view.get("products", component["component_product_id"])
        if product is not None:
            child = _line(call, order_id, product, None, parent["quantity"] * component["quantity"], ZERO)
            made.append({**child, "parent_line_item_id": parent["id"]})
    return made
