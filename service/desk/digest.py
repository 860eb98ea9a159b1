"""What people are told of parked work: how much, since when, why, and what to do. Pure; no document, no person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation

from schemas.outcome import Reason
from service.desk.words import words
from service.ports import Parked

Json = dict[str, object]
HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Pile:
    """What is parked in one tenant for one reason."""

    reason: Reason
    count: int
    new: int
    amounts: tuple[tuple[str, Decimal], ...]
    """By currency, of the documents that name one."""
    oldest: float


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything that is parked at a moment; new is what was parked since people were told last."""

    at: float
    since: float
    tenants: tuple[tuple[str, tuple[Pile, ...]], ...]
    """By `source tenant`; the largest pile first."""

    @property
    def count(self) -> int:
        """How many documents are parked."""
        return sum(pile.count for _, piles in self.tenants for pile in piles)

    @property
    def new(self) -> int:
        """How many of them are new."""
        return sum(pile.new for _, piles in self.tenants for pile in piles)


def digest(parked: Sequence[Parked], *, since: float, now: float) -> Digest:
    """Sum up what is parked."""
    piles: dict[str, dict[Reason, list[Parked]]] = defaultdict(lambda: defaultdict(list))
    for one in parked:
        piles[f"{one.document.external_source} {one.document.tenant}"][one.reason].append(one)
    tenants = tuple(
        (name, tuple(sorted((_pile(reason, held, since) for reason, held in of.items()), key=_largest_first)))
        for name, of in sorted(piles.items())
    )
    return Digest(now, since, tenants)


def _pile(reason: Reason, held: Sequence[Parked], since: float) -> Pile:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for one in held:
        figure, _, currency = one.amount.partition(" ")
        try:
            amount = Decimal(figure)
        except InvalidOperation:
            continue  # it names no amount
        amounts[currency] += amount
    new = sum(one.since > since for one in held)
    return Pile(reason, len(held), new, tuple(sorted(amounts.items())), min(one.since for one in held))


def _largest_first(pile: Pile) -> tuple[int, str]:
    return -pile.count, pile.reason.value


def headline(told: Digest) -> str:
    """One line."""
    since = f" since {_moment(told.since)}" if told.since else ""
    if not told.count:
        return "Nothing is parked."
    return f"{told.count} parked, {told.new} new{since}"


def as_text(told: Digest) -> str:
    """The whole as text, for chats and mail."""
    lines = [headline(told)]
    for name, piles in told.tenants:
        lines += ["", f"{name}: {sum(pile.count for pile in piles)} parked, {sum(pile.new for pile in piles)} new"]
        for pile in piles:
            amounts = "".join(f", {amount:f} {currency}" for currency, amount in pile.amounts)
            said = words(pile.reason)
            lines.append(
                f"- {pile.reason.value}: {pile.count} ({pile.new} new){amounts}, oldest {_age(told.at - pile.oldest)}"
            )
            lines.append(f"  {said.says}" + (f" Fix: {said.fix}" if said.fix else ""))
    if told.count:
        lines += ["", "`orderferry parked list` shows each document."]
    return "\n".join(lines)


def as_data(told: Digest) -> Json:
    """The whole as data, for webhooks."""
    return {
        "kind": "orderferry.parked_digest",
        "at": _iso(told.at),
        "since": _iso(told.since) if told.since else None,
        "parked": told.count,
        "new": told.new,
        "tenants": [
            {"tenant": name, "reasons": [_reason(pile, told.at) for pile in piles]} for name, piles in told.tenants
        ],
    }


def _reason(pile: Pile, now: float) -> Json:
    said = words(pile.reason)
    return {
        "reason": pile.reason.value,
        "parked": pile.count,
        "new": pile.new,
        "amounts": {currency: f"{amount:f}" for currency, amount in pile.amounts},
        "oldest": _iso(pile.oldest),
        "oldest_seconds": round(now - pile.oldest),
        "says": said.says,
        "fix": said.fix,
    }


def last_slot(now: float, *, every_h: float, at: Sequence[time], zone: tzinfo) -> float | None:
    """The last time before now at which people are to be told, unix seconds; None where they never are."""
    if every_h:
        return now // (every_h * HOUR_S) * every_h * HOUR_S
    here = datetime.fromtimestamp(now, zone)
    days = (here.date(), here.date() - timedelta(days=1))
    slots = [datetime.combine(day, clock, zone).timestamp() for day in days for clock in at]
    return max((slot for slot in slots if slot <= now), default=None)


def _age(seconds: float) -> str:
    hours, minutes = divmod(max(0, int(seconds)) // 60, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
