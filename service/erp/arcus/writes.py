"""The rest of what Arcus offers for orders and money: for tools of people with decisions of their own.

No shop's event reaches this file: `adapter` does not import it, and a test holds that (books 1, 5, 17).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from service.erp.arcus import bodies
from service.erp.arcus.bodies import Item, NewOrder
from service.erp.arcus.client import Client
from service.erp.arcus.payloads import (
    BulkItems,
    CreditDoc,
    LineDoc,
    M,
    OrderDoc,
    PaymentDoc,
    ReturnDoc,
)
from service.erp.arcus.receipts import understood
from service.erp.arcus.wire import Doc


class Writes:
    """Changes, typed. Every one takes its idempotency key; all raise Retryable, Unknown, Refused or Waiting."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create_order(self, order: NewOrder, *, key: str) -> OrderDoc:
        """Create a quote, sales order, invoice, return or purchase order with everything in it."""
        return await self._made(OrderDoc, "/orders", order.body(), key, "create order")

    async def convert(self, quote_id: str, *, key: str, user_id: str = "") -> OrderDoc:
        """Make a new draft sales order of a quote."""
        body = bodies.given(user_id=user_id)
        return await self._made(OrderDoc, f"/orders/{quote_id}/convert", body, key, "convert quote")

    async def add_item(self, order_id: str, item: Item, *, key: str) -> LineDoc:
        """Add one line."""
        return await self._made(LineDoc, f"/orders/{order_id}/items", item.body(), key, "add item")

    async def add_items(self, order_id: str, items: Sequence[Item], *, key: str) -> BulkItems:
        """Add up to 250 lines, all or none."""
        body = {"items": [item.body() for item in items]}
        return await self._made(BulkItems, f"/orders/{order_id}/items/bulk", body, key, "add items")

    async def adjust(self, order_id: str, adjustment: Doc, *, key: str) -> OrderDoc:
        """Add a fee or discount made by `bodies.adjustment` or `bodies.percent_off`."""
        return await self._made(OrderDoc, f"/orders/{order_id}/adjustments", adjustment, key, "adjust order")

    async def confirm(self, order_id: str, *, key: str) -> OrderDoc:
        """Post a draft, without a mail to anybody."""
        return await self._made(OrderDoc, f"/orders/{order_id}/confirm", {}, key, "confirm order")

    async def cancel(self, order_id: str, *, key: str) -> OrderDoc:
        """Cancel what is neither shipped nor paid."""
        return await self._made(OrderDoc, f"/orders/{order_id}/cancel", {}, key, "cancel order")

    async def void(self, order_id: str, *, key: str) -> OrderDoc:
        """Reverse a posted sales order or invoice."""
        return await self._made(OrderDoc, f"/orders/{order_id}/void", {}, key, "void order")

    async def release_hold(self, order_id: str, *, key: str, notes: str = "") -> None:
        """Release a hold: a person's decision, never ours."""
        await self._post(f"/orders/{order_id}/release-hold", bodies.given(notes=notes), key, "release hold")

    async def recalculate(self, order_id: str, *, key: str) -> OrderDoc:
        """Compute ERP tax and totals again, for example after its tax service was down."""
        return await self._made(OrderDoc, f"/orders/{order_id}/recalculate", {}, key, "recalculate order")

    async def record_payment(self, order_id: str, payment: Doc, *, key: str) -> PaymentDoc:
        """Record a payment by hand, made by `bodies.order_payment`; more than the balance makes a credit memo."""
        return await self._made(PaymentDoc, f"/orders/{order_id}/payments", payment, key, "record payment")

    async def apply_payment(self, payment: Doc, *, key: str) -> PaymentDoc:
        """Record one payment over several documents, made by `bodies.multi_invoice_apply`."""
        return await self._made(PaymentDoc, "/payments/multi-invoice-apply", payment, key, "apply payment")

    async def batch(self, payments: Sequence[Doc], *, key: str) -> Doc:
        """Record several payments, all or none; the answer is not typed by the documentation."""
        return await self._post("/payments/batch", {"payments": list(payments)}, key, "record payments")

    async def create_credit(self, credit: Doc, *, key: str) -> CreditDoc:
        """Issue a credit memo made by `bodies.credit`."""
        return await self._made(CreditDoc, "/credits", credit, key, "create credit")

    async def apply_credit(self, credit_id: str, order_id: str, amount: Decimal | None, *, key: str) -> CreditDoc:
        """Pay an order from a credit memo; without an amount as much as there is."""
        body = bodies.given(order_id=order_id, amount=amount)
        return await self._made(CreditDoc, f"/credits/{credit_id}/apply", body, key, "apply credit")

    async def create_return(self, rma: Doc, *, key: str) -> ReturnDoc:
        """Open an RMA: `original_order_id` and `items[{order_item_id, quantity, refund_amount?}]`."""
        if rma.get("auto_refund"):
            raise ValueError("auto_refund sends money back; that is in `charges`")
        return await self._made(ReturnDoc, "/returns", rma, key, "create return")

    async def refund_return(self, return_id: str, *, method: str, amount: Decimal | None, key: str) -> Doc:
        """Record an RMA's refund as cash, check or store credit."""
        if method not in {"cash", "check", "store_credit"}:
            raise ValueError(f"a refund by {method!r} moves money; that is in `charges`")
        body = bodies.given(payment_method=method, amount=amount)
        return await self._post(f"/returns/{return_id}/refund", body, key, "refund return")

    async def merge_accounts(self, winner_id: str, loser_id: str, *, key: str) -> None:
        """Merge one account into another."""
        body = {"loser_account_id": loser_id}
        await self._post(f"/accounts/{winner_id}/merge", body, key, "merge accounts")

    async def _made(self, model: type[M], path: str, body: Doc, key: str, what: str) -> M:
        return understood(model, await self._post(path, body, key, what), what=what)

    async def _post(self, path: str, body: Doc, key: str, what: str) -> Doc:
        return await self._client.write("POST", self._client.settings.path(path), body, key=key, what=what)
