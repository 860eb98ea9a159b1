"""RMAs: goods coming back against an order, before any money goes out."""

from collections.abc import Iterator
from decimal import Decimal

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, invalid
from sandbox.arcus.fields import children, choice, flag, metadata, quantity, required_text, text
from sandbox.arcus.money import ZERO, amount, rounded
from sandbox.arcus.resources import refunds

PATCHABLE = frozenset({"restocking_fee", "inspection_required", "vendor_rma_number", "notes", "metadata"})
SOURCES = ("csr", "customer_portal", "marketplace")
NOTHING_TO_RETURN = frozenset({"draft", "on_hold", "cancelled", "voided"})


def create(call: Call) -> Reply:
    """POST /returns: the RMA, its items and, where asked, its refund."""
    body = call.body
    ident = required_text(body, "original_order_id")
    order = call.need("orders", ident, what="order", code="order_not_found", param="original_order_id")
    if order["order_status"] in NOTHING_TO_RETURN:
        raise Refusal(422, "order_not_returnable", f"The order is {order['order_status']}.", param="original_order_id")
    sent = text(body, "account_id")
    if sent is not None and sent != order["account_id"]:
        raise Refusal(422, "account_mismatch", "The order belongs to another account.", param="account_id")
    order, items = _items(call, order)
    rma = _header(call, order, items)
    call.tx.put("orders", order)
    call.tx.put("returns", rma)
    if flag(body, "auto_refund") and rma["refund_amount"]:
        refunds.refunded_return(call, rma, {})
        rma = call.need("returns", rma["id"], what="return")
    return Reply(rma, 201, subjects=(order["id"], order["account_id"]), order_id=order["id"])


def _header(call: Call, order: Doc, items: list[Doc]) -> Doc:
    body = call.body
    fee = amount(body.get("restocking_fee") or 0, param="restocking_fee", smallest=call.smallest)
    worth = sum((item["refund_amount"] for item in items), ZERO)
    if fee > worth:
        raise invalid("restocking_fee", "is more than the items are worth.")
    return {
        "id": call.ids.new("return"),
        "object": "return",
        "entity_id": call.entity.id,
        "return_number": call.tx.number("RMA"),
        "status": "authorized",
        "original_order_id": order["id"],
        "account_id": order["account_id"],
        "vendor_id": None,
        "vendor_rma_number": None,
        "inspection_required": flag(body, "inspection_required"),
        "restocking_fee": fee,
        "refund_amount": worth - fee,
        "amount_refunded": ZERO,
        "return_to_vendor": False,
        "source": choice(body, "source", SOURCES, default="csr"),
        "notes": text(body, "notes"),
        "metadata": metadata(body),
        "items": items,
        "refunds": [],
        "received_at": None,
        "closed_at": None,
        "cancelled_at": None,
        "created_at": call.now,
        "updated_at": call.now,
    }


def _items(call: Call, order: Doc) -> tuple[Doc, list[Doc]]:
    """Return the order with what has come back, and the RMA's items."""
    sent = children(call.body, "items", at_most=250)
    if not sent:
        raise invalid("items", "at least one.")
    lines = {line["id"]: line for line in order["line_items"]}
    items = []
    for index, child in enumerate(sent):
        item, line = _item(call, lines, child, f"items[{index}].")
        lines[line["id"]] = line
        items.append(item)
    return {**order, "line_items": list(lines.values()), "updated_at": call.now}, items


def _item(call: Call, lines: dict[str, Doc], child: Doc, path: str) -> tuple[Doc, Doc]:
    line = lines.get(required_text(child, "order_item_id", path=path))
    if line is None:
        raise Refusal(404, "not_found", "The order has no such line.", param=f"{path}order_item_id")
    count = quantity(child.get("quantity"), param=f"{path}quantity")
    left = line["quantity"] - line["quantity_returned"]
    if count > left:
        raise Refusal(422, "return_quantity_exceeds_order", f"Only {left} can come back.", param=f"{path}quantity")
    worth = child.get("refund_amount")
    item = {
        "id": call.ids.new("rmi"),
        "order_item_id": line["id"],
        "product_id": line["product_id"],
        "quantity": count,
        "refund_amount": _worth(call, line, count)
        if worth is None
        else amount(worth, param=f"{path}refund_amount", smallest=call.smallest),
    }
    return item, {**line, "quantity_returned": line["quantity_returned"] + count}


def _worth(call: Call, line: Doc, count: int) -> Decimal:
    return rounded(Decimal(line["line_total"]) * count / line["quantity"], call.smallest)


def one(call: Call) -> Reply:
    """GET /returns/{id}."""
    return Reply(call.need("returns", call.path_ids[0], what="return"))


def listed(call: Call) -> Reply:
    """GET /returns: everything that fits; no paging is documented."""
    return Reply({"object": "list", "data": list(_wanted(call)), "has_more": False}, wrap="never")


def _wanted(call: Call) -> Iterator[Doc]:
    query = call.query
    order_id = query.get("original_order_id")
    rows = call.view.scan("returns") if order_id is None else call.view.find("return_order", order_id)
    names = [name for name in ("status", "account_id") if name in query]
    return (row for row in rows if all(row[name] == query[name] for name in names))


def patch(call: Call) -> Reply:
    """PATCH /returns/{id}: five fields and no more."""
    rma = call.need("returns", call.path_ids[0], what="return")
    for name in call.body:
        if name not in PATCHABLE:
            raise Refusal(422, "forbidden_field", f"{name} cannot be changed here.", param=name)
    changes = dict(call.body)
    if "restocking_fee" in changes:
        fee = amount(changes["restocking_fee"], param="restocking_fee", smallest=call.smallest)
        worth = rma["refund_amount"] + rma["restocking_fee"]
        if fee > worth:
            raise invalid("restocking_fee", "is more than the items are worth.")
        changes |= {"restocking_fee": fee, "refund_amount": worth - fee}
    if "metadata" in changes:
        changes["metadata"] = metadata(call.body)
    rma = call.tx.put("returns", {**rma, **changes, "updated_at": call.now})
    return Reply(rma, subjects=(rma["original_order_id"],), order_id=rma["original_order_id"])
