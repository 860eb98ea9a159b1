"""Requests about persons as rows: recorded once, with what takes effect at once, and how far each is."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from schemas.outcome import OutcomeName, Reason
from schemas.privacy import Asks, PrivacyRequest
from service.ledger import outcomes, tombstones
from service.ledger.decisions import lock, pause
from service.ledger.rows import ask
from service.ports import Arrival, CaseState, EventEnd, PrivacyCase, Traces

_INSERT: Final = """
    INSERT INTO privacy_requests (id, external_source, tenant, asks, customer_id, email_key, order_ids, number, state,
        asked_at, changed_at, due_at)
    VALUES (:id, :source, :tenant, :asks, :customer_id, :email_key, :order_ids, :number, :state, {now}, {now}, {now})
    ON CONFLICT (id) DO NOTHING
"""
_COLUMNS: Final = """id, external_source, tenant, asks, customer_id, email_key, order_ids, number, state, scanned,
    found, asked_at, changed_at"""
ALL: Final = f"SELECT {_COLUMNS} FROM privacy_requests ORDER BY asked_at, id"  # noqa: S608
ONE: Final = f"SELECT {_COLUMNS} FROM privacy_requests WHERE id = :id"  # noqa: S608
CLAIM: Final = """
    UPDATE privacy_requests SET due_at = {now} + :taken WHERE state = 'open' AND due_at <= {now} AND id IN (
        SELECT id FROM privacy_requests WHERE state = 'open' AND due_at <= {now} ORDER BY due_at, id LIMIT :most
    ) RETURNING id
"""
SAVE: Final = """
    UPDATE privacy_requests SET state = :state, scanned = :scanned, found = :found, changed_at = {now},
        due_at = {now} + :again
    WHERE id = :id AND state = 'open'
"""
ANSWERED: Final = (
    "UPDATE privacy_requests SET state = 'done', changed_at = {now} WHERE id = :id AND state = 'to_answer'"
)
UNFINISHED: Final = "SELECT count(*) FROM privacy_requests WHERE state <> 'done'"

_TRACES: Final = TypeAdapter(Traces)


def record(connection: sa.Connection, arrival: Arrival, request: PrivacyRequest) -> EventEnd:
    """Keep a request, and from here on meet nobody again who is to be erased. The same one twice is one."""
    key = arrival.event.key
    case_id = name_of(arrival, request)
    state = CaseState.DONE if request.asks is Asks.LEAVE else CaseState.OPEN
    new = ask(
        connection,
        _INSERT,
        id=case_id,
        source=key.external_source,
        tenant=key.tenant,
        asks=request.asks.value,
        customer_id=request.customer_id,
        email_key=request.email_key,
        order_ids=json.dumps(request.order_ids),
        number=request.number,
        state=state.value,
    ).rowcount
    end = _end(arrival, request, case_id)
    lock(connection, [str(key)])  # the event is explained under its key like any other
    outcomes.EVENT.write(connection, [outcomes.event_row(str(key), end)])
    if not new:
        return end
    if request.asks is Asks.LEAVE:
        why = "the shop took the app out; give the tenant a new access token before it goes on"
        pause(connection, key.external_source, key.tenant, paused=True, who=key.external_source, why=why)
    elif request.asks is not Asks.TELL_CUSTOMER:
        names = tombstones.names_for(request)
        tombstones.RENEW.write(connection, [(key.external_source, key.tenant, name, case_id, None) for name in names])
    return end


def name_of(arrival: Arrival, request: PrivacyRequest) -> str:
    """Name a request for good: a replay brings the same event at another place."""
    envelope = arrival.event.envelope
    triggered = envelope.triggered_at.isoformat() if envelope.triggered_at else ""
    mark = envelope.event_id or envelope.delivery_id or triggered or arrival.id
    parts = (envelope.external_source, envelope.tenant, request.model_dump_json(), mark)
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def _end(arrival: Arrival, request: PrivacyRequest, case_id: str) -> EventEnd:
    if request.asks is Asks.LEAVE:
        return EventEnd(arrival, OutcomeName.SKIPPED, Reason.APP_UNINSTALLED, "the tenant is paused")
    detail = f"request {case_id}; `orderferry privacy show {case_id}` tells what became of it"
    return EventEnd(arrival, OutcomeName.SKIPPED, Reason.PRIVACY_REQUEST, detail)


def read(found: sa.Row[Any]) -> PrivacyCase:
    """Read a row of `ALL` or `ONE`."""
    request = PrivacyRequest(
        asks=Asks(found.asks),
        customer_id=found.customer_id,
        email_key=found.email_key,
        order_ids=tuple(json.loads(found.order_ids)),
        number=found.number,
    )
    return PrivacyCase(
        id=found.id,
        external_source=found.external_source,
        tenant=found.tenant,
        request=request,
        state=CaseState(found.state),
        asked_at=found.asked_at,
        changed_at=found.changed_at,
        found=_TRACES.validate_json(found.found) if found.found else Traces(),
        scanned=found.scanned,
    )


def written(traces: Traces) -> str:
    """Write what was found, for `found`."""
    return json.dumps(asdict(traces))
