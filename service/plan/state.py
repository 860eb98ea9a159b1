"""What the planner looks at: the desired state of one key, what is applied, and what cannot be done for now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from schemas.base import Kind, Ref
from schemas.event import Fact
from schemas.order import Order, OrderDeletion, OrderEdit
from schemas.outcome import OutcomeName, Reason, Verdict
from schemas.payment import Payment, PaymentKind
from schemas.posted import Posted
from schemas.refund import Refund

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an effect cannot be carried out for now: refused before with the same content, or not resolvable."""

    reason: Reason
    detail: str
    release: str = ""


@dataclass(frozen=True)
class Desired:
    """The durable union of what the shop said about one root document."""

    root: Ref
    order: Order | None = None
    edit: OrderEdit | None = None
    deletion: OrderDeletion | None = None
    payments: Mapping[str, Payment] = field(default_factory=dict)
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    conflicts: frozenset[Ref] = frozenset()
    """Entities of which two different contents claim the same version."""
    first_seen: float = 0.0
    _computed: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: Hashable, compute: Callable[[], T]) -> T:
        """What follows from the facts alone: computed at the first look, the same at every later one."""
        if name not in self._computed:
            self._computed[name] = compute()
        found: T = self._computed[name]
        return found

    @classmethod
    def of(cls, root: Ref, facts: list[Fact], *, conflicts: frozenset[Ref], first_seen: float) -> Desired:
        """Sort the newest facts of a key by what they are."""
        single: dict[str, Fact] = {}
        payments: dict[str, Payment] = {}
        refunds: dict[str, Refund] = {}
        for fact in facts:
            if isinstance(fact, Payment):
                payments[fact.external_id] = fact
            elif isinstance(fact, Refund):
                refunds[fact.external_id] = fact
            else:
                single[fact.fact] = fact
        order, edit, deletion = single.get("order"), single.get("order_edit"), single.get("order_deletion")
        return cls(
            root=root,
            order=order if isinstance(order, Order) else None,
            edit=edit if isinstance(edit, OrderEdit) else None,
            deletion=deletion if isinstance(deletion, OrderDeletion) else None,
            payments=payments,
            refunds=refunds,
            conflicts=conflicts,
            first_seen=first_seen,
        )

    def collected(self) -> list[Payment]:
        """Successful captures and sales, oldest first."""
        found = [p for p in self.payments.values() if p.moves_cash and p.payment_kind is not PaymentKind.REFUND]
        return sorted(found, key=lambda p: (p.processed_at, p.external_id))

    def given_back(self) -> list[Payment]:
        """Successful refunds of cash, oldest first."""
        found = [p for p in self.payments.values() if p.moves_cash and p.payment_kind is PaymentKind.REFUND]
        return sorted(found, key=lambda p: (p.processed_at, p.external_id))


@dataclass(frozen=True)
class Applied:
    """What stands in the ERP for one key, and which effects are blocked."""

    posted: Mapping[Ref, Posted] = field(default_factory=dict)
    blocked: Mapping[str, Blocked] = field(default_factory=dict)
    discarded: frozenset[Ref] = frozenset()
    """Documents that a person ended for good: nothing more is done for them."""

    def document(self, root: Ref, kind: Kind, external_id: str) -> Posted | None:
        """Return the posted document of one entity of this key."""
        return self.posted.get(
            Ref.trusted(external_source=root.external_source, tenant=root.tenant, kind=kind, external_id=external_id)
        )


def posted(document: Ref, detail: str = "") -> Verdict:
    """Everything that this document asks for stands in the ERP, proven."""
    return _verdict(document, OutcomeName.POSTED, detail)


def unchanged(document: Ref, detail: str) -> Verdict:
    """Nothing in it asks for a change."""
    return _verdict(document, OutcomeName.UNCHANGED, detail)


def superseded(document: Ref, detail: str) -> Verdict:
    """Something newer about the same entity is known."""
    return _verdict(document, OutcomeName.SUPERSEDED, detail)


def skipped(document: Ref, reason: Reason, detail: str) -> Verdict:
    """A rule says that it is not ours to post."""
    return _verdict(document, OutcomeName.SKIPPED, detail, reason)


def waiting(document: Ref, reason: Reason, detail: str) -> Verdict:
    """Nothing is wrong; the shop is not that far yet."""
    return _verdict(document, OutcomeName.WAITING, detail, reason)


def parked(document: Ref, reason: Reason, detail: str, *, release: str = "", amount: str = "") -> Verdict:
    """It cannot go on without something that `detail` names."""
    return _verdict(document, OutcomeName.PARKED, detail, reason, release, amount)


def _verdict(
    document: Ref,
    outcome: OutcomeName,
    detail: str,
    reason: Reason | None = None,
    release: str = "",
    amount: str = "",
) -> Verdict:
    return Verdict.trusted(
        document=document, outcome=outcome, reason=reason, detail=detail, release=release, amount=amount
    )
