"""What a look at a key begins with: what arrived, what of it cannot be read, and whether anything may be done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from schemas.base import Ref
from schemas.outcome import DOUBTS, OutcomeName, Reason, Verdict
from service.pipeline.run import event_ends, marks, root_of
from service.plan.policy import Policy
from service.ports import Arrival, Closing, EventEnd, Opened, Priority


@dataclass(frozen=True, slots=True)
class Rejected:
    """An arrival whose content cannot be booked; its verdict is already known."""

    arrival: Arrival
    verdict: Verdict | None
    end: EventEnd
    lasting: bool = True
    """Whether that is said until sound news come, and not only until the key is looked at again."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Look at the key although nothing arrived."""

    priority: Priority = Priority.RECOVERY


@dataclass(frozen=True, slots=True)
class News:
    """What arrived for one key, in its order."""

    arrivals: Sequence[Arrival]
    ends: Sequence[EventEnd]
    """Of the events that cannot be booked."""
    unread: Mapping[Ref, Verdict]
    """Documents whose last news cannot be booked, with the reason."""
    lasting: Collection[Ref]
    """Those of them of which that is said until sound news come."""

    def over(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Put what is said of unreadable news over what follows from older ones, which keeps its release condition.

        A doubt is not hidden: it is told along.
        """
        said = {verdict.document: verdict for verdict in verdicts}
        for document, unread in self.unread.items():
            hidden = said.get(document)
            if hidden is not None and hidden.reason in DOUBTS:
                detail = f"{hidden.detail}; and its last news cannot be booked: {unread.detail}"
                said[document] = hidden.model_copy(update={"detail": detail})
                continue
            release = unread.release or (hidden.release if hidden is not None else "")
            said[document] = unread.model_copy(update={"release": release})
        return list(said.values())

    def closing(self, opened: Opened, policy: Policy | None, verdicts: Sequence[Verdict]) -> Closing:
        """Say how the key is left: `verdicts` follow from what is known; news that cannot be read come over them."""
        known = opened.known
        refs = {fact.ref for arrival in self.arrivals for fact in arrival.event.facts}
        said = self.over(verdicts)
        if any(arrival.position is None for arrival in self.arrivals):  # the shop was asked for all of it
            refs |= {root_of(opened.lease.key), *known}
        return Closing(
            opened.lease,
            verdicts=said,
            settled=marks(opened, policy, said),
            events=[*self.ends, *event_ends(self.arrivals, opened, policy, verdicts)],
            unread={one.document for one in said if one.reason not in DOUBTS} & set(self.lasting),
            heard={ref for ref in refs - self.unread.keys() if ref not in known or known[ref].settled_under is None},
        )


@dataclass(frozen=True, slots=True)
class Stay:
    """Why nothing is done for a key for now."""

    outcome: OutcomeName
    reason: Reason
    detail: str
    release: str = ""


def news(work: Sequence[Arrival | Rejected | Wake]) -> News:
    """Sort the work of one look. Sound news about a document end what was said of unreadable ones before them."""
    unread: dict[Ref, Rejected] = {}
    for item in work:
        if isinstance(item, Rejected) and item.verdict is not None:
            unread[item.verdict.document] = item
        elif isinstance(item, Arrival):
            for fact in item.event.facts:
                unread.pop(fact.ref, None)
    arrivals = [item for item in work if isinstance(item, Arrival)]
    ends = [item.end for item in work if isinstance(item, Rejected)]
    said = {ref: item.verdict for ref, item in unread.items() if item.verdict is not None}
    return News(arrivals, ends, said, {ref for ref, item in unread.items() if item.lasting})


def stayed(opened: Opened, told: News, stay: Stay, policy: Policy | None) -> Closing:
    """Leave a key as it is. What is settled stays what it was."""
    verdicts = [
        Verdict(document=ref, outcome=stay.outcome, reason=stay.reason, detail=stay.detail, release=stay.release)
        for ref, known in opened.known.items()
        if known.settled_under is None or (policy is not None and known.settled_under != policy.version)
    ]
    return told.closing(opened, policy, verdicts)
