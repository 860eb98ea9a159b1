"""What of a read order the ledger should hear: what is newer than what it knows, not what only looks so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from schemas.base import Kind, Ref, Version
from schemas.event import Event, Fact
from schemas.order import Order
from service.ports import Known

_ASKED = 100_000  # above every rank of a body: the shop was asked after both of two that contradict each other


def what_is_new(event: Event, known: Mapping[Ref, Known], *, at: datetime, settle: timedelta) -> Event | None:
    """The event with the facts that say something; None where the order is too young to be taken for settled.

    `at` is when it was read, by the shop's clock. A change within the same second, or on its way to the copy that
    answered, would be missed: so the order, and the edit that is waited for, must be older than `settle`.
    """
    edited = max((one.fact.version.at for ref, one in known.items() if ref.kind is Kind.ORDER_EDIT), default=None)
    orders = [fact for fact in event.facts if isinstance(fact, Order)]
    moments = [order.updated_at for order in orders] + ([edited] if edited is not None else [])
    if any(moment > at - settle for moment in moments):
        return None
    news = [told for fact in event.facts if (told := _told(fact, known.get(fact.ref), edited, at)) is not None]
    return event.model_copy(update={"facts": tuple(news)})


def _told(fact: Fact, seen: Known | None, edited: datetime | None, at: datetime) -> Fact | None:
    """The fact as it is to be told, or None where it is known.

    The shop says one thing in two forms: what has the version that we know is left as we know it, so that a word that
    the forms spell differently is no contradiction.
    """
    version = fact.version
    if seen is not None and seen.conflict and seen.fact.version.at == version.at:
        return _at(fact, Version(at=version.at, triggered_at=at, rank=version.rank + _ASKED))
    if isinstance(fact, Order) and edited is not None and edited > version.at:
        # Read after the edit, it holds the edit: it is the order as of then, whatever its own clock says.
        late = Version(at=edited, triggered_at=version.triggered_at, rank=version.rank)
        return _at(fact, late) if seen is None or seen.fact.version.at < edited else None
    if seen is not None and seen.fact.version.at == version.at and version.rank <= seen.fact.version.rank:
        return None
    return fact


def _at(fact: Fact, version: Version) -> Fact:
    return fact.model_copy(update={"version": version})
