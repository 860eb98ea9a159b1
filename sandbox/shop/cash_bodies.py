"""Bodies of transactions and refunds as Shopify's REST shape has them (2026-04)."""

from decimal import Decimal

from sandbox.shop.documents import Doc, both, moment, money, money_set, number
from sandbox.shop.lines import line_item, shipping_line
from sandbox.shop.model import Order, Refund, Transaction
from sandbox.shop.money import ZERO


def transaction_body(order: Order, transaction: Transaction) -> Doc:
    """One transaction."""
    at = moment(order, transaction.at)
    rounding = transaction.rounding
    return {
        "id": transaction.id,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{transaction.id}",
        "order_id": order.id,
        "parent_id": transaction.parent,
        "kind": transaction.kind,
        "status": transaction.status,
        "gateway": transaction.gateway,
        "message": None,
        "amount": _in(transaction.amount, transaction.currency),
        "currency": transaction.currency,
        "created_at": at,
        "processed_at": at,
        "test": transaction.test,
        "authorization": f"auth-{transaction.id}",
        "error_code": None,
        "location_id": None,
        "user_id": None,
        "device_id": None,
        "source_name": order.channel,
        "receipt": {"paid_amount": _in(transaction.amount, transaction.currency)},
        "payment_details": None,
        "payment_id": f"#{order.number}.{transaction.id % 1000}",
        "total_unsettled_set": money_set(order, ZERO, key="currency"),
        "manual_payment_gateway": transaction.gateway == "manual",
        "amount_rounding": None if rounding is None else money(order, rounding),
    }


def _in(amount: Decimal, currency: str) -> str:
    # Not always the currency's decimals in the wild ("348.0"): trailing zeros carry no meaning.
    return f"{amount.normalize():f}" if currency == "JPY" else str(amount)


def refund_body(order: Order, refund: Refund) -> Doc:
    """One refund record; its shipping is published twice, as Shopify does."""
    return {
        "id": refund.id,
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.id}",
        "order_id": order.id,
        "created_at": moment(order, refund.at),
        "processed_at": moment(order, refund.at),
        "note": "changed their mind",
        "user_id": 548380009,
        "restock": True,
        "duties": [],
        "total_duties_set": money_set(order, ZERO),
        "additional_fees": [],
        "total_additional_fees_set": money_set(order, ZERO),
        "return": None if refund.return_id is None else {"id": refund.return_id},
        "refund_line_items": [
            {
                "id": line.id,
                "line_item_id": line.line.id,
                "location_id": 66_000_001,
                "quantity": line.quantity,
                "restock_type": "cancel" if refund.unshipped else "return",
                "subtotal": number(line.subtotal),
                "subtotal_set": money_set(order, line.subtotal),
                "total_tax": number(line.tax),
                "total_tax_set": money_set(order, line.tax),
                "line_item": line_item(order, line.line),
            }
            for line in refund.lines
        ],
        "refund_shipping_lines": _shipping_back(order, refund),
        "order_adjustments": _adjustments(order, refund),
        "transactions": [transaction_body(order, transaction) for transaction in refund.transactions],
    }


def _shipping_back(order: Order, refund: Refund) -> list[Doc]:
    if not refund.shipping:
        return []
    charge = order.shipping[0]
    return [
        {
            "id": refund.id + 2,
            "shipping_line_id": charge.id,
            "subtotal_amount_set": money_set(order, refund.shipping),
            "shipping_line": shipping_line(order, charge),
        }
    ]


def _adjustments(order: Order, refund: Refund) -> list[Doc]:
    # Signed: negative for money to the buyer (sources.md 1.8).
    found = []
    if refund.shipping:
        found.append(("shipping_refund", -refund.shipping, -refund.shipping_tax, "Shipping refund"))
    if refund.discrepancy:
        found.append(("refund_discrepancy", -refund.discrepancy, ZERO, "Refund discrepancy"))
    return [
        {
            "id": refund.id + 3 + index,
            "order_id": order.id,
            "refund_id": refund.id,
            "kind": kind,
            "reason": reason,
            **both(order, "amount", amount),
            **both(order, "tax_amount", tax),
        }
        for index, (kind, amount, tax, reason) in enumerate(found)
    ]
