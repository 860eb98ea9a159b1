"""One look at one key: what is known, what was done meanwhile, and what cannot be done for now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.base import Kind, Ref
from schemas.effect import AddLines, Adjust, Confirm, CreateOrder, Effect, RecordPayment, RefundCash, ReturnGoods
from schemas.order import ZERO
from schemas.outcome import OutcomeName, Verdict
from schemas.posted import Posted, PostedLine, PostedStatus
from service.plan.draft import Plan
from service.plan.planner import plan
from service.plan.policy import Policy
from service.plan.state import Applied, Blocked, Desired
from service.ports import Absorbed, Arrival, EventEnd, Intent, Known, Lease, Opened, Priority

_PROVEN = frozenset({OutcomeName.POSTED, OutcomeName.UNCHANGED, OutcomeName.SUPERSEDED, OutcomeName.SKIPPED})
"""Outcomes after which nothing of a document is left to do."""
_FIGURES = ("total", "discount", "fees", "tax", "shipping")
_LONG_AGO = 1.0  # as `read_at`: to be read again before anything is paid against it; 0 is "never read"


@dataclass
class Run:
    """The state of one key while its lease is held. Nothing of it outlives the lease."""

    root: Ref
    lease: Lease
    opened: Opened
    policy: Policy
    posted_under: Policy
    priority: Priority
    posted: dict[Ref, Posted]
    generations: dict[str, int]
    blocked: dict[str, Blocked] = field(default_factory=dict)
    ended: list[Intent] = field(default_factory=list)
    """Outcomes that the next transaction of this key takes along."""
    changed: dict[Ref, Posted] = field(default_factory=dict)
    """Posted documents that it takes along."""
    doubts: list[Verdict] = field(default_factory=list)
    """Documents whose intent is unresolved: the key is not planned until they are."""
    wake_at: float | None = None
    looked: set[str] = field(default_factory=set)
    """Effects that were looked for before they are sent, because the ledger may have forgotten them."""
    new: bool = False
    """Whether the order was created during this look: nothing can have been done to it in a time before that."""
    asked: dict[Ref, float] = field(default_factory=dict)
    """Documents that were read again during this look, and when."""

    def desired(self) -> Desired:
        """Return the union of what the shop said."""
        known = self.opened.known
        return Desired.of(
            self.root,
            [entry.fact for entry in known.values()],
            conflicts=frozenset(ref for ref, entry in known.items() if entry.conflict),
            first_seen=self.opened.first_seen,
        )

    def plan(self, desired: Desired, now: float) -> Plan:
        """Ask the planner."""
        applied = Applied(posted=self.posted, blocked=self.blocked, discarded=self.opened.discarded)
        return plan(desired, applied, self.policy, posted_under=self.posted_under, now=now)

    def learn(self, documents: Sequence[Posted]) -> None:
        """Take over what the ERP said about documents of this key, of a change of ours."""
        for said in documents:
            before, after = self.posted.get(said.document), said.model_copy(update={"told_at": said.read_at})
            self.posted[after.document] = self.changed[after.document] = before.carried(after) if before else after

    def reread(self, document: Posted, *, figures_of: Posted | None = None) -> None:
        """Take over a document that was read again, whole; or but for its figures, which stay as they were known."""
        if figures_of is not None:
            document = document.model_copy(update={name: getattr(figures_of, name) for name in _FIGURES})
        self.posted[document.document] = self.changed[document.document] = document

    def count(self, effect: Effect) -> None:
        """Carry cash over to the order, whose own document such an answer does not bring (books 11)."""
        if not isinstance(effect, RecordPayment | RefundCash):
            return
        order = self.posted.get(self.root)
        if order is None:
            return
        if isinstance(effect, RecordPayment):
            cash = {"paid": order.paid + effect.amount, "balance": order.balance - effect.amount}
            self.reread(order.model_copy(update=cash))
        else:  # whether a refund opens the balance again is the ERP's to say
            self.outdated(self.root)

    def outdated(self, document: Ref) -> None:
        """Count a document as read long ago: the ERP has changed it, or knows of it what we do not."""
        if (known := self.posted.get(document)) is not None:
            self.reread(known.model_copy(update={"read_at": _LONG_AGO}))

    def found_again(self, effect: Effect, before: Posted | None, *, since: float) -> None:
        """Take a document that the ledger forgot for what it was right after this effect.

        What was done to it since is found again change by change, cash by cash, each looked for by its own name. What
        was paid on it is known only where it was read after the restore, at `since`.
        """
        read_at = before.read_at if before and before.read_at > since else _LONG_AGO
        then: dict[str, Any] = {"read_at": read_at, "told_at": 0.0, "refunded": before.refunded if before else ZERO}
        if isinstance(effect, RefundCash):
            document, then["refunded"] = effect.payment, effect.refunded_before + effect.amount
        elif isinstance(effect, CreateOrder | ReturnGoods | AddLines | Adjust | Confirm):
            document, paid = effect.document, before.paid if before else ZERO
            then |= {**_figures_after(effect, before, self.posted[document]), "paid": paid}
            then["balance"] = then["total"] - paid
        elif isinstance(effect, RecordPayment):
            document = effect.document
        else:
            return
        self.reread(self.posted[document].model_copy(update=then))

    def take_along(self) -> tuple[list[Intent], list[Posted]]:
        """Hand over what has to be committed with the next transaction."""
        ended, changed = self.ended, list(self.changed.values())
        self.ended, self.changed = [], {}
        return ended, changed

    def doubt(self, verdict: Verdict, wake_at: float | None) -> None:
        """Stop planning this key: an effect may or may not exist."""
        self.doubts.append(verdict)
        if wake_at is not None:
            self.wake(wake_at)

    def wake(self, at: float) -> None:
        """Ask to be looked at again at this time, or earlier."""
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)

    def settled_before(self) -> bool:
        """Whether everything known was proven under today's policy, so that there is nothing to plan."""
        if self.opened.intents or not all(document.read_at for document in self.posted.values()):
            return False
        entries = self.opened.known.values()
        return all(entry.settled_under == self.policy.version for entry in entries)


