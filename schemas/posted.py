"""What stands in the ERP, as far as we know: the applied state of one document."""

from __future__ import annotations

from enum import StrEnum

from schemas.base import Amount, Frozen, Ref
from schemas.effect import Component
from schemas.order import ZERO


class PostedStatus(StrEnum):
    """Where the ERP's document stands."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    HELD = "held"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class PostedLine(Frozen):
    """One line as the ERP says it has it."""

    line_id: str
    component: Component
    erp_id: str
    quantity: int
    rate: Amount
    total: Amount


class PostedAdjustment(Frozen):
    """A fee (positive) or discount (negative) of ours on the ERP's document."""

    label: str
    component: Component
    amount: Amount


class ByHand(Frozen):
    """What people changed in the ERP after us. It is never undone."""

    what: str
    """The fields with the value before and after, for a person."""
    accepted: bool = False
    """Whether it is right as it is now: by the tenant's policy, or because a person said so."""
    sale: str = ""
    """Digest of the shop's sale at that time: a later change of it cannot be brought together with this one."""


class Posted(Frozen):
    """One document of ours in the ERP. Which fields mean something depends on `document.kind`."""

    document: Ref
    erp_id: str
    erp_number: str = ""
    document_type: str = ""
    status: PostedStatus = PostedStatus.CONFIRMED
    currency: str
    revision: int = 1
    account_erp_id: str = ""
    order_erp_id: str = ""
    ship_to_erp_id: str = ""
    bill_to_erp_id: str = ""
    lines: tuple[PostedLine, ...] = ()
    adjustments: tuple[PostedAdjustment, ...] = ()
    discount: Amount = ZERO
    fees: Amount = ZERO
    tax: Amount = ZERO
    """Tax that the ERP itself computed; ours are lines."""
    shipping: Amount = ZERO
    total: Amount = ZERO
    """Of a payment: its amount. Of a refund: the value given back."""
    paid: Amount = ZERO
    balance: Amount = ZERO
    refunded: Amount = ZERO
    """Of a payment: how much of it was given back so far."""
    addresses: tuple[tuple[str, str], ...] = ()
    """Of an account: digest of an address to its id in the ERP."""
    read_at: float = 0.0
    """When the ERP last said so, unix seconds of our clock."""
    told_at: float = 0.0
    """When it last said so of a change of ours, in its answer or found later; a read may be older. 0 is never."""
    source_version: str = ""
    policy_version: str = ""
    hold: str = ""
    """What holds it in the ERP, in the ERP's words."""
    by_hand: ByHand | None = None
    """What people changed there since we posted it."""

    def carried(self, after: Posted) -> Posted:
        """Put a receipt over what was known: its scalars are the ERP's now, its lists only what was added.

        A receipt of another ERP document (a further revision) replaces everything.
        """
        if after.erp_id != self.erp_id:
            return after
        lines = {line.erp_id: line for line in (*self.lines, *after.lines)}
        return after.model_copy(
            update={
                "lines": tuple(lines.values()),
                "adjustments": (*self.adjustments, *after.adjustments),
                "addresses": tuple(dict((*self.addresses, *after.addresses)).items()),
                "revision": self.revision,
                "erp_number": after.erp_number or self.erp_number,
                "order_erp_id": after.order_erp_id or self.order_erp_id,
                "ship_to_erp_id": after.ship_to_erp_id or self.ship_to_erp_id,
                "bill_to_erp_id": after.bill_to_erp_id or self.bill_to_erp_id,
                "policy_version": self.policy_version or after.policy_version,
                "by_hand": self.by_hand,
            }
        )
