"""The order itself: whether it is ours, whether it may go, and which changes bring the ERP's document to it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from schemas.base import Kind, Version
from schemas.effect import AddLines, Adjust, Cancel, Confirm, CreateOrder, DocumentType, SaleLine
from schemas.order import FinancialStatus, Order
from schemas.order import Fulfilment as Shipped
from schemas.outcome import Reason, Verdict
from schemas.posted import Posted, PostedStatus
from schemas.refund import Refund
from service.plan import called_off
from service.plan.account import account_ref
from service.plan.by_hand import order_by_hand
from service.plan.carrier import carrier_of, out_of_place, overtaken
from service.plan.compare import adjustments_missing, difference, same_lines, total_differs
from service.plan.draft import Draft, Stage
from service.plan.policy import Fulfilment, Gate
from service.plan.sale import Sale, current_fails, equation_fails, sale_of, taken_off
from service.plan.state import parked, posted, skipped, waiting

_PAID = frozenset({FinancialStatus.PAID, FinancialStatus.PARTIALLY_REFUNDED, FinancialStatus.REFUNDED})
_FIRST = frozenset({FinancialStatus.PENDING, FinancialStatus.AUTHORIZED})
"""Where an order begins."""
_OPEN = {
    Gate.PAID: _PAID,
    Gate.AUTHORIZED: _PAID | {FinancialStatus.AUTHORIZED, FinancialStatus.PARTIALLY_PAID},
    Gate.CREATED: frozenset(FinancialStatus) - {FinancialStatus.VOIDED, FinancialStatus.EXPIRED},
}


def plan_order(draft: Draft, order: Order) -> None:
    """Decide about the order; leaves a verdict unless an effect is still to be done."""
    have = draft.applied.posted.get(order.ref)
    verdict = _not_ours(draft, order) if have is None else None
    if order.ref in draft.desired.conflicts:
        verdict = parked(
            order.ref,
            Reason.SAME_VERSION_DIFFERS,
            f"order {order.name}: two different contents carry the same time {order.version.at}; read it from the shop",
        )
    if verdict is None and have is None:
        verdict = _not_yet(draft, order)
    if verdict is not None:
        draft.say(verdict)
        return
    if have is None or have.by_hand is None:
        _bring(draft, order, have)
    elif verdict := order_by_hand(order, have, have.by_hand):
        draft.say(verdict)


def _not_ours(draft: Draft, order: Order) -> Verdict | None:
    policy = draft.policy
    if order.test and not policy.admit_test:
        return skipped(order.ref, Reason.TEST, f"order {order.name} is a test order")
    if not policy.is_live(order.placed_at):
        return skipped(
            order.ref, Reason.BEFORE_GO_LIVE, f"order {order.name} was placed before {policy.go_live:%Y-%m-%d}"
        )
    if policy.channels and order.channel not in policy.channels:
        return skipped(order.ref, Reason.FILTERED, f"order {order.name} came over channel {order.channel!r}")
    if policy.only_locations and order.location_id not in policy.only_locations:
        return skipped(order.ref, Reason.FILTERED, f"order {order.name} is of location {order.location_id!r}")
    if tag := next((tag for tag in order.tags if tag in policy.excluded_tags), None):
        return skipped(order.ref, Reason.FILTERED, f"order {order.name} carries the tag {tag!r}")
    return None


def _not_yet(draft: Draft, order: Order) -> Verdict | None:
    policy = draft.policy
    if order.currency != policy.entity_currency:
        return parked(
            order.ref,
            Reason.CURRENCY_UNSUPPORTED,
            f"order {order.name} is in {order.currency}, but the ERP entity books {policy.entity_currency}",
            amount=f"{order.totals.total} {order.currency}",
        )
    due = _passes_gate(order, policy.gate)
    if order.cancelled_at is not None and (verdict := called_off.before_posting(draft, order, due=due)):
        presume_sale(draft, order)
        return verdict
    if not due and order.financial_status not in _FIRST:  # it may have been due before
        presume_sale(draft, order)
    return _gate(draft, order)


def presume_sale(draft: Draft, order: Order) -> None:
    """Take the sale for never posted: with every line of any body of the order."""
    if not _equation(draft, order):  # what does not add up was never posted
        sale = sale_of(order, draft.posted_under, {})
        if not sale.missing:
            create = _creation(draft, order, sale, revision=1)
            draft.presume(create.model_copy(update={"source_version": str(Version(at=order.placed_at))}))


def _gate(draft: Draft, order: Order) -> Verdict | None:
    policy = draft.policy
    if not order.confirmed:
        return waiting(order.ref, Reason.FRAUD_HOLD, f"order {order.name} is held for review in the shop")
    if not _passes_gate(order, policy.gate):
        known = order.financial_status is not FinancialStatus.OTHER
        state = order.financial_status if known else "in a payment state that is not known here"
        return waiting(order.ref, Reason.GATE, f"order {order.name} is {state}, not yet {policy.gate}")
    if policy.fulfilment is Fulfilment.SHOP and order.fulfilment is not Shipped.FULFILLED:
        return waiting(order.ref, Reason.NOT_SHIPPED, f"order {order.name} is invoiced once the shop has shipped it")
    return None


def _passes_gate(order: Order, gate: Gate) -> bool:
    return order.financial_status in _OPEN[gate] or order.totals.total == 0 or order.net_terms


def _bring(draft: Draft, order: Order, have: Posted | None) -> None:
    """Compare the sale with what stands in the ERP and ask for what is missing."""
    if wrong := _equation(draft, order):
        draft.say(_does_not_add_up(order, wrong))
        return
    removed = taken_off(draft.desired, order)
    sale = _sale(draft, order, removed)
    if removed and have is None:  # it may have been posted before they were taken off
        presume_sale(draft, order)
    if removed and (verdict := _taken_off_when_paid(draft, order, sale, have, removed)):
        draft.say(verdict)
        return
    if have is None or have.status is PostedStatus.CANCELLED:
        if have is not None and order.cancelled_at is not None:
            draft.say(called_off.cash_kept(draft, order) or posted(order.ref, "cancelled in the ERP"))
            return
        if have is not None and same_lines(have, sale):
            draft.say(posted(order.ref, "cancelled in the ERP"))
            return
        _create(draft, order, sale, revision=1 if have is None else have.revision + 1)
        return
    _change(draft, order, sale, have)


def _taken_off_when_paid(
    draft: Draft, order: Order, sale: Sale, have: Posted | None, removed: Mapping[str, int]
) -> Verdict | None:
    """Say so where goods were taken off a paid order, and the ERP does not have what is left of it already."""
    if order.financial_status not in _PAID and not draft.desired.collected():
        return None
    if have is not None and have.status is PostedStatus.CANCELLED:  # what is left may have been posted anew
        draft.presume(_creation(draft, order, sale, revision=have.revision + 1))
    elif have is not None and same_lines(have, sale):
        return None
    detail = f"order {order.name}: goods were taken off a paid order without a refund record ({_pieces(removed)})"
    return parked(order.ref, Reason.FEWER_GOODS, detail)


def _equation(draft: Draft, order: Order) -> str:
    """Say which equation of the order fails, reckoned once."""
    return draft.desired.once("equation", lambda: equation_fails(order))


def _sale(draft: Draft, order: Order, removed: Mapping[str, int]) -> Sale:
    """Return what the order comes to, reckoned once."""
    policy = draft.posted_under
    return draft.desired.once(("sale", policy.version), lambda: sale_of(order, policy, removed))


def _unfit(draft: Draft, order: Order, sale: Sale) -> Verdict | None:
    if sale.missing:
        names = ", ".join(component.value for component in sale.missing)
        return parked(
            order.ref,
            Reason.TARGET_MISSING,
            f"order {order.name} has {names}, and no target was chosen for it; set it with `orderferry map set`",
            release=f"target:{sale.missing[0].value}",
        )
    if wrong := current_fails(order, draft.desired.refunds, sale):
        return _does_not_add_up(order, wrong)
    bare = next((line for line in order.lines if line.category == "stock" and not line.sku), None)
    if bare is not None:
        return parked(
            order.ref,
            Reason.SKU_UNKNOWN,
            f"order {order.name}: line {bare.external_id} ({bare.title}) has no SKU; give it one in the shop",
            release="sku:",
        )
    return None


def _does_not_add_up(order: Order, wrong: str) -> Verdict:
    return parked(order.ref, Reason.DOES_NOT_ADD_UP, f"order {order.name}: {wrong}", amount=_due(order))


def _create(draft: Draft, order: Order, sale: Sale, *, revision: int) -> None:
    effect = _creation(draft, order, sale, revision=revision)
    if verdict := _unfit(draft, order, sale):
        draft.say(verdict)
    elif verdict := out_of_place(draft, order, effect.document_type):
        if revision == 1:
            presume_sale(draft, order)
        draft.say(verdict)
    else:
        draft.want(Stage.RAISE, effect)


def _creation(draft: Draft, order: Order, sale: Sale, *, revision: int) -> CreateOrder:
    policy = draft.posted_under
    ship_to = order.ship_to or policy.pick_up
    return CreateOrder(
        document=order.ref,
        name=f"order:{order.external_id}/create#{revision}",
        source_version=str(order.version),
        policy_version=policy.version,
        currency=order.currency,
        revision=revision,
        document_type=carrier_of(order, policy),
        account=account_ref(order),
        party=order.buyer,
        ship_to=ship_to,
        bill_to=order.bill_to or ship_to,
        pick_up=order.pick_up or order.ship_to is None,
        location=policy.locations.get(order.location_id, ""),
        business_date=order.business_date,
        lines=sale.lines,
        discount=sale.discount,
        total=sale.at_create,
        notes=_for_the_warehouse(order),
        customer_notes=order.note,
        name_in_shop=order.name,
        extra=_extra(order),
    )


def _change(draft: Draft, order: Order, sale: Sale, have: Posted) -> None:
    if called_off.as_a_draft(order, have):
        want_cancel(draft, order, have)
        return
    added, fewer = difference(have, sale)
    if fewer:
        _revise(draft, order, have)
        return
    if added:
        if verdict := _unfit(draft, order, sale):
            draft.say(verdict)
        elif have.document_type != DocumentType.SALES_ORDER or have.status is PostedStatus.SHIPPED:
            detail = f"order {order.name}: goods were added after it was invoiced; add them in the ERP by hand"
            draft.say(parked(order.ref, Reason.MORE_GOODS, detail))
        else:
            _add(draft, order, added, have)
        return
    if adjustment := adjust(order, sale, have):
        draft.want(Stage.RAISE, adjustment)
        return
    _post(draft, order, sale, have)


def _post(draft: Draft, order: Order, sale: Sale, have: Posted) -> None:
    """Everything is on the document: compare, then confirm."""
    if wrong := total_differs(have, sale):
        draft.say(parked(order.ref, Reason.ERP_TOTAL_DIFFERS, f"order {order.name}: {wrong}", amount=_due(order)))
        return
    if have.status is PostedStatus.HELD:
        detail = f"order {order.name} is held in the ERP ({have.hold or 'no reason given'}); release it there"
        draft.say(parked(order.ref, Reason.ERP_HOLD, detail, release=f"order:{order.external_id}", amount=_due(order)))
    elif have.status is PostedStatus.DRAFT:
        if verdict := overtaken(order, have):
            draft.say(verdict)
        else:
            draft.want(Stage.RAISE, confirm(order, have))


def adjust(fact: Order | Refund, sale: Sale, have: Posted) -> Adjust | None:
    """Ask for the first fee or discount that the document still lacks; named by the total before and the change."""
    if not (missing := adjustments_missing(sale, have)):
        return None
    (label, component, amount), *rest = missing
    return Adjust(
        document=fact.ref,
        name=f"{fact.entity}:{fact.external_id}/adjust#{have.revision}:{label}:{have.total}+{amount}",
        source_version=str(fact.version),
        policy_version=have.policy_version,
        currency=have.currency,
        order_erp_id=have.erp_id,
        label=label,
        component=component,
        amount=amount,
        total_before=have.total,
        total_after=have.total + amount,
        alike_before=have.fees if amount > 0 else have.discount,
        later=tuple(amount for _, _, amount in rest),
    )


def confirm(fact: Order | Refund, have: Posted) -> Confirm:
    """Ask for a draft to be posted."""
    return Confirm(
        document=fact.ref,
        name=f"{fact.entity}:{fact.external_id}/confirm#{have.revision}",
        source_version=str(fact.version),
        policy_version=have.policy_version,
        currency=have.currency,
        order_erp_id=have.erp_id,
    )


def _revise(draft: Draft, order: Order, have: Posted) -> None:
    """Fewer goods than posted: before shipping and unpaid, cancel and post the next revision (books 7)."""
    if have.status is PostedStatus.SHIPPED or have.paid or draft.desired.collected():
        detail = f"order {order.name} has fewer goods than the ERP's {have.erp_number}, which is paid or shipped"
        draft.say(parked(order.ref, Reason.FEWER_GOODS, detail, amount=_due(order)))
        return
    want_cancel(draft, order, have)


def want_cancel(draft: Draft, order: Order, have: Posted) -> None:
    """Ask for the cancellation of the posted document."""
    draft.want(
        Stage.CANCEL,
        Cancel(
            document=order.ref,
            name=f"order:{order.external_id}/cancel#{have.revision}",
            source_version=str(order.version),
            policy_version=have.policy_version,
            currency=order.currency,
            order_erp_id=have.erp_id,
        ),
    )


def _add(draft: Draft, order: Order, added: tuple[SaleLine, ...], have: Posted) -> None:
    raised = sum((line.rate * line.quantity for line in added), Decimal(0))
    draft.want(
        Stage.RAISE,
        AddLines(
            document=order.ref,
            name=f"order:{order.external_id}/add#{have.revision}:{have.total}+{raised}",
            source_version=str(order.version),
            policy_version=have.policy_version,
            currency=order.currency,
            order_erp_id=have.erp_id,
            lines=added,
            total_before=have.total,
            total_after=have.total + raised,
            there=tuple(line.erp_id for line in have.lines),
        ),
    )


def _pieces(removed: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of line {line_id}" for line_id, count in removed.items())


def _due(order: Order) -> str:
    return f"{order.totals.total} {order.currency}"


def _for_the_warehouse(order: Order) -> str:
    parts = [f"Shop order {order.name}"]
    parts += [f"Ship by {charge.title}" for charge in order.shipping if charge.title and not charge.removed]
    if order.pick_up:
        parts.append("Pick-up")
    if order.po_number:
        parts.append(f"PO {order.po_number}")
    parts += [f"{name}: {value}" for name, value in order.attributes]
    return "\n".join(parts)


def _extra(order: Order) -> tuple[tuple[str, str], ...]:
    found = [("order_name", order.name), ("channel", order.channel), ("po_number", order.po_number)]
    if order.presentment is not None:
        found.append(("presentment", str(order.presentment)))
    return tuple((name, value) for name, value in found if value)


def is_open(draft: Draft) -> bool:
    """Whether the order stands posted in the ERP, so that payments and refunds may follow."""
    have = draft.applied.posted.get(draft.ref(Kind.ORDER, draft.desired.root.external_id))
    return have is not None and have.status in {PostedStatus.CONFIRMED, PostedStatus.SHIPPED}
