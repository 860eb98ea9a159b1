"""A transaction to a payment: cash is the transaction id, however it arrives."""

from __future__ import annotations

from connectors.shopify.delivery import Delivery
from connectors.shopify.fields import utc
from connectors.shopify.money import ShopMoney
from connectors.shopify.payloads import Transaction
from schemas.base import Version
from schemas.money import Money
from schemas.payment import Payment, PaymentKind, PaymentStatus

_KINDS = {kind.value: kind for kind in PaymentKind}
_STATUSES = {status.value: status for status in PaymentStatus}
_FINAL = frozenset({PaymentStatus.SUCCESS, PaymentStatus.FAILURE, PaymentStatus.ERROR})
_FINAL_RANK = 64  # above the six bits that tell how much a copy says


def payment(
    transaction: Transaction,
    delivery: Delivery,
    *,
    order_id: str | None = None,
    refund_id: str | None = None,
    at: str = "",
) -> Payment:
    """The payment. `order_id` and `refund_id` are those of the body around it; `at` is its place there."""
    number = delivery.named(transaction.exact_id, f"{at}id")
    processed = delivery.needed(transaction.processed_at or transaction.created_at, f"{at}created_at")
    status = _STATUSES.get(delivery.needed(transaction.status, f"{at}status").lower(), PaymentStatus.OTHER)
    kind = _KINDS.get(delivery.needed(transaction.kind, f"{at}kind").lower(), PaymentKind.OTHER)
    amount = delivery.needed(transaction.amount, f"{at}amount")
    currency = delivery.needed(transaction.currency, f"{at}currency")
    root = delivery.needed(order_id or transaction.order_id, f"{at}order_id")
    shop_money = _shop_money(transaction, delivery, at)
    # One transaction comes by several roads, and the copies differ in how much they say. The order of the bits makes
    # every such difference a difference in rank, so that two copies of one second never tie with unlike content.
    says = (
        refund_id is not None,
        shop_money is not None,
        transaction.parent_id is not None,
        transaction.amount_rounding is not None,
        transaction.payment_id is not None,
        transaction.gateway is not None,
    )
    richness = sum(1 << bit for bit, there in enumerate(reversed(says)) if there)
    return Payment.trusted(
        external_source=delivery.envelope.external_source,
        tenant=delivery.envelope.tenant,
        external_id=number,
        version=Version.trusted(at=utc(processed), rank=(_FINAL_RANK if status in _FINAL else 0) + richness),
        order_id=root,
        parent_id=transaction.parent_id,
        refund_id=refund_id,
        payment_kind=kind,
        status=status,
        gateway=transaction.gateway or "",
        amount=amount,
        currency=currency,
        shop_money=shop_money,
        processed_at=utc(processed),
        business_date=delivery.business_date(processed),
        test=bool(transaction.test),
        rounding=transaction.amount_rounding,
        name=transaction.payment_id or "",
    )


def _shop_money(transaction: Transaction, delivery: Delivery, at: str) -> Money | None:
    """The amount in shop currency: from its own set, else from the note on the exchange rate."""
    money = ShopMoney(delivery, None)
    found = money.positive(money.shop(transaction.amount_set, f"{at}amount_set"), f"{at}amount_set")
    if found is not None and money.currency is not None:
        return Money.trusted(amount=found, currency=money.currency)
    exchange = transaction.currency_exchange_adjustment
    if exchange is None or exchange.final_amount is None or exchange.currency is None:
        return None
    return Money.trusted(amount=exchange.final_amount, currency=exchange.currency)
