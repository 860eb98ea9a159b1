"""An ERP: pure words for requests, and the calls that carry them there and look them up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from schemas.effect import Effect
from schemas.outcome import Reason
from schemas.posted import Posted
from service.ports.intent import Intent, Step
from service.ports.priority import Priority


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this ERP can do; the planner sees it."""

    confirm_return: bool = True
    refund_minor_units: frozenset[int] = frozenset({2})
    """Currencies with these numbers of decimals may use the refund call (books 12)."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """ERP ids for what an effect names: lines in order, addresses, account."""

    products: Sequence[tuple[str, str | None]] = ()
    """(product id, variant id or None), one per line of the effect."""
    account_erp_id: str = ""
    ship_to_erp_id: str = ""
    bill_to_erp_id: str = ""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An effect cannot be turned into a request yet."""

    reason: Reason
    detail: str
    release: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ERP said it did: the documents as they stand there now."""

    posted: Sequence[Posted]
    erp_time: float = 0.0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Proof of presence: tenant, identity, amount and currency were compared."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """Complete scan without a match; `began_at` by our clock. Proof only together with the settle horizon."""

    began_at: float
    erp_time: float


@dataclass(frozen=True, slots=True)
class Unclear:
    """Neither: more than one found, or a value that is neither before nor after."""

    reason: Reason
    detail: str


class ERP(Protocol):
    """One ERP. `prerequisite`, `step` and `read` are pure; the rest is I/O and raises the names of service.errors."""

    name: str
    capabilities: Capabilities
    credential: str

    def prerequisite(self, effect: Effect, account: Posted | None) -> Effect | None:
        """Return the account or address effect that must be done before this one, if any."""
        ...

    async def resolve(self, effect: Effect, account: Posted | None, *, priority: Priority) -> Resolution | Unresolved:
        """Look up what the effect names (products by SKU, addresses of the account)."""
        ...

    def step(self, effect: Effect, resolution: Resolution) -> Step:
        """Turn an effect into its one request."""
        ...

    def admit(self, *, priority: Priority) -> AbstractAsyncContextManager[None]:
        """Wait for the breaker, a rate token and a free slot; held around `begin` and `publish` of one intent.

        The token is taken before the intent is committed, so that the intent's deadline bounds the call (correctness
        10 and 17). Raises Waiting.
        """
        ...

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        """Send the intent's exact bytes under its key. Raises Retryable, Unknown, Refused or Waiting."""
        ...

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        """Look an effect up by its tag, or compare the value now with before and after (correctness 10, 11).

        `forgotten` where the ledger was restored: what follows on the same document may have been done as well.
        """
        ...

    async def refresh(self, posted: Posted, *, priority: Priority) -> Posted:
        """Read a document again; our own tags (line ids, versions) are kept."""
        ...

    def reason(self, code: str, effect: Effect) -> Reason:
        """Say in our words why the ERP refused an effect with this code of its own."""
        ...

    def erp_time(self) -> float:
        """Return the ERP's clock now, as last seen and carried on by ours; 0 before the first answer."""
        ...

    def window_open(self, intent: Intent) -> bool:
        """Whether the same bytes under the same key are still recognised, by the ERP's clock minus a margin."""
        ...
