"""The search index: what people call a document, and the key where it is found."""

from __future__ import annotations

from typing import Final

from schemas.event import Fact
from schemas.order import Order
from schemas.payment import Payment
from service.ledger.rows import TEXT, Row, insert

INSERT: Final = insert(
    "names", [("external_source", TEXT), ("name", TEXT), ("key", TEXT)], "(external_source, name, key) DO NOTHING"
)


def plain(text: str) -> str:
    """How a name is looked up: `#1001`, ` 1001` and `1001` are the same."""
    return text.strip().lstrip("#").casefold()


def rows(key: str, fact: Fact) -> list[Row]:
    """The names by which a fact can be found; its id is found without them."""
    said: tuple[str, ...] = ()
    if isinstance(fact, Order):
        said = (fact.name, fact.number)
    elif isinstance(fact, Payment):
        said = (fact.name,)
    return [(fact.external_source, name, key) for name in {plain(text) for text in said} if name]
