"""Voids: of a posted order, and of a card payment that was never captured."""

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, Refusal
from sandbox.arcus.resources import hydrate, stock
from sandbox.arcus.resources.totals import with_balance

# A line whose SKU begins so stands for a linked drop-ship or work order in that state.
BLOCKERS = {
    "DROPSHIP-SENT-": "dropship_po_sent",
    "DROPSHIP-RECEIVED-": "dropship_po_received",
    "MFG-PROGRESS-": "manufactured_wo_in_progress",
    "MFG-DONE-": "manufactured_wo_completed",
}
CLOSED_RMA = frozenset({"closed", "cancelled"})


def refuse_blocked(order: Doc, verb: str) -> None:
    """Refuse where a linked document stands in the way; posted orders only."""
    if order["order_status"] in ("draft", "on_hold"):
        return
    for line in order["line_items"]:
        for prefix, state in BLOCKERS.items():
            if line["sku"].startswith(prefix):
                raise Refusal(409, f"{state}_blocks_so_{verb}", f"Line {line['sku']} has a linked order in that state.")


def void_order(call: Call) -> Reply:
    """POST /orders/{id}/void: reverses a posted sales order or invoice."""
    order = call.order(call.path_ids[0])
    status = order["order_status"]
    if order["document_type"] not in ("sales_order", "invoice", "return"):
        raise Refusal(422, "order_not_voidable", f"A {order['document_type']} cannot be voided.")
    if status in ("voided", "cancelled", "draft", "on_hold"):
        raise Refusal(409, "order_already_voided" if status == "voided" else "order_not_posted", f"It is {status}.")
    if order["fulfillment_status"] != "unfulfilled":
        raise Refusal(409, "order_fulfilled", "What has shipped comes back as a return.")
    refuse_blocked(order, "void")
    if any(rma["status"] not in CLOSED_RMA for rma in call.view.find("return_order", order["id"])):
        raise Refusal(409, "open_rma_blocks_void", "A return of this order is open.")
    for paid in hydrate.payments(call, order["id"]):
        if paid["status"] == "pending":
            call.tx.put("payments", {**paid, "status": "voided", "updated_at": call.now})
    released = stock.release(call, order)
    order = call.tx.put("orders", with_balance(call, {**released, "order_status": "voided"}))
    cascades: Doc = {"cascaded_drop_ship_pos": [], "cascaded_work_orders": []}
    return Reply(hydrate.order(call, {**order, **cascades}), subjects=(order["account_id"],), order_id=order["id"])


def void_payment(call: Call) -> Reply:
    """POST /orders/{id}/payments/{payment_id}/void: an uncaptured card payment only."""
    order_id, payment_id = call.path_ids
    paid = call.need("payments", payment_id, what="payment")
    if paid["stripe_payment_intent_id"] is None:
        raise Refusal(422, "not_a_stripe_payment", "Only a processor's payment can be voided.")
    if paid["status"] != "pending":
        raise Refusal(400, "payment_not_voidable", f"A {paid['status']} payment cannot be voided.")
    voided = call.tx.put("payments", {**paid, "status": "voided", "updated_at": call.now})
    return Reply(voided, subjects=(order_id,), order_id=order_id)
