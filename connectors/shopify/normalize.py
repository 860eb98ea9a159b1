"""Shopify's words to ours: one body to one event with all the facts in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo

from connectors.envelopes.unwrapped import Unwrapped
from connectors.errors import OutOfScope, Undecodable
from connectors.shopify.delivery import Delivery, body_id
from connectors.shopify.fields import utc
from connectors.shopify.order import is_sparse, order_edit, order_fact
from connectors.shopify.payloads import Order, OrderEdit, Refund, Transaction
from connectors.shopify.privacy import ASKS, privacy_event
from connectors.shopify.refund import refund
from connectors.shopify.shapes import Shape, shape_of
from connectors.shopify.transaction import payment
from schemas.base import Kind, Version
from schemas.event import Envelope, Event, Fact, Key
from schemas.order import OrderDeletion
from schemas.order import OrderEdit as OrderEditFact
from schemas.outcome import Reason
from schemas.payment import Payment
from schemas.refund import Refund as RefundFact


def normalize(unwrapped: Unwrapped, *, zone: tzinfo | None, received_at: datetime | None = None) -> Event:
    """The event in one body.

    `zone` is the tenant's; without one, days are counted in the offset that the shop wrote. `received_at` dates a
    deletion and a cut body where the delivery has no `X-Shopify-Triggered-At`.
    Raises OutOfScope, Invalid or Undecodable and nothing else.
    """
    envelope = Envelope.trusted(
        external_source=unwrapped.source,
        tenant=unwrapped.tenant,
        topic=unwrapped.topic,
        event_id=unwrapped.event_id,
        delivery_id=unwrapped.delivery_id,
        triggered_at=None if unwrapped.triggered_at is None else utc(unwrapped.triggered_at),
        api_version=unwrapped.api_version,
    )
    body = unwrapped.body
    shape = Shape.FOREIGN if unwrapped.preview else shape_of(body, unwrapped.topic)
    if shape in ASKS:
        return privacy_event(ASKS[shape], body, envelope)
    found = _READERS.get(shape)
    if found is None:
        raise _refusal(unwrapped, envelope, shape)
    kind, read = found
    delivery = Delivery(envelope=envelope, zone=zone, received_at=received_at, kind=kind, body=body)
    if not unwrapped.tenant:
        raise delivery.invalid(
            "X-Shopify-Shop-Domain",
            "is missing, so nobody can tell of which shop it is; pass the header on, or set a default tenant",
            reason=Reason.TENANT_UNKNOWN,
        )
    lane, facts = read(body, delivery)
    key = Key.trusted(external_source=envelope.external_source, tenant=envelope.tenant, root=lane)
    return Event.trusted(envelope=envelope, key=key, facts=facts)


def _refusal(unwrapped: Unwrapped, envelope: Envelope, shape: Shape) -> OutOfScope | Undecodable:
    body = unwrapped.body
    if shape is Shape.UNKNOWN:
        topic = f"topic {unwrapped.topic[:80]!r}" if unwrapped.topic else "no topic"
        return Undecodable(
            Reason.UNKNOWN_SHAPE, f"it comes from Shopify with {topic} and a body that is no order, payment or refund"
        )
    what = (
        "a next-generation Event, whose body is not the order itself; subscribe to the classic webhook instead"
        if unwrapped.preview
        else "known and not ours to post"
    )
    return OutOfScope(
        envelope=envelope,
        external_id=body_id(body, "id"),
        root=body_id(body, "order_id"),
        detail=f"{unwrapped.topic or 'this resource'} is {what}",
    )


def _order(body: dict[str, object], delivery: Delivery) -> tuple[str, tuple[Fact, ...]]:
    order = delivery.read(Order, body)
    number = delivery.named(order.exact_id, "id")
    first: Fact = order_edit(order, delivery, number) if is_sparse(order) else order_fact(order, delivery, number)
    return number, (first, *_children(order, delivery, number))


def _children(order: Order, delivery: Delivery, number: str) -> Iterator[Fact]:
    """Refunds and payments inside an order body: entities of their own, each with its own version."""
    seen: set[str] = set()
    for index, one in enumerate(order.refunds or ()):
        at = f"refunds[{index}]."
        if one.refund_line_items is not None:  # else cut: its id is in the order, its news are on the way
            yield refund(one, delivery, order_id=number, currency=order.currency, at=at)
        for fact in _payments(one.transactions, delivery, order_id=number, refund_id=one.exact_id, at=at):
            seen.add(fact.external_id)
            yield fact
    for fact in _payments(order.transactions, delivery, order_id=number, refund_id=None, at=""):
        if fact.external_id not in seen:  # the refund's copy says more
            yield fact


def _payments(
    transactions: list[Transaction] | None,
    delivery: Delivery,
    *,
    order_id: str,
    refund_id: str | None,
    at: str,
) -> Iterator[Payment]:
    for index, one in enumerate(transactions or ()):
        yield payment(one, delivery, order_id=order_id, refund_id=refund_id, at=f"{at}transactions[{index}].")


def _edit(body: dict[str, object], delivery: Delivery) -> tuple[str, tuple[Fact, ...]]:
    edit = delivery.read(OrderEdit, delivery.named(body.get("order_edit"), "order_edit"), at="order_edit")
    at = delivery.needed(edit.committed_at or edit.created_at, "order_edit.committed_at")
    fact = OrderEditFact.trusted(
        external_source=delivery.envelope.external_source,
        tenant=delivery.envelope.tenant,
        external_id=delivery.named(edit.id, "order_edit.id"),
        version=Version.trusted(at=utc(at)),
    )
    return delivery.named(edit.order_id, "order_edit.order_id"), (fact,)


def _deletion(_: dict[str, object], delivery: Delivery) -> tuple[str, tuple[Fact, ...]]:
    number = delivery.named(delivery.external_id, "id")
    at = delivery.envelope.triggered_at or delivery.received_at
    fact = OrderDeletion.trusted(
        external_source=delivery.envelope.external_source,
        tenant=delivery.envelope.tenant,
        external_id=number,
        version=Version.trusted(at=utc(delivery.needed(at, "X-Shopify-Triggered-At"))),
    )
    return number, (fact,)


def _payment(body: dict[str, object], delivery: Delivery) -> tuple[str, tuple[Fact, ...]]:
    fact = payment(delivery.read(Transaction, body), delivery)
    return fact.order_id, (fact,)


def _refund(body: dict[str, object], delivery: Delivery) -> tuple[str, tuple[Fact, ...]]:
    found = delivery.read(Refund, body)
    fact: RefundFact = refund(found, delivery)
    payments = _payments(found.transactions, delivery, order_id=fact.order_id, refund_id=fact.external_id, at="")
    return fact.order_id, (fact, *payments)


_Reader = Callable[[dict[str, object], Delivery], tuple[str, tuple[Fact, ...]]]
_READERS: dict[Shape, tuple[Kind, _Reader]] = {
    Shape.ORDER: (Kind.ORDER, _order),
    Shape.EDIT: (Kind.ORDER_EDIT, _edit),
    Shape.DELETION: (Kind.ORDER_DELETION, _deletion),
    Shape.TRANSACTION: (Kind.PAYMENT, _payment),
    Shape.REFUND: (Kind.REFUND, _refund),
}
