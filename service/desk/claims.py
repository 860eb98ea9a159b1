"""A story as data: what `explain --json` says of one key, one line, every document with its outcome. Pure.

The names of these fields are an interface: scripts and the demo's judge read them. No personal field is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from schemas.base import Ref
from schemas.effect import Confirm
from schemas.order import Order
from schemas.outcome import OutcomeName, Verdict
from schemas.posted import Posted
from schemas.standing import Standing
from service.desk.components import compared, of_posted
from service.desk.keys import parts
from service.desk.words import advice
from service.ports import Audit, Drift, EventEnd, Intent, Story

Json = dict[str, object]


def claim(story: Story) -> Json:
    """Everything known about one key."""
    source, tenant, root = parts(story.key)
    return {
        "key": story.key,
        "source": source,
        "tenant": tenant,
        "root": root,
        "name": name_of(story),
        "documents": [document(ref, verdict, posted) for ref, (verdict, posted) in documents(story).items()],
        "components": components(story),
        "events": [event(end) for end in story.events],
        "calls": [call(intent) for intent in story.intents],
        "standings": [standing(one) for one in story.standings],
        "drift": [drifted(one) for one in story.drifts],
        "decisions": [decision(audit) for audit in story.audits],
    }


def order_of(story: Story) -> Order | None:
    """Return the newest order body, if one arrived."""
    return next((known.fact for known in story.known if isinstance(known.fact, Order)), None)


def name_of(story: Story) -> str:
    """What people call the order; empty while no order body arrived."""
    order = order_of(story)
    return order.name if order is not None else ""


def documents(story: Story) -> Mapping[Ref, tuple[Verdict | None, Posted | None]]:
    """Every document that was judged or posted, verdicts first."""
    posted = {one.document: one for one in story.posted}
    found: dict[Ref, tuple[Verdict | None, Posted | None]] = {
        verdict.document: (verdict, posted.get(verdict.document)) for verdict in story.verdicts
    }
    for ref, one in posted.items():
        found.setdefault(ref, (None, one))
    return found


def document(ref: Ref, verdict: Verdict | None, posted: Posted | None) -> Json:
    """One document: what became of it and what stands in the ERP."""
    reason = verdict.reason if verdict else None
    return {
        "kind": ref.kind.value,
        "external_id": ref.external_id,
        "outcome": (verdict.outcome if verdict else OutcomeName.POSTED).value,
        "reason": reason.value if reason else None,
        "detail": verdict.detail if verdict else "",
        "release": verdict.release if verdict else "",
        "waiting_amount": verdict.amount if verdict else "",
        "fix": advice(reason, ref),
        "erp_id": posted.erp_id if posted else None,
        "erp_number": posted.erp_number if posted else None,
        "erp_type": posted.document_type if posted else None,
        "erp_status": posted.status.value if posted else None,
        "amounts": amounts(posted) if posted else None,
    }


def amounts(posted: Posted) -> Json:
    """The figures of a posted document, as texts so that no cent is lost."""
    return {
        "currency": posted.currency,
        "total": _figure(posted.total),
        "paid": _figure(posted.paid),
        "refunded": _figure(posted.refunded),
        "balance": _figure(posted.balance),
        "components": {name: _figure(amount) for name, amount in of_posted(posted).items()},
    }


def components(story: Story) -> list[Json]:
    """The sale, part by part: the shop's figure and the ERP's."""
    order = order_of(story)
    if order is None:
        return []
    posted = next((one for one in story.posted if one.document == order.ref), None)
    return [
        {
            "component": row.component,
            "currency": order.currency,
            "shop": _figure(row.shop),
            "erp": None if row.erp is None else _figure(row.erp),
            "differs": row.differs,
        }
        for row in compared(order, posted)
    ]


def event(end: EventEnd) -> Json:
    """One event and its one outcome (I8)."""
    arrival = end.arrival
    envelope = arrival.event.envelope
    return {
        "id": arrival.id,
        "topic": envelope.topic,
        "event_id": envelope.event_id,
        "triggered_at": envelope.triggered_at.isoformat() if envelope.triggered_at else None,
        "position": arrival.position.model_dump() if arrival.position else None,
        "facts": [
            {"kind": fact.entity.value, "external_id": fact.external_id, "version": str(fact.version)}
            for fact in arrival.event.facts
        ],
        "outcome": end.outcome.value,
        "reason": end.reason.value if end.reason else None,
        "detail": end.detail,
    }


def call(intent: Intent) -> Json:
    """One effect as it was sent to the ERP; of the request only its size, for it holds persons."""
    return {
        "intent": intent.id,
        "kind": intent.document.kind.value,
        "external_id": intent.document.external_id,
        "effect": intent.effect.name,
        "does": intent.effect.effect,
        "amount": _amount_of(intent),
        "method": intent.step.method,
        "path": intent.step.path,
        "bytes": len(intent.step.body),
        "generation": intent.generation,
        "attempts": intent.attempts,
        "attempted_at": _moment(intent.attempted_at),
        "state": intent.state.value,
        "answer": intent.answer,
        "how": intent.how,
    }


def standing(one: Standing) -> Json:
    """How a document stands in the ERP, in the ERP's own words, as last read."""
    return {
        "kind": one.document.kind.value,
        "external_id": one.document.external_id,
        "erp_id": one.erp_id,
        "number": one.number,
        "type": one.document_type,
        "status": one.status,
        "payment_status": one.payment_status,
        "fulfilment_status": one.fulfilment_status,
        "currency": one.currency,
        "total": _figure(one.total),
        "paid": _figure(one.paid),
        "balance": _figure(one.balance),
        "refunded": _figure(one.refunded),
        "account": one.account_erp_id,
        "merged_into": one.merged_into,
        "missing": one.missing,
        "read_at": _moment(one.read_at),
    }


def drifted(one: Drift) -> Json:
    """One field that people changed in the ERP after us."""
    return {
        "kind": one.document.kind.value,
        "external_id": one.document.external_id,
        "erp_id": one.erp_id,
        "field": one.field,
        "was": one.was,
        "now": one.now,
        "decision": one.decision.value,
        "found_at": _moment(one.at),
    }


def decision(audit: Audit) -> Json:
    """What a person decided, and why."""
    return {
        "at": _moment(audit.at),
        "who": audit.who,
        "action": audit.action,
        "subject": audit.subject,
        "why": audit.why,
    }


def _amount_of(intent: Intent) -> str:
    effect = intent.effect
    if isinstance(effect, Confirm):
        return ""
    figure = getattr(effect, "amount", None) or getattr(effect, "total", None) or getattr(effect, "total_after", None)
    return f"{_figure(figure)} {effect.currency}" if isinstance(figure, Decimal) else ""


def _figure(amount: Decimal) -> str:
    """Plain digits, without an exponent."""
    return f"{amount:f}"


def _moment(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds") if seconds else None
