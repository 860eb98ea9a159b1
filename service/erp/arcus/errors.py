"""What an answer of Arcus allows to be done next: a table of every documented code, then of the statuses.

Only a clear no in the documented envelope is a refusal; whatever else is not a success is unknown (correctness 8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from functools import lru_cache

from schemas.effect import Effect, RefundCash
from schemas.outcome import Reason
from service.erp.arcus.payloads import ErrorBody, read
from service.erp.arcus.wire import decode
from service.errors import FerryError, KeyTaken, Refused, Retryable, Unknown, Waiting

FROZEN = "erp_frozen"
CREDENTIALS = "erp_credentials"
"""The two named waits that Arcus can cause; the third, its rate limit, is a Retryable with a time."""


class Meaning(Enum):
    """What a code says about the request."""

    REFUSED = auto()
    """A clear no without effect."""
    IN_FLIGHT = auto()
    """The key is in use by another request: ours may exist."""
    KEY_TAKEN = auto()
    """The key was used for other bytes, which may have had the effect: as after a restore of the ledger."""
    THROTTLED = auto()
    """Nothing happened; later."""
    CREDENTIALS = auto()
    """Concerns every request of this key."""
    FROZEN = auto()
    """Concerns every write to this entity."""


CODES: Mapping[str, Meaning] = {
    # the orders guide's error reference
    "missing_field": Meaning.REFUSED,
    "validation_failed": Meaning.REFUSED,
    "line_item_failed": Meaning.REFUSED,
    "insufficient_inventory": Meaning.REFUSED,
    "account_role_mismatch": Meaning.REFUSED,
    "tax_exempt_requires_exemption_code": Meaning.REFUSED,
    "payment_method_not_found": Meaning.REFUSED,
    "insufficient_scope": Meaning.CREDENTIALS,
    # arcus-api.md 5
    "missing_api_key": Meaning.CREDENTIALS,
    "ip_not_allowlisted": Meaning.CREDENTIALS,
    "permission_denied": Meaning.CREDENTIALS,
    "not_found": Meaning.REFUSED,
    "order_not_found": Meaning.REFUSED,
    "idempotency_key_mismatch": Meaning.KEY_TAKEN,
    "resource_in_use": Meaning.REFUSED,
    "rate_limit_exceeded": Meaning.THROTTLED,
    "invalid_expand_list_requires_data_prefix": Meaning.REFUSED,
    "invalid_expand_unknown_field": Meaning.REFUSED,
    "validation_error": Meaning.REFUSED,
    "quote_must_convert_before_confirm": Meaning.REFUSED,
    "dropship_po_received_blocks_so_void": Meaning.REFUSED,
    "dropship_po_sent_blocks_so_void": Meaning.REFUSED,
    "manufactured_wo_completed_blocks_so_void": Meaning.REFUSED,
    "manufactured_wo_in_progress_blocks_so_void": Meaning.REFUSED,
    "open_rma_blocks_void": Meaning.REFUSED,
    "not_a_stripe_payment": Meaning.REFUSED,
    "payment_not_voidable": Meaning.REFUSED,
    "forbidden_field": Meaning.REFUSED,
    "duplicate_pricing_policy_for_scope": Meaning.REFUSED,
    "period_closed": Meaning.REFUSED,
    "not_implemented": Meaning.REFUSED,
    # not documented by name; how the two sides agreed to say it
    "idempotency_key_in_use": Meaning.IN_FLIGHT,
    "entity_frozen": Meaning.FROZEN,
    "invoice_required": Meaning.REFUSED,
    "amount_exceeds_balance": Meaning.REFUSED,
    "approval_required": Meaning.REFUSED,
    "credit_hold": Meaning.REFUSED,
    "credit_limit_exceeded": Meaning.REFUSED,
    "account_delinquent": Meaning.REFUSED,
    "not_refundable": Meaning.REFUSED,
}

STATUSES: Mapping[int, Meaning] = {
    401: Meaning.CREDENTIALS,
    403: Meaning.CREDENTIALS,
    423: Meaning.FROZEN,
    429: Meaning.THROTTLED,
}
"""Statuses that mean the same whatever the code, and also without one."""
PLAIN = frozenset({404, 405, 413})
"""Statuses of a clear no that routers and proxies give without the envelope: the request was not carried out."""
CONFLICT = 409
"""Also the answer to a key that is in use, whose code nobody documents: it takes a documented code to be a clear no."""
LATE = frozenset({408, 425})
"""Given up on, or held to be a replay, by somebody on the way: whatever the body says, the request may be at work."""

REASONS: Mapping[str, Reason] = {
    "invoice_required": Reason.WAITS_FOR_INVOICE,
    "amount_exceeds_balance": Reason.OVERPAID,
    "approval_required": Reason.ERP_HOLD,
    "credit_hold": Reason.ERP_HOLD,
    "credit_limit_exceeded": Reason.ERP_HOLD,
    "account_delinquent": Reason.ERP_HOLD,
    "not_refundable": Reason.REFUND_REFUSED,
    "not_a_stripe_payment": Reason.REFUND_REFUSED,
    "period_closed": Reason.WRONG_PERIOD,
}
"""Refusals with a reason of their own; every other one is `erp_refused`."""

_EMAIL = re.compile(r"\S+@\S+")
_LONGEST_HINT = 300


def classify(
    *, what: str, status: int, headers: Mapping[str, str], body: bytes, waits: Mapping[Meaning, float] | None = None
) -> FerryError:
    """Return the error that an answer other than a success is; `waits` says how long to wait where Arcus does not."""
    said = _said(body)
    code = said.code or said.error
    if _is_unclear(status, code):
        return Unknown(what, f"answer {status} {code}".rstrip(), status)
    meaning = STATUSES.get(status) or CODES.get(code, Meaning.REFUSED)
    if meaning in {Meaning.IN_FLIGHT, Meaning.KEY_TAKEN}:
        kind = KeyTaken if meaning is Meaning.KEY_TAKEN else Unknown
        return kind(what, f"answer {status} {code}: another request holds the key", status)
    if meaning is Meaning.REFUSED:
        return Refused(what, status, code or f"http_{status}", _hint(said), said.param or None, said.request_id or None)
    after = retry_after(headers)
    if meaning is Meaning.THROTTLED:
        return Retryable(what, f"answer {status}: the rate limit was reached", after)
    after = after if after is not None else (waits or {}).get(meaning)
    if meaning is Meaning.FROZEN:
        return Waiting(FROZEN, f"{what}: the entity is frozen for a cutover (answer {status})", after)
    needs = f", {said.required} is needed" if said.required else ""
    return Waiting(CREDENTIALS, f"{what}: the API key may not do this (answer {status} {code}{needs})", after)


def _is_unclear(status: int, code: str) -> bool:
    if status == 501 and code == "not_implemented":
        return False
    if not 400 <= status < 500 or status in LATE:  # redirects, successes that are none, server errors
        return True
    if status == CONFLICT and code not in CODES:
        return True
    return not code and status not in STATUSES and status not in PLAIN


def _said(body: bytes) -> ErrorBody:
    doc = decode(body)
    return (None if doc is None else read(ErrorBody, doc)) or ErrorBody()


def _hint(said: ErrorBody) -> str:
    parts = [said.hint]
    if said.requested or said.available:
        parts.append(f"(product {said.product_id}: requested {said.requested}, available {said.available})")
    if said.references:
        parts.append(f"({len(said.references)} references)")
    return _EMAIL.sub("…", " ".join(part for part in parts if part))[:_LONGEST_HINT]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After`, which may also be a date; None where there is none that can be read."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    moment = http_date(value)
    now = http_date(headers.get("Date", ""))
    if moment is None:
        return None
    return max(0.0, moment - (datetime.now(UTC).timestamp() if now is None else now))


@lru_cache(maxsize=64)  # every answer of one second carries the same one: 2 us each
def http_date(value: str) -> float | None:
    """Return unix seconds of an HTTP date."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


def reason_for(code: str, effect: Effect) -> Reason:
    """Return the reason under which the document of a refused effect is parked."""
    known = REASONS.get(code)
    if known is not None:
        return known
    return Reason.REFUND_REFUSED if isinstance(effect, RefundCash) else Reason.ERP_REFUSED
