"""What the ERP holds, held against what the shop sold: each order and each payment once, with its amounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from tests.resilience.shop import SHOP, Sale

Doc = dict[str, Any]


def _tag(doc: Doc, kind: str) -> str | None:
    tag = doc["metadata"] or {}
    return str(tag["external_id"]) if tag.get("kind") == kind and tag.get("tenant") == SHOP.domain else None


def settled(sales: Sequence[Sale], state: Doc) -> int:
    """How many sales stand in the ERP, confirmed and paid."""
    wanted = {sale.order for sale in sales}
    return sum(
        doc["order_status"] == "confirmed" and doc["balance_due"] == 0 and _tag(doc, "order") in wanted
        for doc in state["orders"]
    )


def faults(sales: Sequence[Sale], state: Doc, log: Iterable[Doc]) -> list[str]:
    """Everything that is not as it must be, in words; nothing where each sale is there once and to the cent."""
    found = [*_orders(sales, state["orders"]), *_payments(sales, state["payments"]), *_accounts(sales, state)]
    created = Counter(
        _tag(line["body"], "order") for line in log if (line["method"], line["path"]) == ("POST", "/v1/orders")
    )
    found += [f"order {order} was created {count} times" for order, count in created.items() if count != 1]
    return found


def _orders(sales: Sequence[Sale], docs: Sequence[Doc]) -> Iterable[str]:
    standing: dict[str | None, list[Doc]] = {}
    for doc in docs:
        standing.setdefault(_tag(doc, "order"), []).append(doc)
    for sale in sales:
        there = standing.pop(sale.order, [])
        if len(there) != 1:
            yield f"order {sale.order} stands {len(there)} times"
            continue
        doc, paid = there[0], sum(sale.cash.values(), Decimal(0))
        as_is = (doc["order_status"], doc["order_total"], doc["amount_paid"], doc["balance_due"])
        if as_is != ("confirmed", sale.total, paid, sale.total - paid):
            yield f"order {sale.order} of {sale.total}, paid {paid}, stands as {as_is}"
    yield from (f"order {stranger} was never sold" for stranger in standing)


def _payments(sales: Sequence[Sale], docs: Sequence[Doc]) -> Iterable[str]:
    taken = Counter((doc["external_reference"], doc["amount"]) for doc in docs)
    wanted = {(f"{SHOP.domain}:{cash}", amount) for sale in sales for cash, amount in sale.cash.items()}
    for payment in wanted | set(taken):
        if taken[payment] != (payment in wanted):
            yield f"payment {payment} stands {taken[payment]} times"


def _accounts(sales: Sequence[Sale], state: Doc) -> Iterable[str]:
    buyers = {sale.buyer for sale in sales}
    made = Counter(_tag(doc, "account") for doc in state["accounts"])
    if len(made) != len(buyers):
        yield f"{len(buyers)} buyers have {len(made)} accounts"
    yield from (f"account {account} was made {count} times" for account, count in made.items() if count != 1)
