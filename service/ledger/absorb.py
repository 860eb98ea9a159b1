"""What becomes of a fact when it meets what is known of its entity. Pure, and the same in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from schemas.base import Kind, Version
from schemas.event import Fact
from schemas.order import Order, OrderDeletion, OrderEdit
from schemas.payment import Payment
from schemas.refund import Refund
from service.ledger.digest import SCHEME, digest, same_content
from service.ports import Absorbed

LINKS: Final = ("parent_id", "refund_id", "shop_money", "rounding", "name")
"""What one road of a transaction tells and another leaves out: once known it stays (correctness 1)."""

_TYPES: Final[dict[str, type[Order | OrderEdit | OrderDeletion | Payment | Refund]]] = {
    Kind.ORDER: Order,
    Kind.ORDER_EDIT: OrderEdit,
    Kind.ORDER_DELETION: OrderDeletion,
    Kind.PAYMENT: Payment,
    Kind.REFUND: Refund,
}


def dump(fact: Fact) -> str:
    """Write a fact as the ledger keeps it; defaults are left out and come back when it is read."""
    return fact.model_dump_json(exclude_defaults=True)


def load(kind: str, text: str) -> Fact:
    """Read what `dump` wrote."""
    return _TYPES[kind].model_validate_json(text)


@dataclass(slots=True)
class Seen:
    """The newest accepted fact about an entity, as the ledger keeps it; read only when it is needed."""

    kind: str
    version: str
    digest: str
    text: str = ""
    conflict: bool = False
    settled_version: str = ""
    settled_digest: str = ""
    settled_policy: str = ""
    read: Fact | None = None

    @property
    def fact(self) -> Fact:
        """The fact itself."""
        if self.read is None:
            self.read = load(self.kind, self.text)
        return self.read

    @property
    def settled_under(self) -> str | None:
        """The policy version under which this very version and content is settled, if it is."""
        proven = self.settled_digest == self.digest and self.settled_version == self.version
        return self.settled_policy if proven and self.settled_policy else None

    def replaced(self, fact: Fact, content: str, *, conflict: bool = False) -> Seen:
        """Put a newer fact in its place; the settled mark stays what it was, and no longer fits."""
        settled = (self.settled_version, self.settled_digest, self.settled_policy)
        return Seen(self.kind, str(fact.version), content, "", conflict, *settled, read=fact)


def absorb(seen: Seen | None, fact: Fact, content: str) -> tuple[Seen, Absorbed]:
    """Keep the newer of two facts; a link that only the other one tells is added to it. `content` is its digest."""
    if seen is None:
        return Seen(fact.entity, str(fact.version), content, read=fact), Absorbed.NEWER
    known = Version.parse(seen.version)
    if fact.version.ties(known):
        return _tie(seen, fact, content)
    if fact.version < known:
        return _enriched(seen, fact, Absorbed.OLDER)
    newer = _linked(fact, seen)
    return seen.replaced(newer, content if newer is fact else digest(newer)), Absorbed.NEWER


def _tie(seen: Seen, fact: Fact, content: str) -> tuple[Seen, Absorbed]:
    if content == seen.digest or not seen.digest.startswith(SCHEME):
        return seen, Absorbed.SAME
    enriched, absorbed = _enriched(seen, fact, Absorbed.SAME)
    if same_content(enriched.fact, _linked(fact, enriched)):
        return enriched, absorbed
    flagged = seen.replaced(seen.fact, seen.digest, conflict=True)
    flagged.version = seen.version
    return flagged, Absorbed.CONFLICT


def _enriched(seen: Seen, fact: Fact, otherwise: Absorbed) -> tuple[Seen, Absorbed]:
    if not isinstance(fact, Payment):
        return seen, otherwise
    merged = _linked(seen.fact, Seen(seen.kind, "", "", read=fact))
    if merged is seen.fact:
        return seen, otherwise
    return seen.replaced(merged, digest(merged), conflict=seen.conflict), Absorbed.NEWER


def _linked(fact: Fact, other: Seen) -> Fact:
    """`fact` with the links that only `other` tells; `fact` itself where there are none."""
    if not isinstance(fact, Payment):
        return fact
    told: dict[str, Any] = {name: getattr(other.fact, name) for name in LINKS}
    missing = {name: value for name, value in told.items() if value not in (None, "") and not _told(fact, name)}
    return fact.model_copy(update=missing) if missing else fact


def _told(fact: Payment, name: str) -> bool:
    return getattr(fact, name) not in (None, "")
