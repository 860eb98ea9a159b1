"""What a plan is made of while it is being made: effects in their fixed order, and one verdict per document."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from schemas.base import Kind, Ref
from schemas.effect import Effect
from schemas.outcome import OutcomeName, Reason, Verdict
from service.plan.policy import Policy
from service.plan.state import Applied, Desired, parked, skipped, waiting

_UNFINISHED = frozenset({OutcomeName.PARKED, OutcomeName.WAITING})


class Stage(IntEnum):
    """The fixed order of changes (books 6): raise total, pay, lower total, refund, cancel."""

    RAISE = 0
    PAY = 1
    LOWER = 2
    REFUND = 3
    CANCEL = 4


@dataclass
class Draft:
    """A plan in the making. `policy` is today's; `posted_under` is the one that posted the order, if it was posted."""

    desired: Desired
    applied: Applied
    policy: Policy
    posted_under: Policy
    now: float
    effects: list[tuple[Stage, Effect]] = field(default_factory=list)
    verdicts: dict[Ref, Verdict] = field(default_factory=dict)
    wake_at: float | None = None
    unless_done: list[Effect] = field(default_factory=list)

    def ref(self, kind: Kind, external_id: str) -> Ref:
        """Name an entity of this key."""
        root = self.desired.root
        return Ref.trusted(external_source=root.external_source, tenant=root.tenant, kind=kind, external_id=external_id)

    def say(self, verdict: Verdict) -> None:
        """Settle what becomes of a document; the first word counts, and a person's above all."""
        if verdict.document in self.applied.discarded and verdict.outcome in _UNFINISHED:
            verdict = skipped(verdict.document, Reason.DISCARDED, "a person ended it")
        self.verdicts.setdefault(verdict.document, verdict)

    def want(self, stage: Stage, effect: Effect) -> bool:
        """Ask for an effect. False where it is blocked or a person ended it: then its document has its verdict."""
        if effect.document in self.applied.discarded:
            self.say(skipped(effect.document, Reason.DISCARDED, "a person ended it"))
            return False
        blocked = self.applied.blocked.get(effect.name)
        if blocked is None:
            self.effects.append((stage, effect))
            return True
        self.say(parked(effect.document, blocked.reason, blocked.detail, release=blocked.release))
        return False

    def presume(self, effect: Effect) -> None:
        """Name what the plan takes for never done."""
        if effect.document not in self.applied.discarded:
            self.unless_done.append(effect)

    def wake(self, at: float) -> None:
        """Ask to be looked at again."""
        self.wake_at = at if self.wake_at is None else min(at, self.wake_at)

    @property
    def order_verdict(self) -> Verdict | None:
        """What was said about the order itself."""
        return self.verdicts.get(self.ref(Kind.ORDER, self.desired.root.external_id))

    def follow(self, document: Ref, order: Verdict) -> Verdict:
        """Give a payment or refund the verdict that follows from its order's, which is not posted."""
        if order.outcome is OutcomeName.SKIPPED and order.reason is not None:
            return skipped(document, order.reason, f"its order was skipped: {order.detail}")
        if order.outcome is OutcomeName.WAITING:
            return waiting(document, Reason.WAITS_FOR_ORDER, f"its order waits: {order.detail}")
        return parked(document, Reason.PARENT_PARKED, f"its order is parked ({order.reason}): {order.detail}")


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: effects in order (empty when nothing is to be done now) and a verdict for every document."""

    effects: tuple[Effect, ...]
    verdicts: tuple[Verdict, ...]
    wake_at: float | None
    unless_done: tuple[Effect, ...] = ()
    """The rest holds because these were never done: a ledger that may have forgotten them has to look first."""
