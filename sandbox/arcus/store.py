"""The tables of one entity: documents are never changed in place, so that a transaction and the past can be seen."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from sandbox.arcus.errors import Doc
from sandbox.arcus.money import quantum

TABLES = (
    "orders",
    "accounts",
    "products",
    "payments",
    "credits",
    "returns",
    "balances",
    "payment_methods",
    "settings",
    "webhook_endpoints",
)
STALE_HORIZON = 30.0  # seconds of past that a stale read may reach back to
NUMBERS = {
    "orders": "order_number",
    "accounts": "account_number",
    "credits": "credit_memo_number",
    "returns": "return_number",
}

Keys = Callable[[Doc], tuple[str, ...]]


def _payment_orders(doc: Doc) -> tuple[str, ...]:
    return tuple(part["order_id"] for part in doc["applications"])


# index name -> (table, the keys under which a document is found)
INDEXES: dict[str, tuple[str, Keys]] = {
    "order_number": ("orders", lambda doc: (doc["order_number"],)),
    "order_account": ("orders", lambda doc: (doc["account_id"],)),
    "payment_order": ("payments", _payment_orders),
    "payment_account": ("payments", lambda doc: (doc["account_id"],)),
    "credit_account": ("credits", lambda doc: (doc["account_id"],)),
    "return_order": ("returns", lambda doc: (doc["original_order_id"],)),
    "method_account": ("payment_methods", lambda doc: (doc["account_id"],)),
    "balance_product": ("balances", lambda doc: (doc["product_id"],)),
}
_INDEXES_OF = {table: [(name, keys) for name, (owner, keys) in INDEXES.items() if owner == table] for table in TABLES}


class View(Protocol):
    """What a handler reads: now, or a moment ago."""

    def get(self, table: str, ident: str) -> Doc | None:
        """Return one document."""

    def find(self, index: str, key: str) -> Iterator[Doc]:
        """Documents of one index key, oldest first."""

    def scan(self, table: str, *, newest_first: bool = False) -> Iterator[Doc]:
        """Every document of a table in order of creation."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What a document was before one change; None before its creation."""

    at: float
    table: str
    ident: str
    before: Doc | None


class Entity:
    """One tenant's books. `commit` is the only way to change them."""

    def __init__(self, *, code: str, ident: str, currency: str) -> None:
        self.code = code
        self.id = ident
        self.currency = currency
        self.smallest = quantum(currency)
        self.tables: dict[str, dict[str, Doc]] = {name: {} for name in TABLES}
        self.indexes: dict[str, dict[str, dict[str, None]]] = {name: {} for name in INDEXES}
        self.numbers: dict[str, int] = {}
        self.undo: deque[Undo] = deque()

    @property
    def settings(self) -> Doc:
        """The entity's settings."""
        return self.tables["settings"].get(self.id, {})

    def commit(self, changes: list[tuple[str, Doc]], at: float) -> None:
        """Put the documents in place; `at` is monotonic seconds."""
        for table, doc in changes:
            rows, ident = self.tables[table], doc["id"]
            self.undo.append(Undo(at, table, ident, rows.get(ident)))
            rows[ident] = doc
            for name, keys in _INDEXES_OF[table]:
                index = self.indexes[name]
                for key in keys(doc):
                    index.setdefault(key, {})[ident] = None
        while self.undo and self.undo[0].at < at - STALE_HORIZON:
            self.undo.popleft()

    def note_numbers(self, table: str, doc: Doc) -> None:
        """After a restart: continue numbering above what was given out."""
        field = NUMBERS.get(table)
        if field is not None:
            prefix, _, number = doc[field].rpartition("-")
            self.numbers[prefix] = max(self.numbers.get(prefix, 0), int(number))

    def get(self, table: str, ident: str) -> Doc | None:
        """Return one document."""
        return self.tables[table].get(ident)

    def find(self, index: str, key: str) -> Iterator[Doc]:
        """Documents of one index key, oldest first; the index may name some that have moved away."""
        table, keys = INDEXES[index]
        rows = self.tables[table]
        for ident in self.indexes[index].get(key, ()):
            doc = rows[ident]
            if key in keys(doc):
                yield doc

    def scan(self, table: str, *, newest_first: bool = False) -> Iterator[Doc]:
        """Every document of a table in order of creation."""
        rows = self.tables[table].values()
        return iter(reversed(rows) if newest_first else rows)


class Past:
    """The entity as it was at a moment inside the stale horizon."""

    def __init__(self, entity: Entity, moment: float) -> None:
        self._entity = entity
        self._changed: dict[tuple[str, str], Doc | None] = {}
        for step in reversed(entity.undo):
            if step.at <= moment:
                break
            self._changed[step.table, step.ident] = step.before

    def get(self, table: str, ident: str) -> Doc | None:
        """Return one document as it was."""
        if (table, ident) in self._changed:
            return self._changed[table, ident]
        return self._entity.get(table, ident)

    def find(self, index: str, key: str) -> Iterator[Doc]:
        """Documents of one index key as they were."""
        table, keys = INDEXES[index]
        for ident in self._entity.indexes[index].get(key, ()):
            doc = self.get(table, ident)
            if doc is not None and key in keys(doc):
                yield doc

    def scan(self, table: str, *, newest_first: bool = False) -> Iterator[Doc]:
        """Every document of a table as it was."""
        for live in self._entity.scan(table, newest_first=newest_first):
            doc = self.get(table, live["id"])
            if doc is not None:
                yield doc


class Transaction:
    """Reads its own writes; nothing is seen by others before the commit."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self._staged: dict[tuple[str, str], Doc] = {}

    @property
    def changes(self) -> list[tuple[str, Doc]]:
        """What would be committed, in order of first touch."""
        return [(table, doc) for (table, _), doc in self._staged.items()]

    def put(self, table: str, doc: Doc) -> Doc:
        """Stage a whole document."""
        self._staged[table, doc["id"]] = doc
        return doc

    def number(self, prefix: str, *, digits: int = 6) -> str:
        """Return the next human number; a refused request leaves a gap, as sequences do."""
        numbers = self.entity.numbers
        numbers[prefix] = numbers.get(prefix, 0) + 1
        return f"{prefix}-{numbers[prefix]:0{digits}d}"

    def get(self, table: str, ident: str) -> Doc | None:
        """Return one document, staged or committed."""
        return self._staged.get((table, ident)) or self.entity.get(table, ident)

    def find(self, index: str, key: str) -> Iterator[Doc]:
        """Documents of one index key, committed ones in their staged form, then new ones."""
        table, keys = INDEXES[index]
        seen = set()
        for live in self.entity.find(index, key):
            doc = self._staged.get((table, live["id"]), live)
            seen.add(doc["id"])
            if key in keys(doc):
                yield doc
        for (owner, ident), doc in self._staged.items():
            if owner == table and ident not in seen and key in keys(doc):
                yield doc

    def scan(self, table: str, *, newest_first: bool = False) -> Iterator[Doc]:
        """Committed documents of a table; handlers that write do not list."""
        return self.entity.scan(table, newest_first=newest_first)