def contradicts(after: Posted, told: Posted) -> bool:
    """Whether a read lacks what the ERP told of our last change: it is older, or somebody changed it since."""
    undone = after.status is PostedStatus.DRAFT and told.status is not PostedStatus.DRAFT
    return undone or any(getattr(after, name) != getattr(told, name) for name in (*_FIGURES, "refunded"))


def _figures_after(
    effect: CreateOrder | ReturnGoods | AddLines | Adjust | Confirm, before: Posted | None, after: Posted
) -> dict[str, Decimal]:
    """Sum up what is known to stand there: the ERP's own figures have everything in them that was done since."""
    if isinstance(effect, CreateOrder | ReturnGoods):
        # It may have been posted with fewer lines and their part of the discount; and others may have followed since.
        flat = min(sum((line.rate * line.quantity for line in effect.lines), -effect.total), after.discount)
        return {"total": _worth(after.lines) - flat + after.tax + after.shipping, "discount": flat, "fees": ZERO}
    was = before or after
    total, discount, fees = was.total, was.discount, was.fees
    if isinstance(effect, AddLines):
        total += _worth(line for line in after.lines if line.erp_id not in effect.there)
    elif isinstance(effect, Adjust):
        total += effect.amount
        fees += max(effect.amount, ZERO)
        discount -= min(effect.amount, ZERO)
    return {"total": total, "discount": discount, "fees": fees}


def _worth(lines: Iterable[PostedLine]) -> Decimal:
    return sum((line.total for line in lines), ZERO)


def marks(opened: Opened, policy: Policy | None, verdicts: Sequence[Verdict]) -> list[tuple[Ref, str, str]]:
    """Name the entities whose effects are all proven now, and those of which that holds no longer."""
    found = []
    for verdict in verdicts:
        known = opened.known.get(verdict.document)
        if known is None:
            continue
        if policy is not None and verdict.outcome in _PROVEN:
            found.append((verdict.document, known.digest, policy.version))
        elif known.settled_under is not None:
            found.append((verdict.document, known.digest, ""))
    return found


def event_ends(
    arrivals: Sequence[Arrival], opened: Opened, policy: Policy | None, verdicts: Sequence[Verdict]
) -> list[EventEnd]:
    """Give each event its one outcome: that of its first fact."""
    said = {verdict.document: verdict for verdict in verdicts}
    return [_event_end(arrival, opened, policy, said) for arrival in arrivals]


def _event_end(arrival: Arrival, opened: Opened, policy: Policy | None, said: dict[Ref, Verdict]) -> EventEnd:
    if not arrival.event.facts:
        return EventEnd(arrival, OutcomeName.UNCHANGED, None, "the event says nothing that is booked")
    absorbed = opened.absorbed.get((arrival.id, 0), Absorbed.NEWER)
    ref = arrival.event.facts[0].ref
    known = opened.known.get(ref)
    if absorbed is Absorbed.OLDER:
        return EventEnd(arrival, OutcomeName.SUPERSEDED, None, "something newer about it was known")
    if absorbed is Absorbed.SAME and known is not None and _is_settled(known, policy):
        return EventEnd(arrival, OutcomeName.UNCHANGED, None, "the same was settled before")
    verdict = said.get(ref)
    if verdict is None:
        return EventEnd(arrival, OutcomeName.WAITING, None, "another effect of this order is being found out")
    return EventEnd(arrival, verdict.outcome, verdict.reason, verdict.detail)


def _is_settled(known: Known, policy: Policy | None) -> bool:
    under = known.settled_under
    return under is not None and (policy is None or under == policy.version)


def root_of(key: str) -> Ref:
    """Read a key back into the order that it stands for."""
    source, tenant, root = key.split("|", 2)
    return Ref(external_source=source, tenant=tenant, kind=Kind.ORDER, external_id=root)
