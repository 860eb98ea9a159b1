"""What must be true of one document in the end."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Stands = Literal["absent", "draft", "open", "cancelled"]
Profile = Literal["lenient", "strict"]
End = Literal["sales_order", "invoice", "overtaken", "absent"]
"""How a root may end, by what was heard first: as that type of document, as a draft that was never confirmed because
the shop cancelled or shipped meanwhile, or not at all."""


@dataclass(frozen=True, slots=True)
class Name:
    """A document's name in the shop."""

    tenant: str
    kind: str
    ident: str

    def __str__(self) -> str:
        """As violations print it."""
        return f"{self.kind} {self.ident} of {self.tenant}"


@dataclass(frozen=True, slots=True)
class Want:
    """One document: its outcome, and what the ERP must hold of it."""

    name: Name
    root: str
    outcome: str
    reason: str | None = None
    end: End = "absent"
    """With which end of its root this is wanted; a root has several where the arrival decides."""
    stands: Stands = "absent"
    """Orders: how the ERP's document stands."""
    amounts: dict[str, Decimal] = field(default_factory=dict)
    """What the ERP must hold, by component; of a payment its `amount`, of a goodwill refund its `credit`."""
    paid: Decimal = Decimal(0)
    """Orders: cash recorded less cash given back."""
    parent: str = ""
    """Refunded cash: the transaction that it was taken from."""
    account: str = ""
    """Orders: the account that it must hang on."""
    version: str = ""
    """The newest version that the log holds of it."""
    method: str = ""
    day: str = ""

    @property
    def fate(self) -> tuple[str, str | None]:
        """Outcome and reason."""
        return self.outcome, self.reason
