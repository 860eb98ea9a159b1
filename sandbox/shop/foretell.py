"""What must become of each document, said by the scenario that made it: the prediction, written down beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sandbox.shop.model import Order, Refund, Transaction
from sandbox.shop.money import DECIMALS, ZERO
from sandbox.shop.shops import GO_LIVE, UNMAPPED_GATEWAY

Profile = Literal["lenient", "strict"]
End = Literal["sales_order", "invoice", "overtaken", "absent"]
"""What stands in the ERP in the end. Where the ERP ships, it depends on what was heard of first: a sale is posted as a
sales order before its shop ships it, as an invoice after; cancelled before it is posted, it never is. `overtaken` is
the sales order whose draft was not confirmed yet when the shop cancelled or shipped it."""
CENTS = 2


@dataclass(frozen=True, slots=True)
class Expected:
    """One document's fate. `amounts` says what stands in the ERP, by component; empty where nothing does."""

    tenant: str
    kind: str
    external_id: str
    outcome: str
    reason: str | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    root: str = ""
    end: End = "absent"
    """With which end of its order this is its fate."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an order, in both profiles.

    `stands` says how it stands in the ERP: not at all, as a draft, open (confirmed), or cancelled.
    """

    outcome: str
    reason: str | None = None
    stands: Literal["absent", "draft", "open", "cancelled"] = "absent"


POSTED = Fate("posted", stands="open")
CANCELLED = Fate("posted", stands="cancelled")
OVERTAKEN = Fate("parked", "shipped_by_shop", "draft")


def waiting(reason: str) -> Fate:
    """The shop is not that far yet."""
    return Fate("waiting", reason)


def skipped(reason: str) -> Fate:
    """Not ours to post."""
    return Fate("skipped", reason)


def parked(reason: str, *, stands: Literal["absent", "draft", "open"] = "absent") -> Fate:
    """For a person, or for something named."""
    return Fate("parked", reason, stands)


def of_order(order: Order, fate: Fate) -> Expected:
    """The order's own line."""
    amounts = {} if fate.stands in ("absent", "draft") else components(order)
    return Expected(order.shop.domain, "order", str(order.id), fate.outcome, fate.reason, amounts)


def components(order: Order) -> dict[str, Decimal]:
    """The sale by component, from the shop's own model: prices net of included tax, discounts apart."""
    removed = {line.id: line.quantity - line.removed for line in order.lines}
    sums = dict.fromkeys(("goods", "gift_cards", "tips", "tax", "marketplace_tax", "discount", "duties"), ZERO)
    owed = "marketplace_tax" if any(tax.liable for part in order.parts() for tax in part.taxes) else "tax"
    for line in order.lines:
        kept = removed[line.id]
        tax = line.upto(line.tax, kept, order.currency)
        into = {"gift_card": "gift_cards", "tip": "tips"}.get(line.kind, "goods")
        sums[into] += line.price * kept - (tax if order.taxes_included else ZERO)
        sums[owed] += tax
        sums["discount"] += line.upto(line.discount, kept, order.currency)
        sums["duties"] += line.upto(line.duties, kept, order.currency)
    sums["shipping"] = ZERO
    for charge in order.shipping:
        sums["shipping"] += charge.price - (charge.tax if order.taxes_included else ZERO)
        sums[owed] += charge.tax
        sums["discount"] += charge.discount
    sums |= {"fees": order.fees, "rounding": order.rounding}
    sums["total"] = sum(sums.values(), ZERO) - 2 * sums["discount"]
    return {name: amount for name, amount in sums.items() if amount or name == "total"}


def overtaken(fate: Fate, unposted: Fate | None) -> Fate:
    """What becomes of an order whose draft the shop overtook: cancelled, it is cancelled; shipped, it is parked."""
    if unposted is None or unposted.reason == OVERTAKEN.reason:
        return fate if fate.reason == "erp_total_differs" else OVERTAKEN
    return CANCELLED if unposted.outcome == "skipped" else replace(unposted, stands="cancelled")


def of_transaction(order: Order, transaction: Transaction, fate: Fate, end: End, profile: Profile) -> Expected:
    """What becomes of a transaction, from its own content and its order's fate."""
    under = _under(transaction.at, fate) or _never_confirmed(fate, end, ("skipped", "never_posted"))
    outcome, reason = _plain(transaction) or under or _cash(order, transaction, end, profile)
    amounts = {"amount": transaction.shop_amount} if outcome == "posted" else {}
    return Expected(order.shop.domain, "payment", str(transaction.id), outcome, reason, amounts)


