"""Orders as answers show them: with their children, or as a row of a list."""

from sandbox.arcus.call import Call
from sandbox.arcus.errors import Doc

CHILDREN = ("line_items", "payments", "tax_lines", "adjustments")


def order(call: Call, doc: Doc) -> Doc:
    """Return the order with the payments that touched it."""
    return {**doc, "payments": payments(call, doc["id"])}


def payments(call: Call, order_id: str) -> list[Doc]:
    """Return payments of an order, also those applied to several."""
    return list(call.view.find("payment_order", order_id))


def expanded(call: Call, doc: Doc) -> Doc:
    """Return the order with the wanted relations beside its own children."""
    for path in call.expand:
        doc = {**doc, **_relation(call, doc, path)}
    return doc


def row(call: Call, doc: Doc) -> Doc:
    """Return the order without children, except those that `expand[]` names."""
    bare = {name: value for name, value in doc.items() if name not in CHILDREN}
    for path in call.expand:
        bare.update(_relation(call, doc, path))
    return bare


def _relation(call: Call, doc: Doc, path: str) -> Doc:
    name = path.partition(".")[0]
    if name in ("account", "customer"):
        return {name: call.view.get("accounts", doc["account_id"])}
    if path == "line_items.product":
        lines = doc["line_items"]
        return {name: [{**line, "product": call.view.get("products", line["product_id"])} for line in lines]}
    if name == "payments":
        return {name: payments(call, doc["id"])}
    if name == "refunds":
        return {name: [refund for paid in payments(call, doc["id"]) for refund in paid["refunds"]]}
    if name == "returns":
        return {name: list(call.view.find("return_order", doc["id"]))}
    return {name: doc.get(name, [])}
