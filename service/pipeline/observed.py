"""From what the ledger knows of a key and what the ERP says of it now to what is recorded: pure.

A reading may be old. What it shows otherwise than we left it is judged only where the reading began a settle horizon
after our last call had ended; until then it is looked at again. So a read older than our last write is never drift.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.base import Kind, Ref
from schemas.order import Order
from schemas.posted import ByHand, Posted
from service.plan.by_hand import sale_digest
from service.plan.drift import ACCOUNT, Difference, differences
from service.ports import Decision, Drift, Kept, Observation, Sight, Wanted


@dataclass(frozen=True, slots=True)
class Rules:
    """How a reading is judged."""

    accepts: bool
    """Whether the tenant's policy takes what people change in the ERP for right."""
    settle_s: float
    """How old a reading may be."""
    call_s: float
    """How long a call of ours may take."""
    not_before: float = 0.0
    """Until then a restored ledger may not know what was our own doing, unix seconds."""


def observed(kept: Kept, sight: Sight, rules: Rules) -> Observation:
    """Return what is to be recorded."""
    # What a person named and nobody has read yet has no state of ours to differ from.
    found = differences({ref: one for ref, one in kept.posted.items() if one.read_at}, sight)
    moved = [ref for ref, after in sight.after.items() if not _same(kept.posted[ref], after)]
    seen, waits = _asked(kept, sight, rules)
    early = _too_early(kept, sight, rules) if found or moved else 0.0
    if early:
        again = min([early, *waits])
        return Observation(kept.key, kept.fence, sight.standings, seen=seen, again_in=again)
    new = _new(found, kept)
    changed = _changed(kept, sight, new, rules, moved)
    return Observation(
        key=kept.key,
        fence=kept.fence,
        standings=sight.standings,
        drifts=[_drift(one, kept, rules) for one in new],
        posted=changed,
        seen=seen,
        again_in=min(waits, default=None),
        wake=bool(changed),
        merged=[one.was for one in new if one.field == ACCOUNT and one.document.kind is Kind.ACCOUNT],
    )


def _same(before: Posted, after: Posted) -> bool:
    return before == after.model_copy(update={"read_at": before.read_at})


def _asked(kept: Kept, sight: Sight, rules: Rules) -> tuple[list[str], list[float]]:
    """Documents whose question this reading answers, and how long to wait for the others."""
    shown = {one.erp_id: one.updated_at for one in sight.standings}
    seen, waits = [], []
    for one in kept.wanted:
        wait = 0.0 if _shows(shown.get(one.erp_id, ""), one) else one.asked_at + rules.settle_s - kept.at
        if wait > 0:
            waits.append(wait)
        else:
            seen.append(one.erp_id)
    return seen, waits


def _shows(updated_at: str, wanted: Wanted) -> bool:
    read, told = _moment(updated_at), _moment(wanted.version)
    return read is not None and told is not None and read >= told


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _too_early(kept: Kept, sight: Sight, rules: Rules) -> float:
    """Seconds until a reading says for certain what others did; 0 where this one does."""
    if kept.unresolved:
        return max(rules.settle_s, rules.call_s)
    last_read = max((one.read_at for one in kept.posted.values()), default=0.0)
    quiet_since = min(kept.written_at + rules.call_s, last_read)
    return max(0.0, max(quiet_since + rules.settle_s, rules.not_before) - sight.began_at)


def _new(found: Sequence[Difference], kept: Kept) -> list[Difference]:
    known = {(one.document, one.field, one.now) for one in kept.drifts}
    return [one for one in found if (one.document, one.field, one.now) not in known]


def _drift(one: Difference, kept: Kept, rules: Rules) -> Drift:
    decision = Decision.ACCEPTED if rules.accepts else Decision.ALERTED
    if one.field == ACCOUNT:
        decision = Decision.FOLLOWED
    erp_id = kept.posted[one.document].erp_id
    return Drift(one.document, erp_id, one.field, one.was, one.now, decision)


def _changed(kept: Kept, sight: Sight, new: Sequence[Difference], rules: Rules, moved: Sequence[Ref]) -> list[Posted]:
    """Documents as they stand now, marked where people changed them."""
    marks: Mapping[Ref, list[Difference]] = defaultdict(list)
    for one in new:
        if one.field != ACCOUNT:
            marks[one.document].append(one)
    order = kept.sale if isinstance(kept.sale, Order) else None
    changed = []
    for ref in dict.fromkeys([*moved, *marks]):
        document = sight.after.get(ref, kept.posted[ref])
        if parts := marks.get(ref):
            what = "; ".join(str(one) for one in parts)
            hand = ByHand(what=what, accepted=rules.accepts, sale=sale_digest(order))
            document = document.model_copy(update={"by_hand": hand})
        changed.append(document)
    return changed