def _plain(transaction: Transaction) -> tuple[str, str] | None:
    if transaction.test:
        return "skipped", "test"
    if transaction.status == "pending":
        return "waiting", "pending"
    return None if transaction.moves_cash else ("skipped", "moves_no_cash")


def _under(at: datetime, fate: Fate) -> tuple[str, str | None] | None:
    """What follows from an order that does not stand in the ERP."""
    if fate.stands in ("open", "cancelled"):
        return None
    if fate.outcome == "skipped":
        older = fate.reason == "before_go_live"
        return ("parked", "original_not_ours") if older and at >= GO_LIVE else ("skipped", fate.reason)
    return ("waiting", "waits_for_order") if fate.outcome == "waiting" else ("parked", "parent_parked")


def _never_confirmed(fate: Fate, end: End, gone: tuple[str, str | None]) -> tuple[str, str | None] | None:
    """What follows from a draft that was cancelled: nothing was ever recorded on it."""
    if end != "overtaken":
        return None
    return gone if fate.outcome == "posted" else ("parked", "parent_parked")


def _cash(order: Order, transaction: Transaction, end: End, profile: Profile) -> tuple[str, str | None]:
    if transaction.kind != "refund":
        return _collected(order, transaction, end, profile)
    parent = next((known for known in order.transactions if known.id == transaction.parent), None)
    if parent is None or _collected(order, parent, end, profile)[0] != "posted":
        return "parked", "parent_parked"
    if DECIMALS[order.currency] != CENTS:
        return "parked", "refund_units"
    return ("parked", "refund_refused") if profile == "strict" else ("posted", None)


def _collected(order: Order, transaction: Transaction, end: End, profile: Profile) -> tuple[str, str | None]:
    known = {order.currency} | ({order.presentment[0]} if order.presentment else set())
    if transaction.currency not in known:
        return "parked", "currency_unsupported"
    if transaction.gateway == UNMAPPED_GATEWAY:
        return "parked", "tender_unmapped"
    if transaction.shop_amount > components(order)["total"]:
        return "parked", "overpaid"
    if profile == "strict" and end == "sales_order":
        return "parked", "waits_for_invoice"
    return "posted", None


def of_refund(order: Order, refund: Refund, fate: Fate, end: End) -> Expected:
    """The value side of a refund."""
    under = _under(refund.at, fate) or _never_confirmed(fate, end, ("posted", None))
    outcome, reason = under or _value(order, refund, end)
    amounts: dict[str, Decimal] = {}
    if outcome == "posted" and (order.cancelled is None or end == "invoice"):
        amounts = returned(order, refund)
    return Expected(order.shop.domain, "refund", str(refund.id), outcome, reason, amounts)


def _value(order: Order, refund: Refund, end: End) -> tuple[str, str | None]:
    if any(transaction.status == "pending" for transaction in refund.transactions):
        return "waiting", "pending"
    if refund.return_id is not None and refund.lines and not refund.transactions:
        return "parked", "exchange"
    if order.cancelled is None and refund.unshipped and end == "sales_order":
        return "parked", "fewer_goods"
    given = any(transaction.moves_cash for transaction in refund.transactions)
    worthless = not refund.lines and not refund.shipping and refund.discrepancy <= 0 and not given
    return ("unchanged", None) if worthless else ("posted", None)


def returned(order: Order, refund: Refund) -> dict[str, Decimal]:
    """The return by component, or the credit where there are neither goods nor shipping."""
    if not refund.lines and not refund.shipping:
        cash = sum((part.shop_amount for part in refund.transactions if part.moves_cash), ZERO)
        return {"credit": refund.discrepancy if refund.discrepancy > 0 else cash}
    sums = dict.fromkeys(("goods", "gift_cards", "tips"), ZERO)
    tax = refund.shipping_tax
    for back in refund.lines:
        into = {"gift_card": "gift_cards", "tip": "tips"}.get(back.line.kind, "goods")
        sums[into] += back.subtotal - (back.tax if order.taxes_included else ZERO)
        tax += back.tax
    sums |= {"shipping": refund.shipping, "tax": tax, "discount": max(ZERO, -refund.discrepancy)}
    sums["total"] = sum(sums.values(), ZERO) - 2 * sums["discount"]
    sums["credit"] = max(ZERO, refund.discrepancy)
    return {name: amount for name, amount in sums.items() if amount or name == "total"}
