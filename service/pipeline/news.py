"""What a look at a key begins with: what arrived, what of it cannot be read, and whether anything may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.base import Ref
from schemas.outcome import OutcomeName, Reason, Verdict
from service.pipeline.run import event_ends
from service.plan.policy import Policy
from service.ports import Arrival, EventEnd, Opened, Priority


@dataclass(frozen=True, slots=True)
class Rejected:
    """An arrival whose content cannot be booked; its verdict is already known."""

    arrival: Arrival
    verdict: Verdict | None
    end: EventEnd


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

    def over(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Put what is said of unreadable news over what follows from older ones, which keeps its release condition."""
        said = {verdict.document: verdict for verdict in verdicts}
        for document, unread in self.unread.items():
            hidden = said.get(document)
            release = unread.release or (hidden.release if hidden is not None else "")
            said[document] = unread.model_copy(update={"release": release})
        return list(said.values())


@dataclass(frozen=True, slots=True)
class Stay:
    """Why nothing is done for a key for now."""

    outcome: OutcomeName
    reason: Reason
    detail: str
    release: str = ""


def news(work: Sequence[Arrival | Rejected | Wake]) -> News:
    """Sort the work of one look. Sound news about a document end what was said of unreadable ones before them."""
    unread: dict[Ref, Verdict] = {}
    for item in work:
        if isinstance(item, Rejected) and item.verdict is not None:
            unread[item.verdict.document] = item.verdict
        elif isinstance(item, Arrival):
            for fact in item.event.facts:
                unread.pop(fact.ref, None)
    arrivals = [item for item in work if isinstance(item, Arrival)]
    return News(arrivals, [item.end for item in work if isinstance(item, Rejected)], unread)


def stayed(
    opened: Opened, told: News, stay: Stay, policy: Policy | None
) -> tuple[list[Verdict], tuple[()], list[EventEnd]]:
    """Return verdicts, marks and ends for a key that is left as it is. What is settled stays what it was."""
    verdicts = [
        Verdict(document=ref, outcome=stay.outcome, reason=stay.reason, detail=stay.detail, release=stay.release)
        for ref, known in opened.known.items()
        if known.settled_under is None or (policy is not None and known.settled_under != policy.version)
    ]
    return told.over(verdicts), (), [*told.ends, *event_ends(told.arrivals, opened, policy, verdicts)]
