"""One order's history being written: what happens in the shop, hour by hour, and what it sends out about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal

from sandbox.shop.bodies import edit_body, order_body
from sandbox.shop.buyers import Buyer, pick
from sandbox.shop.cash_bodies import refund_body, transaction_body
from sandbox.shop.deliveries import Delivery, Role, envelope
from sandbox.shop.foretell import (
    POSTED,
    End,
    Expected,
    Fate,
    Profile,
    of_order,
    of_refund,
    of_transaction,
    overtaken,
)
from sandbox.shop.model import Line, Order, Refund, RefundLine, Transaction
from sandbox.shop.money import ZERO, rounded
from sandbox.shop.shops import Shop

FIRST_DAY = datetime(2026, 9, 3, tzinfo=UTC)
DAYS = 70  # orders are placed in these days after go-live, and live on for some more
IDS_PER_HISTORY = 200
_CARRIERS: tuple[Literal["sales_order", "invoice"], ...] = ("sales_order", "invoice")
# Some ids are above 2**53, as Shopify's documentation ids are: who reads them as floats loses digits.
SMALL_IDS, LARGE_IDS = 5_600_000_000_000, 820_982_911_946_000_001


@dataclass
class History:
    """Writes one history. `now` moves forward only; every delivery is a snapshot of that moment."""

    shop: Shop
    rng: Random
    index: int
    stamped: bool = True
    """Whether its deliveries carry the optional headers."""
    deliveries: list[Delivery] = field(default_factory=list)
    fate: Fate = POSTED
    strict_fate: Fate | None = None
    """Where the strict profile ends otherwise."""
    unposted: Fate | None = None
    """Where the shop's last word forbids to post what its earlier ones ask for: the fate if it was heard first."""
    extra: list[Expected] = field(default_factory=list)
    """Documents that are neither the order nor its transactions and refunds."""
    silent: set[int] = field(default_factory=set)
    """Transactions and refunds of which no delivery tells, and the order where only its children are told of."""
    order: Order = field(init=False)
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Begin with an empty order at a random moment."""
        base = LARGE_IDS if self.index % 11 == 0 else SMALL_IDS
        self._next = base + self.index * IDS_PER_HISTORY
        self.now = FIRST_DAY + timedelta(seconds=self.rng.randrange(DAYS * 86_400))
        self.order = Order(
            id=self.fresh(),
            number=1001 + self.index,
            shop=self.shop,
            buyer=pick(self.shop, self.rng),
            placed=self.now,
            updated=self.now,
            currency=self.shop.currency,
        )

    def fresh(self) -> int:
        """Return an id that nothing else has."""
        self._next += 1
        return self._next

    # --- time ---------------------------------------------------------------------------------------------------

    def wait(self, low: float = 60, high: float = 7_200) -> None:
        """Let seconds pass, at least one."""
        self.now += timedelta(seconds=1 + self.rng.randrange(int(low), int(high)))

    def blink(self) -> None:
        """Let less than a second pass, inside the same second: the bodies will carry the same `updated_at`."""
        room = 999_000 - self.now.microsecond
        self.now += timedelta(microseconds=self.rng.randrange(1_000, max(2_000, room // 2)))

    # --- what happens in the shop -------------------------------------------------------------------------------

    def placed_by(self, buyer: Buyer, *, at: datetime | None = None) -> None:
        """Another buyer, or another day."""
        self.order.buyer = buyer
        if at is not None:
            self.now = self.order.placed = self.order.updated = at

    def transact(
        self,
        kind: Literal["authorization", "capture", "sale", "refund", "void"],
        amount: Decimal,
        *,
        gateway: str = "shopify_payments",
        parent: Transaction | None = None,
        status: Literal["pending", "success", "failure", "error"] = "success",
        test: bool = False,
        currency: str | None = None,
    ) -> Transaction:
        """Money moves, or fails to; nothing is sent yet."""
        shown, shown_currency = amount, currency or self.order.currency
        if currency is None and self.order.presentment is not None:
            shown_currency, rate = self.order.presentment
            shown = rounded(amount * rate, shown_currency)
        made = Transaction(
            id=self.fresh(),
            kind=kind,
            status=status,
            gateway=gateway,
            amount=shown,
            currency=shown_currency,
            at=self.now,
            parent=None if parent is None else parent.id,
            test=test,
            shop_amount=amount,
        )
        self.order.transactions.append(made)
        return made

    def take_back(
        self, pieces: Sequence[tuple[Line, int]], *, shipping: bool = False, discrepancy: Decimal = ZERO
    ) -> Refund:
        """Write a refund record over pieces of lines and the shipping; no money moves yet."""
        order, refund = self.order, Refund(id=self.fresh(), at=self.now, discrepancy=discrepancy)
        for line, count in pieces:
            before, after = line.taken, line.taken + count
            net = line.gross - line.discount
            subtotal = line.upto(net, after, order.currency) - line.upto(net, before, order.currency)
            tax = line.upto(line.tax, after, order.currency) - line.upto(line.tax, before, order.currency)
            refund.lines.append(RefundLine(self.fresh(), line, count, subtotal, tax))
            line.taken = after
        if shipping and order.shipping:
            charge = order.shipping[0]
            net = charge.price - charge.discount - (charge.tax if order.taxes_included else ZERO)
            refund.shipping, refund.shipping_tax = net, charge.tax
        order.refunds.append(refund)
        self._next += 6  # the records inside its body have ids of their own
        return refund

    def pay_back(
        self, refund: Refund | None, amount: Decimal, parent: Transaction, *, status: str = "success"
    ) -> Transaction:
        """Cash goes back to where it came from."""
        made = self.transact("refund", amount, gateway=parent.gateway, parent=parent, status=status)  # type: ignore[arg-type]
        if parent.shop_amount == amount:
            made.amount = parent.amount
        if refund is not None:
            refund.transactions.append(made)
        return made

    def worth(self, refund: Refund) -> Decimal:
        """What a refund record gives back in all."""
        return refund.value(taxes_included=self.order.taxes_included) + refund.discrepancy

    def ship(self, *, part: bool = False) -> None:
        """Ship what is still sold, or a first piece of it."""
        goods = [line for line in self.order.lines if line.kind in ("stock", "custom") and line.current > 0]
        for line in goods[:1] if part else goods:
            self.order.shipped[line.id] = line.current

    def cancel(self, reason: str = "customer") -> None:
        """Cancel the order."""
        self.order.cancelled, self.order.cancel_reason = self.now, reason

    # --- what the shop sends ------------------------------------------------------------------------------------

    def send(self, topic: str, body: dict[str, Any], role: Role, **marks: Any) -> int:  # noqa: ANN401 - passed on
        """Send one delivery; returns its place, so that another may be told to come after it."""
        key, value, headers = envelope(
            self.shop,
            topic,
            body,
            root=self.order.id,
            at=self.now,
            number=len(self.deliveries),
            stamped=self.stamped,
        )
        self.deliveries.append(Delivery(key, value, headers, role, **marks))
        return len(self.deliveries) - 1

    def tell(self, topic: str = "orders/updated", **marks: Any) -> int:  # noqa: ANN401 - passed on
        """Send the order as it stands now."""
        self.order.updated = self.now
        return self.send(topic, order_body(self.order), "order", carrier=self._carrier(), **marks)

    def tell_transaction(self, transaction: Transaction, **marks: Any) -> int:  # noqa: ANN401 - passed on
        """Send a transaction."""
        return self.send("order_transactions/create", transaction_body(self.order, transaction), "transaction", **marks)

    def tell_refund(self, refund: Refund, **marks: Any) -> int:  # noqa: ANN401 - passed on
        """Send a refund record."""
        return self.send("refunds/create", refund_body(self.order, refund), "refund", **marks)

    def tell_edit(self, added: list[Line], outcome: str, reason: str | None = None) -> None:
        """Send the news that the order was edited, and say what becomes of that news."""
        ident = self.fresh()
        self.send("orders/edited", edit_body(self.order, ident, self.now, added), "edit")
        self.extra.append(Expected(self.shop.domain, "order_edit", str(ident), outcome, reason))

    # --- what must become of it ---------------------------------------------------------------------------------

    def foretold(self, profile: Profile) -> list[Expected]:
        """Return one line for each document and end, as this history's scenario said before anything was sent."""
        return [one for end, fate in self.ends(profile).items() for one in self.under(end, fate, profile)]

    def ends(self, profile: Profile) -> dict[End, Fate]:
        """Return the fate of the order for each way in which it may end; several only where its arrival decides."""
        fate = (self.strict_fate or self.fate) if profile == "strict" else self.fate
        carriers = {one.carrier for one in self.deliveries if one.role == "order"}
        unheard = self.order.id in self.silent or (self.unposted is not None and "sales_order" not in carriers)
        if unheard or fate.stands == "absent":
            return {"absent": self.unposted or fate}
        found: dict[End, Fate] = {carrier: fate for carrier in _CARRIERS if carrier in carriers}
        if "sales_order" in found and (self.unposted is not None or self.order.shipped):
            found["overtaken"] = overtaken(fate, self.unposted)
        if self.unposted is not None:
            found["absent"] = self.unposted
        return found

    def under(self, end: End, fate: Fate, profile: Profile) -> list[Expected]:
        """Return one line for each document with this end."""
        order, found = self.order, []
        if order.id not in self.silent:
            found.append(of_order(order, fate))
        found += [
            of_transaction(order, known, fate, end, profile)
            for known in order.transactions
            if known.id not in self.silent
        ]
        found += [of_refund(order, known, fate, end) for known in order.refunds if known.id not in self.silent]
        return [replace(one, root=str(order.id), end=end) for one in found + self.extra]

    def _carrier(self) -> Literal["", "sales_order", "invoice"]:
        """What the sale would be posted as, if nothing but this moment's body were known of it."""
        order = self.order
        if not (order.confirmed and order.due()):
            return ""
        shipped = order.fulfilment_status()
        if shipped == "fulfilled":
            return "invoice"
        return "" if shipped or order.cancelled or self.shop.ships_itself else "sales_order"
