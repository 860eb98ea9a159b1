"""What the ERP has otherwise than we left it: pure. A warehouse that ships is no drift, nor a person who releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from schemas.base import Kind, Ref
from schemas.order import ZERO
from schemas.posted import Posted, PostedStatus
from service.ports import Sight

_PROGRESS: Final = frozenset(
    {
        (PostedStatus.DRAFT, PostedStatus.CONFIRMED),
        (PostedStatus.DRAFT, PostedStatus.SHIPPED),
        (PostedStatus.HELD, PostedStatus.DRAFT),
        (PostedStatus.HELD, PostedStatus.CONFIRMED),
        (PostedStatus.HELD, PostedStatus.SHIPPED),
        (PostedStatus.DRAFT, PostedStatus.HELD),
        (PostedStatus.CONFIRMED, PostedStatus.HELD),
        (PostedStatus.SHIPPED, PostedStatus.HELD),
        (PostedStatus.CONFIRMED, PostedStatus.SHIPPED),
    }
)
"""What happens to a document on its ordinary way. A hold, or a status by a word that we do not know, is the planner's
`erp_hold` where it stands in the way of anything; a gate of the ERP sets one because we confirmed."""
_FIGURES: Final = ("total", "discount", "fees", "tax", "shipping")
ACCOUNT: Final = "account"
"""A merged account is followed, wherever it shows; nothing waits for it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one document that is not as we left it."""

    document: Ref
    field: str
    was: str
    now: str

    def __str__(self) -> str:
        """In short, for a person."""
        return f"{self.field}: {self.was or 'nothing'} -> {self.now or 'nothing'}"


def differences(before: Mapping[Ref, Posted], sight: Sight) -> list[Difference]:
    """Compare what we know of a key's documents with what the ERP says."""
    found: list[Difference] = []
    for ref, known in before.items():
        if ref in sight.missing:
            found.append(Difference(ref, "missing", known.erp_number or known.erp_id, ""))
        elif (after := sight.after.get(ref)) is not None:
            found += _of_document(known, after, before, sight)
    return found


def _of_document(known: Posted, after: Posted, before: Mapping[Ref, Posted], sight: Sight) -> list[Difference]:
    if known.document.kind is Kind.ACCOUNT:
        return _field(known, ACCOUNT, known.erp_id, after.erp_id)
    if known.document_type == "payment":
        return [*_amounts(known, after, ("total", "refunded")), *_voided(known, sight)]
    if known.document_type == "credit":
        return _amounts(known, after, ("total",))
    found = _field(known, ACCOUNT, known.account_erp_id, after.account_erp_id)
    if after.status is not known.status and (known.status, after.status) not in _PROGRESS:
        found.append(Difference(known.document, "status", known.status.value, after.status.value))
    found += _amounts(known, after, _FIGURES)
    found += _field(known, "lines", _lines(known), _lines(after))
    return found + _cash(known, after, before, sight)


def _voided(known: Posted, sight: Sight) -> list[Difference]:
    word = next((one.status for one in sight.standings if one.erp_id == known.erp_id), "")
    return [Difference(known.document, "status", "recorded", word)] if word in {"voided", "failed"} else []


def _cash(known: Posted, after: Posted, before: Mapping[Ref, Posted], sight: Sight) -> list[Difference]:
    """Money on an order that is not ours, or that is gone; whether a refund opens a balance again is the ERP's way."""
    if known.document in sight.forgotten:
        return []
    if foreign := sight.foreign.get(known.document):
        return [Difference(known.document, "payments", "ours", ", ".join(("ours", *foreign)))]
    ours = [one for one in before.values() if one.document_type == "payment" and one.order_erp_id == known.erp_id]
    recorded = sum((one.total for one in ours), ZERO)
    back = sum((_refunded(one, sight) for one in ours), ZERO)
    if after.paid == known.paid or after.paid in {recorded, recorded - back}:
        return []
    return _amounts(known, after, ("paid",))


def _refunded(payment: Posted, sight: Sight) -> Decimal:
    return sight.after.get(payment.document, payment).refunded


def _amounts(known: Posted, after: Posted, names: Sequence[str]) -> list[Difference]:
    pairs = ((name, getattr(known, name), getattr(after, name)) for name in names)
    return [Difference(known.document, name, _plain(was), _plain(now)) for name, was, now in pairs if was != now]


def _plain(amount: Decimal) -> str:
    """Write equal amounts alike: a figure is part of what drift is recognised by."""
    return f"{amount.normalize():f}"


def _field(known: Posted, name: str, was: str, now: str) -> list[Difference]:
    return [Difference(known.document, name, was, now)] if was != now else []


def _lines(posted: Posted) -> str:
    return ", ".join(f"{line.quantity} x {line.line_id} at {_plain(line.rate)}" for line in posted.lines)
