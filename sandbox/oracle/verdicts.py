"""The rules, read from books.md a second time: what must become of every document under one root."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.oracle import cash
from sandbox.oracle.accounts import account_of
from sandbox.oracle.decimals import ZERO, amount
from sandbox.oracle.fold import Root
from sandbox.oracle.reading import Doc, Said, moment
from sandbox.oracle.sale import beyond, is_stock, removed_pieces, sale, taken_off, wrong_sum
from sandbox.oracle.want import End, Name, Profile, Stands, Want
from sandbox.shop.shops import BY_DOMAIN, GO_LIVE, Shop

PAID = frozenset({"paid", "partially_refunded", "refunded"})
CARRIERS: tuple[End, End] = ("sales_order", "invoice")
Catalogue = Mapping[str, int]
"""How many sellable products the ERP has under a SKU; inactive ones count too, for the ERP to refuse."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an order."""

    outcome: str
    reason: str | None = None
    stands: Stands = "absent"


OPEN = Fate("posted", None, "open")


class Judge:
    """Judges one root document. `catalogue` is of its tenant's ERP entity."""

    def __init__(self, root: Root, *, profile: Profile, catalogue: Catalogue) -> None:
        self.root = root
        self.profile = profile
        self.catalogue = catalogue
        self.refunds = [said.body for said in root.refunds.values()]

    def wants(self) -> list[Want]:
        """Return every document's fate."""
        shop = BY_DOMAIN.get(self.root.tenant)
        if shop is None:
            return self._of_a_stranger()
        if self.root.deletion is not None:
            return [*self._deleted(), *self._edits()]
        if self.root.order is None:
            return [*self._orphans(), *self._edits()]
        return self._with_order(self.root.order, shop)

    def _want(self, kind: str, ident: str, outcome: str, reason: str | None = None) -> Want:
        return Want(Name(self.root.tenant, kind, ident), self.root.ident, outcome, reason)

    def _children(self) -> list[tuple[str, Said]]:
        payments = [("payment", said) for said in self.root.transactions.values()]
        return payments + [("refund", said) for said in self.root.refunds.values()]

    def _of_a_stranger(self) -> list[Want]:
        wanted = [self._want(kind, said.ident, "parked", "tenant_unknown") for kind, said in self._children()]
        if self.root.order is not None:
            wanted.append(self._want("order", self.root.ident, "parked", "tenant_unknown"))
        return wanted

    def _deleted(self) -> list[Want]:
        """A deletion of something unposted; the generator deletes nothing else."""
        wanted = [self._want("order_deletion", self.root.ident, "posted")]
        wanted += [self._want(kind, said.ident, "skipped", "deleted") for kind, said in self._children()]
        return [*wanted, self._want("order", self.root.ident, "skipped", "deleted")]

    def _orphans(self) -> list[Want]:
        wanted = [self._want("order", self.root.ident, "parked", "invalid")] if self.root.invalid else []
        for kind, said in self._children():
            alone = cash.plain(said.body) if kind == "payment" else None
            wanted.append(self._want(kind, said.ident, *(alone or ("parked", "waits_for_order"))))
        return wanted

    def _edits(self) -> list[Want]:
        order, wanted = self.root.order, []
        for said in self.root.edits.values():
            old = self.root.deletion is not None or (order is not None and said.at <= order.at)
            fate: tuple[str, str | None] = ("superseded", None) if old else ("parked", "needs_read")
            wanted.append(self._want("order_edit", said.ident, *fate))
        return wanted

    # --- with an order ------------------------------------------------------------------------------------------

    def _with_order(self, said: Said, shop: Shop) -> list[Want]:
        edits, found = self._edits(), []
        for end, fate in self._ends(said.body, shop).items():
            wanted = self._standing(said, shop, end) if fate.stands == "open" else self._closed(said, fate)
            found += [replace(want, end=end) for want in (*wanted, *edits)]
        return found

    def _ends(self, order: Doc, shop: Shop) -> dict[End, Fate]:
        """What may become of the order, by the end that it comes to."""
        if barred := self._barred(order, shop):
            return {"absent": barred}
        unposted, unfit = self._cancelled(order) or self._not_due(order, shop), self._unfit(order, shop)
        if unfit is not None and unfit.stands == "absent":
            return {"absent": unposted or unfit}
        unposted = unposted or self._half_gone(order, shop)
        carriers = {self._carrier(said.body, shop) for said in self.root.bodies}
        found: dict[End, Fate] = {one: unfit or OPEN for one in CARRIERS if one in carriers}
        if "sales_order" in found and (overtaken := self._overtaken(order, unposted)):
            repriced = unfit is not None and unfit.reason == "erp_total_differs"
            found["overtaken"] = unfit if unfit is not None and repriced and not order["cancelled_at"] else overtaken
        return found if unposted is None else {**found, "absent": unposted}

    def _carrier(self, body: Doc, shop: Shop) -> str:
        """What a sale was posted as whose newest body this was; empty where it was not posted then."""
        if not (body["confirmed"] and _due(body)):
            return ""
        if body["fulfillment_status"] == "fulfilled":
            return "invoice"
        held_back = shop.fulfilment == "shop" or body["cancelled_at"] or body["fulfillment_status"] == "partial"
        return "" if held_back else "sales_order"

    def _half_gone(self, order: Doc, shop: Shop) -> Fate | None:
        """A sales order would ship once more what has gone, an invoice post what has not (books 4, 7)."""
        half = shop.fulfilment == "erp" and order["fulfillment_status"] == "partial"
        return Fate("parked", "shipped_by_shop") if half else None

    def _overtaken(self, order: Doc, unposted: Fate | None) -> Fate | None:
        """A draft is not confirmed any more: cancelled where the order was, else for a person."""
        if order["cancelled_at"] is not None and unposted is not None:
            gone = unposted.outcome == "skipped"
            return Fate("posted", None, "cancelled") if gone else replace(unposted, stands="cancelled")
        return Fate("parked", "shipped_by_shop", "draft") if order["fulfillment_status"] is not None else None

    def _closed(self, said: Said, fate: Fate) -> list[Want]:
        """Everything under an order that does not stand open in the ERP."""
        parts = sale(said.body, self.refunds) if fate.stands == "cancelled" else {}
        children = [self._follow(kind, child, fate) for kind, child in self._children()]
        return [self._order(said, fate, parts), *children]

    def _order(self, said: Said, fate: Fate, parts: dict[str, Decimal]) -> Want:
        want = self._want("order", self.root.ident, fate.outcome, fate.reason)
        return replace(
            want, stands=fate.stands, amounts=parts, account=account_of(said.body), version=said.body["updated_at"]
        )

    def _barred(self, order: Doc, shop: Shop) -> Fate | None:
        """Why it is not ours to post, whatever happens to it."""
        if order["test"]:
            return Fate("skipped", "test")
        if moment(order["processed_at"]) < GO_LIVE:
            return Fate("skipped", "before_go_live")
        return Fate("parked", "currency_unsupported") if order["currency"] != shop.currency else None

    def _cancelled(self, order: Doc) -> Fate | None:
        if order["cancelled_at"] is None:
            return None
        money_in = sum((amount(said.body["amount"]) for said in cash.collected(self.root)), ZERO)
        money_out = sum((amount(said.body["amount"]) for said in cash.given_back(self.root)), ZERO)
        if not money_in and not _due(order):
            return Fate("skipped", "never_posted")
        if order["fulfillment_status"] == "fulfilled":
            return None
        if order["financial_status"] != "refunded" and self._misses_money(order):
            return Fate("parked", "transactions_missing")
        return Fate("skipped", "never_posted") if money_in == money_out else Fate("parked", "cancelled_with_cash")

    def _not_due(self, order: Doc, shop: Shop) -> Fate | None:
        if not order["confirmed"]:
            return Fate("waiting", "fraud_hold")
        if not _due(order):
            return Fate("waiting", "gate")
        waits = shop.fulfilment == "shop" and order["fulfillment_status"] != "fulfilled"
        return Fate("waiting", "not_shipped") if waits else None

    def _unfit(self, order: Doc, shop: Shop) -> Fate | None:
        if wrong_sum(order, self.refunds):
            return Fate("parked", "does_not_add_up")
        if self._lacks_target(order, shop):
            return Fate("parked", "target_missing")
        return self._refused_goods(order)

    def _lacks_target(self, order: Doc, shop: Shop) -> bool:
        parts = sale(order, self.refunds)
        needed = {name for name in parts if name not in ("goods", "discount", "total")}
        if any(line["product_id"] is None and not line["sku"] and "tip" not in line for line in order["line_items"]):
            needed.add("custom")
        return not needed <= shop.targets.keys()

    def _refused_goods(self, order: Doc) -> Fate | None:
        removed = removed_pieces(order, self.refunds)
        kept = [line for line in order["line_items"] if removed.get(str(line["id"]), 0) < line["quantity"]]
        skus = [line["sku"] or "" for line in kept if is_stock(line)]
        for sku in skus:
            if self.catalogue.get(sku, 0) != 1:
                return Fate("parked", "sku_ambiguous" if sku in self.catalogue else "sku_unknown")
        traits = {sku.partition("-")[0] for sku in skus}
        if "INACTIVE" in traits:
            return Fate("parked", "erp_refused")
        if "DRIFT" in traits:
            return Fate("parked", "erp_total_differs", "draft")
        return Fate("parked", "erp_hold", "draft") if "HOLD" in traits else None

    def _follow(self, kind: str, said: Said, fate: Fate) -> Want:
        """A payment or refund of an order that does not stand open."""
        alone = cash.plain(said.body) if kind == "payment" else None
        if alone is not None:
            return self._want(kind, said.ident, *alone)
        if fate.outcome == "posted":  # its draft was cancelled, and cash went out as it came in
            return self._want(
                kind, said.ident, *(("posted", None) if kind == "refund" else ("skipped", "never_posted"))
            )
        if fate.outcome == "skipped":
            ours = fate.reason == "before_go_live" and said.at >= GO_LIVE
            follows = ("parked", "original_not_ours") if ours else ("skipped", fate.reason)
            return self._want(kind, said.ident, *follows)
        follows = ("waiting", "waits_for_order") if fate.outcome == "waiting" else ("parked", "parent_parked")
        return self._want(kind, said.ident, *follows)

    # --- an order that stands in the ERP ------------------------------------------------------------------------

    def _standing(self, said: Said, shop: Shop, end: End) -> list[Want]:
        order, parts = said.body, sale(said.body, self.refunds)
        fates = cash.under_open_order(self.root, order, shop, self.profile, total=parts["total"], end=end)
        wanted = [self._payment(known, fates, shop) for known in self.root.transactions.values()]
        wanted += [self._refund(known, order, end) for known in self.root.refunds.values()]
        inward = {known.ident for known in cash.collected(self.root)}
        paid = sum((fate.amount if ident in inward else -fate.amount for ident, fate in fates.items()), ZERO)
        fate = self._last(order, fates, paid, end)
        return [replace(self._order(said, fate, parts), paid=ZERO if fate.stands == "cancelled" else paid), *wanted]

    def _last(self, order: Doc, fates: dict[str, cash.Cash], paid: Decimal, end: End) -> Fate:
        if self._misses_money(order):
            return Fate("parked", "transactions_missing", "open")
        if order["cancelled_at"] is None:
            return OPEN
        stuck = [fate for fate in fates.values() if fate.outcome != "posted"]
        if not stuck and not paid:
            return OPEN if end == "invoice" else Fate("posted", None, "cancelled")
        return Fate("parked", "parent_parked" if stuck else "cancelled_with_cash", "open")

    def _misses_money(self, order: Doc) -> bool:
        on_terms = order["payment_terms"] is not None
        if order["financial_status"] not in PAID or on_terms or not amount(order["total_price"]):
            return False
        known = sum((value or ZERO for value in cash.booked(self.root, order).values()), ZERO)
        rounding = sale(order, self.refunds).get("rounding", ZERO)
        return known < amount(order["total_price"]) + rounding

    def _payment(self, said: Said, fates: dict[str, cash.Cash], shop: Shop) -> Want:
        alone = cash.plain(said.body)
        if alone is not None:
            return self._want("payment", said.ident, *alone)
        fate, body = fates[said.ident], said.body
        want = self._want("payment", said.ident, fate.outcome, fate.reason)
        if fate.outcome != "posted":
            return want
        parent = str(body["parent_id"]) if body["kind"] == "refund" else ""
        day = _day(body["processed_at"] or body["created_at"], shop)
        return replace(
            want, amounts={"amount": fate.amount}, parent=parent, method=shop.tenders[body["gateway"]], day=day
        )

    def _refund(self, said: Said, order: Doc, end: End) -> Want:
        body = said.body
        want = self._want("refund", said.ident, "posted")
        if any(self._status(one) == "pending" for one in body["transactions"]):
            return replace(want, outcome="waiting", reason="pending")
        if body["return"] is not None and body["refund_line_items"] and not body["transactions"]:
            return replace(want, outcome="parked", reason="exchange")
        if order["cancelled_at"] is not None and end == "sales_order":
            return want  # its goods go with the cancellation
        unshipped = any(line["restock_type"] == "cancel" and line["quantity"] for line in body["refund_line_items"])
        if unshipped and end == "sales_order":
            return replace(want, outcome="parked", reason="fewer_goods")
        return self._value(want, body, order)

    def _status(self, transaction: Doc) -> str:
        """The newest status of a transaction that a refund names."""
        newest = self.root.transactions.get(str(transaction["id"]))
        return str((newest.body if newest is not None else transaction)["status"])

    def _value(self, want: Want, body: Doc, order: Doc) -> Want:
        parts = taken_off(body, order)
        if body["refund_line_items"] or "shipping" in parts:
            more = beyond(body)
            return replace(want, amounts=parts | ({"credit": more} if more else {}))
        given = (one for one in body["transactions"] if self._status(one) == "success")
        goodwill = beyond(body) or sum((amount(one["amount"]) for one in given), ZERO)
        return replace(want, amounts={"credit": goodwill}) if goodwill else replace(want, outcome="unchanged")


def _due(order: Doc) -> bool:
    on_terms = order["payment_terms"] is not None
    return order["financial_status"] in PAID or not amount(order["total_price"]) or on_terms


def _day(text: str, shop: Shop) -> str:
    """The day in the tenant's zone."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(shop.zone)).date().isoformat()
