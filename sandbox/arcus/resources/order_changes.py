"""Changes to an order that is still open: more lines, adjustments, tax computed again."""

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal, invalid
from sandbox.arcus.fields import children, choice, required_text, text
from sandbox.arcus.resources import hydrate
from sandbox.arcus.resources.pricing import MOST_LINES, lines_of
from sandbox.arcus.resources.totals import adjustment, taxed, totalled

OPEN = frozenset({"draft", "on_hold", "confirmed", "open"})


def _open_order(call: Call, *, code: str = "not_found") -> Doc:
    order = call.order(call.path_ids[0], code=code)
    if order["order_status"] not in OPEN:
        raise Refusal(422, "order_not_editable", f"The order is {order['order_status']}.")
    return order


def _reply(call: Call, order: Doc) -> Reply:
    call.tx.put("orders", order)
    return Reply(hydrate.order(call, order), subjects=(order["account_id"],), order_id=order["id"])


def _grown(call: Call, order: Doc, items: list[Doc], *, name: str) -> tuple[Doc, list[Doc]]:
    account = call.need("accounts", order["account_id"], what="account")
    made = lines_of(call, order["id"], account, items, name=name, start=len(order["line_items"]))
    new = [line for _, line in made]
    grown = totalled(call, {**order, "line_items": [*order["line_items"], *new]})
    call.tx.put("orders", grown)
    return grown, new


def add_item(call: Call) -> Reply:
    """POST /orders/{id}/items."""
    order, new = _grown(call, _open_order(call), [call.body], name="")
    return Reply(new[0], 201, subjects=(order["id"],), order_id=order["id"])


def add_items(call: Call) -> Reply:
    """POST /orders/{id}/items/bulk: all or none."""
    items = children(call.body, "items", at_most=MOST_LINES)
    if not items:
        raise invalid("items", f"from 1 to {MOST_LINES}.")
    order, new = _grown(call, _open_order(call), items, name="items")
    result = {"object": "bulk_add_result", "processed": len(items), "items": new, "errors": []}
    return Reply(result, wrap="never", subjects=(order["id"],), order_id=order["id"])


def adjust(call: Call) -> Reply:
    """POST /orders/{id}/adjustments: a fee or a discount, in force at once."""
    body = call.body
    order = _open_order(call, code="order_not_found")
    effect = choice(body, "effect_type", ("discount", "fee"))
    kind = choice(body, "discount_type", ("percentage", "fixed_amount"))
    name = required_text(body, "name")
    row = adjustment(call, name=name, effect=effect, kind=kind, value=body.get("value"), param="value")
    row["notes"] = text(body, "notes")
    order = {**order, "adjustments": [*order["adjustments"], row]}
    return _reply(call, totalled(call, order, param="value"))


def recalculate(call: Call) -> Reply:
    """POST /orders/{id}/recalculate: tax and totals again."""
    order = totalled(call, _open_order(call))
    account = call.need("accounts", order["account_id"], what="account")
    return _reply(call, totalled(call, taxed(call, order, account)))
