"""How documents and events ended: the latest verdict of each document, and the one outcome of each event."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa

from schemas.event import Envelope, Event, Fact, Key, Position
from schemas.outcome import DOUBTS, OutcomeName, Reason, Verdict
from service.ledger.rows import TEXT, WHOLE, Row, Statement, read_ref
from service.ports import Arrival, Closing, EventEnd, Priority

_DOUBTS: Final = ", ".join(f"'{reason}'" for reason in sorted(DOUBTS))
VERDICT: Final = Statement(
    """
    INSERT INTO verdicts (key, kind, external_id, external_source, tenant, outcome, reason, detail, release_on, amount,
        news, since)
    SELECT key, kind, external_id, external_source, tenant, outcome, reason, detail, release_on, amount, news, {now}
    FROM {rows} WHERE true
    ON CONFLICT (key, kind, external_id) DO UPDATE SET
        since = CASE WHEN verdicts.outcome = excluded.outcome AND verdicts.reason = excluded.reason OR STAYS
            THEN verdicts.since ELSE excluded.since END,
        outcome = CASE WHEN STAYS THEN verdicts.outcome ELSE excluded.outcome END,
        reason = CASE WHEN STAYS THEN verdicts.reason ELSE excluded.reason END,
        detail = CASE WHEN STAYS THEN verdicts.detail ELSE excluded.detail END,
        amount = CASE WHEN STAYS THEN verdicts.amount ELSE excluded.amount END,
        news = CASE WHEN STAYS THEN verdicts.news ELSE excluded.news END,
        release_on = excluded.release_on, discarded = 0
    WHERE (verdicts.discarded = 0 OR excluded.outcome = 'posted')
        AND ((verdicts.outcome, verdicts.reason, verdicts.detail, verdicts.release_on, verdicts.amount)
        <> (excluded.outcome, excluded.reason, excluded.detail, excluded.release_on, excluded.amount)
        OR (verdicts.news = 2) <> (excluded.news = 2))
    """.replace("STAYS", f"verdicts.news = 2 AND excluded.news = 0 AND excluded.reason NOT IN ({_DOUBTS})"),
    [
        ("key", TEXT),
        ("kind", TEXT),
        ("external_id", TEXT),
        ("external_source", TEXT),
        ("tenant", TEXT),
        ("outcome", TEXT),
        ("reason", TEXT),
        ("detail", TEXT),
        ("release_on", TEXT),
        ("amount", TEXT),
        ("news", WHOLE),
    ],
)
"""`since` stays while outcome and reason do; what a person discarded stays so unless it is posted after all.

What is said of unreadable news (2) stays until there are sound ones (1), but for the condition that older ones wait
for; a doubt comes over it. 0 is no news.
"""

HEARD: Final = Statement(
    """
    UPDATE verdicts SET news = 1 FROM {rows} WHERE verdicts.key = u.key AND verdicts.kind = u.kind
    AND verdicts.external_id = u.external_id
    """,
    [("key", TEXT), ("kind", TEXT), ("external_id", TEXT)],
)
"""Of documents with sound news of which nothing is said yet: what is said next counts."""

_EVENT: Final = (
    ("id", TEXT),
    ("key", TEXT),
    ("external_source", TEXT),
    ("tenant", TEXT),
    ("topic", TEXT),
    ("event_id", TEXT),
    ("delivery_id", TEXT),
    ("triggered_at", TEXT),
    ("api_version", TEXT),
    ("root", TEXT),
    ("facts", TEXT),
    ("kafka_topic", TEXT),
    ("kafka_partition", WHOLE),
    ("kafka_offset", WHOLE),
    ("priority", WHOLE),
    ("outcome", TEXT),
    ("reason", TEXT),
    ("detail", TEXT),
)
EVENT_COLUMNS: Final = ", ".join(name for name, _ in _EVENT)

EVENT: Final = Statement(
    f"""
    INSERT INTO events ({EVENT_COLUMNS}, at) SELECT {EVENT_COLUMNS}, {{now}} FROM {{rows}} WHERE true
    ON CONFLICT (id) DO UPDATE SET
        outcome = excluded.outcome, reason = excluded.reason, detail = excluded.detail, at = excluded.at
    WHERE events.outcome IN ('waiting', 'parked')
    """,  # noqa: S608
    _EVENT,
)
"""A redelivered event keeps its first terminal outcome."""


DISCARDED_OF_KEYS: Final = Statement(
    """
    SELECT key, kind, external_id, external_source, tenant FROM verdicts
    WHERE discarded = 1 AND key IN (SELECT u.key FROM {rows})
    """,
    [("key", TEXT)],
)


def verdict_row(closing: Closing, verdict: Verdict) -> Row:
    """Write a verdict as a row, with what came of its document: unreadable news, sound ones, or none."""
    document = verdict.document
    news = 2 if document in closing.unread else 1 if document in closing.heard else 0
    return (
        closing.lease.key,
        document.kind.value,
        document.external_id,
        document.external_source,
        document.tenant,
        verdict.outcome.value,
        verdict.reason or "",
        verdict.detail,
        verdict.release,
        verdict.amount,
        news,
    )


def read_verdict(found: sa.Row[Any]) -> Verdict:
    """Read what `verdict_row` wrote."""
    return Verdict(
        document=read_ref(found),
        outcome=OutcomeName(found.outcome),
        reason=Reason(found.reason) if found.reason else None,
        detail=found.detail,
        release=found.release_on,
        amount=found.amount,
    )


def event_row(key: str, end: EventEnd) -> Row:
    """Write the end of an event as a row. Its facts are named with their versions, not copied."""
    arrival = end.arrival
    envelope = arrival.event.envelope
    position = arrival.position
    triggered = envelope.triggered_at
    return (
        arrival.id,
        key,
        envelope.external_source,
        envelope.tenant,
        envelope.topic,
        envelope.event_id,
        envelope.delivery_id,
        triggered.isoformat() if triggered else "",
        envelope.api_version,
        arrival.event.key.root,
        json.dumps([(fact.entity, fact.external_id, str(fact.version)) for fact in arrival.event.facts]),
        position.topic if position else "",
        position.partition if position else -1,
        position.offset if position else -1,
        arrival.priority.value,
        end.outcome.value,
        end.reason or "",
        end.detail,
    )


def read_event(found: sa.Row[Any], facts: dict[tuple[str, str, str], Fact]) -> EventEnd:
    """Read what `event_row` wrote. Of its facts only those are there that are still the newest of their entity."""
    told = [tuple(name) for name in json.loads(found.facts)]
    event = Event(
        envelope=Envelope(
            external_source=found.external_source,
            tenant=found.tenant,
            topic=found.topic,
            event_id=found.event_id,
            delivery_id=found.delivery_id,
            triggered_at=found.triggered_at or None,
            api_version=found.api_version,
        ),
        key=Key(external_source=found.external_source, tenant=found.tenant, root=found.root),
        facts=tuple(facts[name] for name in told if name in facts),
    )
    position = None
    if found.kafka_topic:
        position = Position(topic=found.kafka_topic, partition=found.kafka_partition, offset=found.kafka_offset)
    return EventEnd(
        arrival=Arrival(id=found.id, event=event, position=position, priority=Priority(found.priority)),
        outcome=OutcomeName(found.outcome),
        reason=Reason(found.reason) if found.reason else None,
        detail=found.detail,
    )
