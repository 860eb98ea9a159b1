"""Requests that move money or write to customers. They exist, they are tested, and no shop's event reaches them.

`adapter` imports neither this file nor `writes`, and `steps.guarded` refuses such a request from anywhere (I11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from service.erp.arcus import bodies
from service.erp.arcus.bodies import NewOrder
from service.erp.arcus.client import Client
from service.erp.arcus.payloads import OrderDoc, PaymentDoc
from service.erp.arcus.receipts import understood
from service.erp.arcus.wire import Doc, unwrap

RESULTS = "_inline_payment_results"


@dataclass(frozen=True, slots=True)
class InlinePayment:
    """A payment that is charged right after its order is created, by a method saved in Arcus."""

    payment_method_id: str
    """Arcus's own UUID, not the processor's."""
    amount: Decimal
    payment_type: str = "card"
    auto_capture: bool = True

    def body(self) -> Doc:
        """Return it as a create names it."""
        return {
            "payment_method_id": self.payment_method_id,
            "amount": self.amount,
            "payment_type": self.payment_type,
            "auto_capture": self.auto_capture,
        }


class Charges:
    """For an application that is itself the shop and collects through Arcus."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create_paid_order(self, order: NewOrder, payments: Sequence[InlinePayment], *, key: str) -> OrderDoc:
        """Create an order and charge saved methods; a declined one leaves the order, unpaid."""
        body = {**order.body(), "payments": [payment.body() for payment in payments]}
        answer = await self._post("/orders", body, key, "create paid order")
        beside = answer.get(RESULTS)  # a sibling of `data` where the order is wrapped
        whole = unwrap(answer) if beside is None else {**unwrap(answer), RESULTS: beside}
        return understood(OrderDoc, whole, what="create paid order")

    async def charge(
        self, order_id: str, *, method_id: str, amount: Decimal, key: str, tender: str = "card"
    ) -> PaymentDoc:
        """Charge a saved card or bank account."""
        body = {"payment_method": tender, "payment_method_id": method_id, "amount": amount}
        answer = await self._post(f"/orders/{order_id}/payments", body, key, "charge")
        return understood(PaymentDoc, answer, what="charge")

    async def void_uncaptured(self, order_id: str, payment_id: str, *, key: str) -> PaymentDoc:
        """Give up a card payment that was authorised and never captured."""
        answer = await self._post(f"/orders/{order_id}/payments/{payment_id}/void", {}, key, "void payment")
        return understood(PaymentDoc, answer, what="void payment")

    async def refund_original(self, return_id: str, *, amount: Decimal | None, key: str) -> Doc:
        """Send an RMA's refund back to where the money came from."""
        body = bodies.given(payment_method="original", amount=amount)
        return await self._post(f"/returns/{return_id}/refund", body, key, "refund to the original method")

    async def confirm_with_mail(self, order_id: str, *, key: str) -> OrderDoc:
        """Post a draft and let Arcus write to the customer."""
        answer = await self._post(f"/orders/{order_id}/confirm", {"send_email": True}, key, "confirm with mail")
        return understood(OrderDoc, answer, what="confirm with mail")

    async def mark_no_show(self, order_id: str, *, key: str, reason: str = "") -> Doc:
        """Void a pick-up that nobody came for, with a refund of what was captured."""
        return await self._post(f"/orders/{order_id}/mark-no-show", bodies.given(reason=reason), key, "mark no-show")

    async def _post(self, path: str, body: Doc, key: str, what: str) -> Doc:
        return await self._client.write("POST", self._client.settings.path(path), body, key=key, what=what)
