"""How an order of Arcus stands, and which of its lines are the ones that we sent: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemas.effect import Effect, SaleLine
from schemas.posted import Posted, PostedLine, PostedStatus
from service.erp.arcus.payloads import LineDoc, OrderDoc
from service.erp.arcus.wire import decode
from service.ports import Intent

STATUSES = {
    "draft": PostedStatus.DRAFT,
    "confirmed": PostedStatus.CONFIRMED,
    "open": PostedStatus.CONFIRMED,
    "processing": PostedStatus.CONFIRMED,
    "terms": PostedStatus.CONFIRMED,
    "awaiting_ach_clearance": PostedStatus.CONFIRMED,
    "awaiting_pickup": PostedStatus.CONFIRMED,
    "partially_fulfilled": PostedStatus.SHIPPED,
    "fulfilled": PostedStatus.SHIPPED,
    "archived": PostedStatus.SHIPPED,
    "cancelled": PostedStatus.CANCELLED,
    "voided": PostedStatus.CANCELLED,
    "on_hold": PostedStatus.HELD,
}
"""Every word seen for an order's status, also those that only prose and samples use (arcus-api.md 6.1)."""
UNKNOWN_STATUS = "unknown status"
SHIPPED = frozenset({"partially_fulfilled", "fulfilled"})


@dataclass(frozen=True, slots=True)
class Sent:
    """What an intent's bytes say, for comparison with what came of them."""

    account_id: str
    items: tuple[tuple[str, str, int, Decimal], ...]
    """(product, variant or nothing, quantity, rate) per line, in order."""


def sent_by(intent: Intent) -> Sent:
    """Read an intent's own bytes."""
    body = decode(intent.step.body) or {}
    rows = body.get("line_items") or body.get("items") or []
    items = tuple(
        (row["product_id"], row.get("variant_id") or "", row["quantity"], Decimal(row["sell_rate"])) for row in rows
    )
    return Sent(str(body.get("account_id", "")), items)


def status_of(doc: OrderDoc) -> tuple[PostedStatus, str]:
    """Return where an order stands and what holds it; an unknown word counts as held, by its name."""
    word = (doc.order_status or doc.status).lower()
    status = STATUSES.get(word)
    if status is None:
        return PostedStatus.HELD, f"{UNKNOWN_STATUS} {word!r}"
    hold = " ".join(part for part in (doc.hold_type, doc.hold_reason) if part) or "hold" if doc.is_on_hold else ""
    if status is PostedStatus.DRAFT and doc.is_on_hold:
        status = PostedStatus.HELD
    if status is PostedStatus.CONFIRMED and doc.fulfillment_status in SHIPPED:
        status = PostedStatus.SHIPPED
    return status, hold


def order_state(doc: OrderDoc, effect: Effect, *, at: float, **ours: object) -> Posted:
    """Return an order's head as the ERP says it stands now, with `ours`: what the effect itself put there.

    Both sides were validated before; to do so again would cost 6 us more.
    """
    status, hold = status_of(doc)
    return Posted.trusted(
        document=effect.document,
        erp_id=doc.id,
        erp_number=doc.order_number,
        document_type=doc.document_type,
        status=status,
        currency=effect.currency,
        account_erp_id=doc.account_id,
        ship_to_erp_id=doc.shipping_address_id,
        bill_to_erp_id=doc.billing_address_id,
        discount=doc.discount_total,
        fees=doc.fee_total,
        tax=doc.tax_total,
        shipping=doc.shipping_total,
        total=doc.order_total,
        paid=doc.amount_paid,
        balance=doc.balance_due,
        read_at=at,
        source_version=effect.source_version,
        policy_version=effect.policy_version,
        hold=hold,
        **ours,
    )


def _fits(line: LineDoc, item: tuple[str, str, int, Decimal]) -> bool:
    product_id, variant_id, quantity, rate = item
    if (line.product_id, line.variant_id, line.quantity) != (product_id, variant_id, quantity):
        return False
    return not line.parent_line_item_id and bool(line.sell_rate or not rate)  # a kit's child costs nothing


def matched(lines: Sequence[LineDoc], sent: Sent) -> list[LineDoc] | None:
    """Return the ERP's line for each line sent, in order; None where one is missing. A kit's children are passed over.

    Walks from the end, so that lines added later are found behind equal older ones.
    """
    found: list[LineDoc] = []
    wanted = list(sent.items)
    for line in reversed(lines):
        if wanted and _fits(line, wanted[-1]):
            found.append(line)
            wanted.pop()
    return None if wanted else found[::-1]


def adopted(
    ours: Sequence[SaleLine], sent: Sent, lines: Sequence[LineDoc]
) -> tuple[list[SaleLine], list[LineDoc]] | None:
    """Return the ERP's lines, each with the one of ours that it stands for; None where one stands for none.

    For what a restored ledger forgot: lines were added since, so a piece or a charge of ours may lie on several.
    """
    theirs = [line for line in lines if not line.parent_line_item_id]
    free = list(range(len(ours)))
    found: dict[str, int] = {}
    for line in theirs:  # as it was sent, before what is only of the same product
        same = next((place for place in free if _fits(line, sent.items[place])), None)
        if same is not None:
            found[line.id] = same
            free.remove(same)
    for line in theirs:
        alike = [place for place, item in enumerate(sent.items) if item[:2] == (line.product_id, line.variant_id)]
        if line.id not in found and alike:
            found[line.id] = next((place for place in alike if place in free), alike[0])
    if not found or len(found) < len(theirs):
        return None
    return [ours[found[line.id]] for line in theirs], theirs


def posted_lines(ours: Sequence[SaleLine], theirs: Sequence[LineDoc]) -> tuple[PostedLine, ...]:
    """Return our lines with the ids and amounts that the ERP gave them; both sides were validated before."""
    return tuple(
        PostedLine.trusted(
            line_id=line.line_id,
            component=line.component,
            erp_id=doc.id,
            quantity=doc.quantity,
            rate=doc.sell_rate,
            total=doc.worth,
        )
        for line, doc in zip(ours, theirs, strict=True)
    )
