"""An order's way: confirmed through the gates, converted from a quote, cancelled, released from hold."""

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.fields import flag
from sandbox.arcus.money import ZERO
from sandbox.arcus.resources import addresses, gates, hydrate, stock
from sandbox.arcus.resources.orders import PREFIX
from sandbox.arcus.resources.totals import totalled, with_balance
from sandbox.arcus.resources.void import refuse_blocked


def _reply(call: Call, order: Doc) -> Reply:
    call.tx.put("orders", order)
    return Reply(hydrate.order(call, order), subjects=(order["account_id"],), order_id=order["id"])


def confirm(call: Call) -> Reply:
    """POST /orders/{id}/confirm: a gate that holds the order keeps it on hold and answers 422."""
    order = call.order(call.path_ids[0])
    if order["document_type"] == "quote":
        hint = "Convert the quote to a sales order first."
        raise Refusal(422, "quote_must_convert_before_confirm", hint)
    if order["order_status"] not in ("draft", "on_hold"):
        raise Refusal(409, "order_not_draft", f"The order is {order['order_status']}.")
    account = call.need("accounts", order["account_id"], what="account")
    if not order["line_items"]:
        raise Refusal(422, "order_has_no_lines", "An order needs at least one line.", param="line_items")
    if addresses.of_account(account, order["shipping_address_id"]) is None:
        hint = "An order needs a valid shipping address."
        raise Refusal(422, "shipping_address_required", hint, param="shipping_address_id")
    gate = gates.gate_of(call, order, account)
    if gate is not None:
        call.tx.put("orders", gates.held(call, order, gate))
        raise gates.refuse(gate)
    if flag(call.body, "send_email"):
        call.effects["emails"] += 1
    return _reply(call, gates.post(call, order))


def release_hold(call: Call) -> Reply:
    """POST /orders/{id}/release-hold."""
    order = call.order(call.path_ids[0])
    if not order["is_on_hold"]:
        raise Refusal(409, "order_not_on_hold", "The order is not on hold.")
    cleared = {"is_on_hold": False, "hold_type": None, "hold_reason": None, "released_at": call.now}
    call.tx.put("orders", {**order, **cleared, "order_status": "draft", "updated_at": call.now})
    return Reply({"success": True, "order_id": order["id"]}, wrap="always", order_id=order["id"])


def convert(call: Call) -> Reply:
    """POST /orders/{id}/convert: a new draft sales order from a quote, which stays what it is."""
    quote = call.order(call.path_ids[0])
    if quote["document_type"] != "quote" or quote["order_status"] in ("cancelled", "voided"):
        raise Refusal(422, "only_quotes_convert", f"A {quote['order_status']} {quote['document_type']} cannot convert.")
    ident = call.ids.new("order")
    renamed: dict[str | None, str] = {line["id"]: call.ids.new("line") for line in quote["line_items"]}
    lines = [
        {
            **line,
            "id": renamed[line["id"]],
            "order_id": ident,
            "parent_line_item_id": renamed.get(line["parent_line_item_id"]),
            "quantity_allocated": 0,
        }
        for line in quote["line_items"]
    ]
    fresh = {
        "id": ident,
        "order_number": call.tx.number(PREFIX["sales_order"]),
        "document_type": "sales_order",
        "order_status": "draft",
        "linked_order_id": quote["id"],
        "line_items": lines,
        "amount_paid": ZERO,
        "amount_refunded": ZERO,
        "order_date": call.now,
        "created_at": call.now,
    }
    order = totalled(call, {**quote, **fresh})
    call.tx.put("orders", order)
    return Reply(order, 201, subjects=(quote["id"], quote["account_id"]), order_id=ident)


def cancel(call: Call) -> Reply:
    """POST /orders/{id}/cancel: what is unshipped and holds no money."""
    order = call.order(call.path_ids[0])
    if order["document_type"] == "purchase_order" and "purchasing:write" not in call.scopes:
        raise Refusal(403, "permission_denied", "Cancelling a purchase order needs a purchasing role.")
    if order["order_status"] in ("cancelled", "voided"):
        raise Refusal(409, f"order_already_{order['order_status']}", f"The order is {order['order_status']}.")
    if order["fulfillment_status"] != "unfulfilled":
        raise Refusal(409, "order_fulfilled", "What has shipped comes back as a return.")
    if order["amount_paid"]:
        raise Refusal(409, "order_has_payments", f"{order['amount_paid']} is paid; refund it first.")
    refuse_blocked(order, "cancel")
    if call.entity.settings.get("marketplace_connected"):
        call.effects["marketplace_pushes"] += 1
    released = stock.release(call, order)
    return _reply(call, with_balance(call, {**released, "order_status": "cancelled", "is_on_hold": False}))
