"""Small parts that the bodies share: money sets, tax lines, addresses, times with the shop's offset."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shop.buyers import Buyer
from sandbox.shop.model import Order, Tax
from sandbox.shop.money import rounded, text

Doc = dict[str, Any]
_zone = cache(ZoneInfo)


def moment(order: Order, at: datetime) -> str:
    """As Shopify writes it: seconds, with the shop's own offset."""
    return at.astimezone(_zone(order.shop.zone)).isoformat(timespec="seconds")


def number(amount: Decimal) -> float | int:
    """The few fields that bodies carry as JSON numbers: at these sizes a float's shortest digits are the amount's."""
    value = float(amount)
    return int(value) if value.is_integer() else value


def money(order: Order, amount: Decimal) -> str:
    """A plain amount in the shop's currency."""
    return text(amount, order.currency)


def money_set(order: Order, amount: Decimal, *, key: str = "currency_code") -> Doc:
    """Both currencies; `total_unsettled_set` alone spells its key `currency`."""
    shown, currency = amount, order.currency
    if order.presentment is not None:
        currency, rate = order.presentment
        shown = rounded(amount * rate, currency)
    return {
        "shop_money": {"amount": text(amount, order.currency), key: order.currency},
        "presentment_money": {"amount": text(shown, currency), key: currency},
    }


def both(order: Order, name: str, amount: Decimal) -> Doc:
    """`name` and `name_set`."""
    return {name: money(order, amount), f"{name}_set": money_set(order, amount)}


def tax_lines(order: Order, taxes: Sequence[Tax]) -> list[Doc]:
    """Taxes of a line, of shipping or of the whole order."""
    return [
        {"title": tax.title, "rate": number(tax.rate), "channel_liable": tax.liable, **both(order, "price", tax.amount)}
        for tax in taxes
    ]


def allocations(order: Order, discounts: Sequence[tuple[int, Decimal]]) -> list[Doc]:
    """Which application took how much off."""
    return [{"discount_application_index": index, **both(order, "amount", amount)} for index, amount in discounts]


def customer(order: Order, buyer: Buyer) -> Doc | None:
    """The buyer's record, or nothing for guests."""
    if buyer.customer_id is None:
        return None
    return {
        "id": buyer.customer_id,
        "admin_graphql_api_id": f"gid://shopify/Customer/{buyer.customer_id}",
        "created_at": "2025-03-02T09:00:00+00:00",
        "updated_at": moment(order, order.updated),
        "first_name": buyer.first,
        "last_name": buyer.last,
        "state": "enabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": buyer.email,
        "phone": None,
        "currency": order.currency,
        "tax_exemptions": [],
        "default_address": {"id": 9_000_000_000 + buyer.number, "customer_id": buyer.customer_id, **buyer.homes[0]},
    }
