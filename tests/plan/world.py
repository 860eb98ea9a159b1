"""Orders, payments and refunds to plan with, and the smallest ERP that carries effects out: pure, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.base import Kind, Ref, Version
from schemas.effect import (
    AddLines,
    Adjust,
    Cancel,
    Confirm,
    CreateOrder,
    Credit,
    Effect,
    RecordPayment,
    RefundCash,
    ReturnGoods,
    SaleLine,
)
from schemas.event import Fact
from schemas.order import (
    FinancialStatus,
    Fulfilment,
    Line,
    LineCategory,
    Order,
    OrderDeletion,
    OrderEdit,
    Shipping,
    Tax,
    Totals,
)
from schemas.outcome import Verdict
from schemas.payment import Payment, PaymentKind, PaymentStatus
from schemas.posted import Posted, PostedAdjustment, PostedLine, PostedStatus
from schemas.refund import Refund, RefundLine
from service.plan.draft import Plan
from service.plan.planner import plan
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Policy, Targets
from service.plan.state import Applied, Blocked, Desired

SHOP = {"external_source": "shopify", "tenant": "a.myshopify.com"}
T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROOT = Ref(**SHOP, kind=Kind.ORDER, external_id="1")


def at(minutes: int, rank: int = 0) -> Version:
    return Version(at=T0 + timedelta(minutes=minutes), rank=rank)


def money(text: str | int) -> Decimal:
    return Decimal(text)


TARGETS = Targets(
    tax="sku:TAX",
    marketplace_tax="sku:MKT-TAX",
    tips="sku:TIP",
    gift_cards="sku:GIFT",
    shipping="sku:SHIP",
    duties="sku:DUTY",
    fees="sku:FEE",
    custom="sku:CUSTOM",
    rounding="fee:Cash rounding",
)


def policy(**changes: Any) -> Policy:
    given: dict[str, Any] = {
        **SHOP,
        "go_live": T0 - timedelta(days=30),
        "fulfilment": Ships.ERP,
        "entity_currency": "USD",
        "targets": TARGETS,
        "tenders": {"card": "external", "gift_card": "credit"},
    }
    return Policy(**{**given, **changes})


def line(external_id: str = "11", *, quantity: int = 2, price: str = "10.00", **changes: Any) -> Line:
    given: dict[str, Any] = {
        "external_id": external_id,
        "category": LineCategory.STOCK,
        "sku": f"SKU-{external_id}",
        "title": "Thing",
        "quantity": quantity,
        "current_quantity": quantity,
        "unit_price": money(price),
    }
    return Line(**{**given, **changes})


def tax(amount: str, **changes: Any) -> Tax:
    return Tax(title="Tax", amount=money(amount), **changes)


def order(*lines: Line, shipping: tuple[Shipping, ...] = (), minutes: int = 0, **changes: Any) -> Order:
    """An order whose stated totals follow from its lines, unless a test says otherwise."""
    lines = lines or (line(),)
    included = changes.get("taxes_included", False)
    goods = [part for part in lines if part.category is not LineCategory.TIP]
    tips = sum((part.unit_price * part.quantity for part in lines if part.category is LineCategory.TIP), money(0))
    taxes = [t for part in lines for t in part.taxes] + [t for charge in shipping for t in charge.taxes]
    sums = {
        "lines": sum((part.unit_price * part.quantity for part in goods), money(0)),
        "discounts": sum((part.discount for part in lines), money(0)) + sum((c.discount for c in shipping), money(0)),
        "shipping": sum((charge.price for charge in shipping), money(0)),
        "tax": sum((t.amount for t in taxes), money(0)),
        "tips": tips,
        "duties": sum((part.duties for part in lines), money(0)),
        "fees": changes.pop("fees", money(0)),
    }
    total = (
        sums["lines"]
        - sums["discounts"]
        + sums["shipping"]
        + tips
        + sums["duties"]
        + sums["fees"]
        + (money(0) if included else sums["tax"])
    )
    given: dict[str, Any] = {
        **SHOP,
        "external_id": "1",
        "version": at(minutes),
        "name": "#1001",
        "currency": "USD",
        "placed_at": T0,
        "business_date": date(2026, 5, 1),
        "updated_at": T0 + timedelta(minutes=minutes),
        "financial_status": FinancialStatus.PAID,
        "lines": lines,
        "shipping": shipping,
        "totals": Totals(**sums, total=total),
        "current_total": total,
    }
    return Order(**{**given, **changes})


def payment(external_id: str = "91", amount: str = "20.00", **changes: Any) -> Payment:
    given: dict[str, Any] = {
        **SHOP,
        "external_id": external_id,
        "version": at(1, 1),
        "order_id": "1",
        "payment_kind": PaymentKind.SALE,
        "status": PaymentStatus.SUCCESS,
        "gateway": "card",
        "amount": money(amount),
        "currency": "USD",
        "processed_at": T0 + timedelta(minutes=int(external_id) % 60),
        "business_date": date(2026, 5, 1),
    }
    return Payment(**{**given, **changes})


def cash_back(external_id: str = "95", amount: str = "20.00", **changes: Any) -> Payment:
    given = {"payment_kind": PaymentKind.REFUND, "parent_id": "91", **changes}
    return payment(external_id, amount, **given)


def refund(external_id: str = "81", *lines: RefundLine, minutes: int = 10, **changes: Any) -> Refund:
    given: dict[str, Any] = {
        **SHOP,
        "external_id": external_id,
        "version": at(minutes),
        "order_id": "1",
        "created_at": T0 + timedelta(minutes=minutes),
        "business_date": date(2026, 5, 1),
        "lines": lines,
    }
    return Refund(**{**given, **changes})


def back(line_id: str = "11", quantity: int = 1, subtotal: str = "10.00", **changes: Any) -> RefundLine:
    given: dict[str, Any] = {"restock": "return", **changes}
    return RefundLine(line_id=line_id, quantity=quantity, subtotal=money(subtotal), **given)


def edit(minutes: int) -> OrderEdit:
    return OrderEdit(**SHOP, external_id="1", version=at(minutes))


def deletion(minutes: int = 50) -> OrderDeletion:
    return OrderDeletion(**SHOP, external_id="1", version=at(minutes))


SHIPPED: dict[str, Any] = {"fulfilment": Fulfilment.FULFILLED}


@dataclass
class World:
    """Facts on one side, an ERP that does exactly as told on the other."""

    policy: Policy = field(default_factory=policy)
    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)
    posted: dict[Ref, Posted] = field(default_factory=dict)
    blocked: dict[str, Blocked] = field(default_factory=dict)
    conflicts: frozenset[Ref] = frozenset()
    discarded: frozenset[Ref] = frozenset()
    now: float = T0.timestamp() + 3600
    first_seen: float = T0.timestamp()
    done: list[Effect] = field(default_factory=list)

    def see(self, *facts: Fact) -> World:
        for fact in facts:
            known = self.facts.get((fact.fact, fact.external_id))
            if known is None or not fact.version < known.version:
                self.facts[fact.fact, fact.external_id] = fact
        return self

    def plan(self) -> Plan:
        desired = Desired.of(ROOT, list(self.facts.values()), conflicts=self.conflicts, first_seen=self.first_seen)
        applied = Applied(posted=self.posted, blocked=self.blocked, discarded=self.discarded)
        return plan(desired, applied, self.policy, posted_under=self.policy, now=self.now)

    def settle(self) -> Plan:
        """Carry out effects one at a time until nothing is left to do."""
        for _ in range(60):
            answer = self.plan()
            if not answer.effects:
                return answer
            self.carry_out(answer.effects[0])
        raise AssertionError("the plan never ends")

    def verdict(self, kind: Kind = Kind.ORDER, external_id: str = "1") -> Verdict:
        ref = Ref(**SHOP, kind=kind, external_id=external_id)
        return next(verdict for verdict in self.settle().verdicts if verdict.document == ref)

    def names(self) -> list[str]:
        return [effect.name for effect in self.done]

    @property
    def sale(self) -> Posted:
        return self.posted[ROOT]

    def ship(self) -> None:
        self.posted[ROOT] = self.sale.model_copy(update={"status": PostedStatus.SHIPPED})

    def carry_out(self, effect: Effect) -> None:
        self.done.append(effect)
        name = f"_{effect.effect}"
        getattr(self, name)(effect)

    def _create_order(self, effect: CreateOrder) -> None:
        self._new_document(effect, effect.document_type.value, effect.lines, effect.discount, effect.revision)

    def _return_goods(self, effect: ReturnGoods) -> None:
        self._new_document(effect, "return", effect.lines, money(0), 1)

    def _new_document(
        self,
        effect: CreateOrder | ReturnGoods,
        kind: str,
        lines: tuple[SaleLine, ...],
        discount: Decimal,
        revision: int,
    ) -> None:
        total = sum((part.rate * part.quantity for part in lines), money(0)) - discount
        self.posted[effect.document] = Posted(
            document=effect.document,
            erp_id=f"erp-{len(self.done)}",
            erp_number=f"SO-{len(self.done)}",
            document_type=kind,
            status=PostedStatus.DRAFT,
            currency=effect.currency,
            revision=revision,
            account_erp_id="acc",
            lines=_posted_lines(lines),
            discount=discount,
            total=total,
            balance=total,
            policy_version=effect.policy_version,
        )

    def _confirm(self, effect: Confirm) -> None:
        self._update(effect.document, status=PostedStatus.CONFIRMED)

    def _cancel(self, effect: Cancel) -> None:
        have = self.posted[effect.document]
        after = have.model_copy(update={"status": PostedStatus.CANCELLED, "adjustments": ()})
        self.posted[effect.document] = have.carried(after)

    def _add_lines(self, effect: AddLines) -> None:
        have = self.posted[effect.document]
        raised = sum((part.rate * part.quantity for part in effect.lines), money(0))
        lines = (*have.lines, *_posted_lines(effect.lines))
        self._update(effect.document, lines=lines, total=have.total + raised, balance=have.balance + raised)

    def _adjust(self, effect: Adjust) -> None:
        have = self.posted[effect.document]
        part = PostedAdjustment(label=effect.label, component=effect.component, amount=effect.amount)
        fee, off = max(effect.amount, money(0)), max(-effect.amount, money(0))
        self._update(
            effect.document,
            adjustments=(*have.adjustments, part),
            fees=have.fees + fee,
            discount=have.discount + off,
            total=have.total + effect.amount,
            balance=have.balance + effect.amount,
        )

    def _record_payment(self, effect: RecordPayment) -> None:
        self.posted[effect.document] = Posted(
            document=effect.document,
            erp_id=f"pay-{len(self.done)}",
            order_erp_id=effect.order_erp_id,
            currency=effect.currency,
            total=effect.amount,
        )
        have = self.sale
        self._update(ROOT, paid=have.paid + effect.amount, balance=have.balance - effect.amount)

    def _refund_cash(self, effect: RefundCash) -> None:
        have = self.posted[effect.payment]
        self._update(effect.payment, refunded=have.refunded + effect.amount)
        self.posted[effect.document] = have.model_copy(update={"document": effect.document, "total": effect.amount})

    def _credit(self, effect: Credit) -> None:
        self.posted[effect.document] = Posted(
            document=effect.document, erp_id=f"cr-{len(self.done)}", currency=effect.currency, total=effect.amount
        )

    def _update(self, document: Ref, **changes: Any) -> None:
        self.posted[document] = self.posted[document].model_copy(update=changes)


def _posted_lines(lines: tuple[SaleLine, ...]) -> tuple[PostedLine, ...]:
    return tuple(
        PostedLine(
            line_id=part.line_id,
            component=part.component,
            erp_id=f"line-{number}",
            quantity=part.quantity,
            rate=part.rate,
            total=part.rate * part.quantity,
        )
        for number, part in enumerate(lines)
    )
