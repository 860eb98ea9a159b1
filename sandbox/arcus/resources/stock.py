"""Stock: balances per product, variant and location; reservations of order lines and their release."""

from collections.abc import Iterable

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.resources.paging import by_page


def balances(call: Call) -> Reply:
    """GET /inventory/balances."""
    query = call.query
    names = [name for name in ("product_id", "location_id", "variant_id") if name in query]
    found = (shown(row) for row in call.view.scan("balances") if all(row[name] == query[name] for name in names))
    low = query.get("low_stock_only") == "true"
    page = by_page((row for row in found if not low or row["available"] <= 0), query)
    return Reply({"object": "list", **page}, wrap="never")


def of_product(call: Call) -> Reply:
    """GET /products/{id}/inventory: totals and the locations."""
    product = call.need("products", call.path_ids[0], what="product")
    rows = [shown(row) for row in call.view.find("balance_product", product["id"])]
    totals = {name: sum(row[name] for row in rows) for name in ("on_hand", "allocated", "available")}
    return Reply({"product_id": product["id"], **totals, "by_location": rows}, wrap="always")


def shown(row: Doc) -> Doc:
    """Return a balance with what is available."""
    return {**row, "available": row["on_hand"] - row["allocated"]}


def reserve(call: Call, lines: Iterable[tuple[int, Doc]], location_id: str | None, *, whole: bool) -> dict[str, int]:
    """Reserve stock for lines (with their place in the request) and return what each took.

    `whole` refuses any shortfall; otherwise what is there is taken.
    """
    taken: dict[str, int] = {}
    for index, line in lines:
        row = _row(call, line, location_id)
        if row is None:
            continue
        wanted = line["quantity"]
        available = max(0, row["on_hand"] - row["allocated"])
        if whole and available < wanted:
            raise _shortfall(line, index, wanted, available)
        part = min(wanted, available)
        taken[line["id"]] = part
        call.tx.put("balances", {**row, "allocated": row["allocated"] + part})
    return taken


def release(call: Call, order: Doc) -> Doc:
    """Give back what an order's lines reserved; returns the order without reservations."""
    lines = []
    for line in order["line_items"]:
        if line["quantity_allocated"]:
            row = _row(call, line, order["location_id"])
            if row is not None:
                call.tx.put("balances", {**row, "allocated": row["allocated"] - line["quantity_allocated"]})
        lines.append({**line, "quantity_allocated": 0})
    return {**order, "line_items": lines}


def _row(call: Call, line: Doc, location_id: str | None) -> Doc | None:
    """Return the balance of a tracked line; a location without one has nothing of it."""
    product = call.view.get("products", line["product_id"] or "")
    if product is None or not product["track_inventory"] or product["product_type"] == "kit":
        return None
    for row in call.view.find("balance_product", product["id"]):
        if row["location_id"] == location_id and row["variant_id"] == line["variant_id"]:
            return row
    ident = f"{product['id']}:{line['variant_id'] or ''}:{location_id}"
    keys = {"product_id": product["id"], "variant_id": line["variant_id"], "location_id": location_id}
    return {"id": ident, "object": "inventory_balance", **keys, "on_hand": 0, "allocated": 0}


def _shortfall(line: Doc, index: int, wanted: int, available: int) -> Refusal:
    product_id = line["product_id"]
    return Refusal(
        422,
        "insufficient_inventory",
        f"Insufficient inventory for product {product_id}. Requested: {wanted}, available: {available}.",
        param=f"line_items[{index}].quantity",
        extra={"product_id": product_id, "requested": wanted, "available": available},
    )
