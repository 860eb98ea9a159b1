"""What a handler is given and what it gives back."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from sandbox.arcus.errors import Doc, not_found
from sandbox.arcus.profile import Profile
from sandbox.arcus.store import Entity, Transaction, View

PREFIXES = {
    "order": "ord",
    "account": "acc",
    "address": "adr",
    "product": "prd",
    "variant": "var",
    "line": "li",
    "payment": "pay",
    "refund": "ref",
    "credit": "crm",
    "return": "rma",
    "method": "pm",
    "location": "loc",
    "webhook": "we",
}


class Ids:
    """Ids by seed: the same seed and start give the same ids."""

    def __init__(self, seed: str, *, form: Literal["uuid", "prefixed"]) -> None:
        self._random = random.Random(seed)
        self._form = form

    def new(self, kind: str) -> str:
        """Return a fresh id of a kind of record."""
        digits = f"{self._random.getrandbits(128):032x}"
        if self._form == "prefixed":
            return f"{PREFIXES.get(kind, kind)}_{digits.upper()[:26]}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def request(self) -> str:
        """Return a request id."""
        return f"req_{self._random.getrandbits(96):024x}"


class Happening(NamedTuple):
    """One committed write as the activity list tells it."""

    seq: int
    at: str
    route: str
    resource: str
    resource_id: str | None
    request_id: str
    actor: str = "api_key"


@dataclass(slots=True)
class Call:
    """One request as a handler sees it."""

    entity: Entity
    view: View
    tx: Transaction
    """The same as `view` for writes."""
    profile: Profile
    ids: Ids
    at: float
    """Unix seconds by the sandbox's clock."""
    now: str
    path_ids: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    expand: tuple[str, ...] = ()
    body: Doc = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    tax_down: bool = False
    path: str = ""
    activity: list[Happening] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)

    @property
    def smallest(self) -> Decimal:
        """The entity's minor unit."""
        return self.entity.smallest

    @property
    def today(self) -> str:
        """The date in UTC."""
        return self.now[:10]

    def need(self, table: str, ident: str, *, what: str, code: str = "not_found", param: str | None = None) -> Doc:
        """Return a document that must exist."""
        doc = self.view.get(table, ident)
        if doc is None:
            raise not_found(what, ident, code=code, param=param)
        return doc

    def order(self, ident: str, *, code: str = "not_found", param: str | None = None) -> Doc:
        """Return an order by id or by its human number."""
        found = self.view.get("orders", ident)
        if found is None:
            found = next(self.view.find("order_number", ident), None)
        if found is None:
            raise not_found("order", ident, code=code, param=param)
        return found


Wrap = Literal["always", "strict", "never"]


@dataclass(slots=True)
class Reply:
    """What a handler answers; the front decides about envelopes by the profile."""

    doc: Doc
    status: int = 200
    wrap: Wrap = "strict"
    siblings: Doc = field(default_factory=dict)
    """Fields beside the main object: beside `data` where it is wrapped, inside it where it is not."""
    subjects: tuple[str, ...] = ()
    """Ids of what the call was about, beyond the document's own: a look-up of one of them meets a fault."""
    order_id: str | None = None


Handler = Callable[[Call], Reply]


@dataclass(slots=True)
class Outcome:
    """An executed call: the bytes that answer it and the documents it changed."""

    status: int
    answer: bytes
    changes: list[tuple[str, Doc]] = field(default_factory=list)
    main: Doc | None = None
    main_bytes: bytes = b""
    """The main document's bytes as they stand inside the answer, so that it is written once."""
    subjects: tuple[str, ...] = ()
    order_id: str | None = None
    code: str | None = None
    """The error code where it was refused."""
    retry_after: int | None = None
