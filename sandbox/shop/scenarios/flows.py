"""Passages that many histories share: a paid sale, its shipping, the way a refund is told."""

from decimal import Decimal

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.history import History
from sandbox.shop.model import Refund, Transaction


def paid_sale(
    history: History, wishes: Wishes | None = None, *, gateway: str | None = None, ships: bool = True
) -> Transaction:
    """A web order paid at once; returns the sale."""
    fill(history, wishes)
    gateway = gateway or history.rng.choice(("shopify_payments", "shopify_payments", "paypal"))
    sale = history.transact("sale", due(history), gateway=gateway)
    history.tell("orders/create")
    if history.rng.random() < 0.4:
        history.blink()
        history.tell("orders/paid")
    history.tell_transaction(sale)
    if ships:
        shipped(history)
    return sale


def due(history: History) -> Decimal:
    """What the buyer has to pay."""
    return history.order.total() + history.order.rounding


def shipped(history: History) -> None:
    """Ship everything where the shop ships, now and then elsewhere too (the ERP told it), sometimes in two parts."""
    rng = history.rng
    if not history.shop.ships_itself and rng.random() < 0.75:
        return
    if len(history.order.lines) > 1 and rng.random() < 0.3:
        history.wait()
        history.ship(part=True)
        history.tell("orders/partially_fulfilled")
    history.wait()
    history.ship()
    history.tell("orders/fulfilled")


def refunded(history: History, refund: Refund, parents: list[Transaction], *, cash: Decimal | None = None) -> None:
    """Pay a refund back over its parents in order, and tell of it in one of the ways that shops do."""
    left = history.worth(refund) if cash is None else cash
    made = []
    for parent in parents:
        part = min(left, parent.shop_amount)
        if part > 0:
            made.append(history.pay_back(refund, part, parent))
            left -= part
    rng = history.rng
    embedded_only = rng.random() < 0.2  # the refund's own event is lost; the order's body still tells
    if not embedded_only:
        history.tell_refund(refund)
        for transaction in made:
            if rng.random() < 0.6:
                history.tell_transaction(transaction)
    history.tell("orders/updated", keep=embedded_only)
