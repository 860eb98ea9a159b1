"""From Arcus's documents to how ours stand there: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.base import Kind, Ref
from schemas.posted import Posted
from schemas.standing import Standing
from service.erp.arcus import identity, rereading
from service.erp.arcus.payloads import AccountDoc, CreditDoc, OrderDoc, PaymentDoc
from service.ports import Sight

GONE = frozenset({"voided", "failed"})
"""A payment that is in one of these states moves nothing."""
NO_ORDERS = frozenset({"account", "payment", "refund", "credit"})


@dataclass(slots=True)
class Seen:
    """What was read of one key so far."""

    began_at: float
    standings: dict[str, Standing] = field(default_factory=dict)
    after: dict[Ref, Posted] = field(default_factory=dict)
    missing: set[Ref] = field(default_factory=set)
    foreign: dict[Ref, tuple[str, ...]] = field(default_factory=dict)
    forgotten: set[Ref] = field(default_factory=set)
    payments: dict[str, PaymentDoc] = field(default_factory=dict)
    """Payments that came along with their orders."""

    def order(self, posted: Posted, doc: OrderDoc, others: Collection[str]) -> None:
        """Take an order of ours; `others` are the ids of our payments."""
        after = rereading.order(posted, doc, at=self.began_at)
        there = {line.id for line in doc.line_items or ()}
        if doc.line_items is not None:
            after = after.model_copy(update={"lines": tuple(one for one in after.lines if one.erp_id in there)})
        self.after[posted.document] = after
        self.standings[doc.id] = of_order(posted.document, doc, posted.currency, at=self.began_at)
        for payment in doc.payments or ():
            self.payments[payment.id] = payment
        strangers = [one for one in doc.payments or () if one.id not in others and one.status not in GONE]
        ours = f"{posted.document.tenant}:"
        if any((one.external_reference or one.reference).startswith(ours) for one in strangers):
            self.forgotten.add(posted.document)
        elif strangers:
            self.foreign[posted.document] = tuple(f"{one.id} over {one.amount.normalize():f}" for one in strangers)

    def former(self, document: Ref, doc: OrderDoc, currency: str) -> None:
        """Take an earlier revision, or one whose receipt was lost: how it stands, and nothing more."""
        self.standings[doc.id] = of_order(document, doc, currency, at=self.began_at)

    def payment(self, posted: Posted, doc: PaymentDoc) -> None:
        """Take a payment of ours."""
        self.after[posted.document] = rereading.payment(posted, doc, at=self.began_at)
        self.standings[doc.id] = Standing(
            document=posted.document,
            erp_id=doc.id,
            document_type="payment",
            status=doc.status,
            currency=posted.currency,
            total=doc.amount,
            refunded=doc.amount_refunded,
            account_erp_id=doc.account_id,
            updated_at=doc.updated_at,
            read_at=self.began_at,
        )

    def credit(self, posted: Posted, rows: Sequence[CreditDoc]) -> None:
        """Take a credit of ours from its account's list; one that is not on it is gone."""
        doc = next((row for row in rows if row.id == posted.erp_id), None)
        if doc is None:
            self.lost(posted)
            return
        self.after[posted.document] = rereading.credit(posted, rows, at=self.began_at)
        self.standings[doc.id] = Standing(
            document=posted.document,
            erp_id=doc.id,
            number=doc.credit_memo_number,
            document_type="credit",
            status=doc.status,
            currency=posted.currency,
            total=doc.amount,
            paid=doc.amount_applied,
            account_erp_id=doc.account_id,
            updated_at=doc.updated_at,
            read_at=self.began_at,
        )

    def account(self, posted: Posted, chain: Sequence[AccountDoc]) -> None:
        """Take an account, followed through its merges; each of them stands for itself."""
        self.after[posted.document] = rereading.account(posted, chain[-1], at=self.began_at)
        for doc in chain:
            self.standings[doc.id] = Standing(
                document=posted.document,
                erp_id=doc.id,
                number=doc.account_number,
                document_type="account",
                status="inactive" if doc.is_active is False else "active",
                merged_into=doc.merged_into_account_id,
                updated_at=doc.updated_at,
                read_at=self.began_at,
            )

    def lost(self, posted: Posted) -> None:
        """Take note that the ERP does not know a document of ours."""
        self.missing.add(posted.document)
        self.standings[posted.erp_id] = Standing(
            document=posted.document,
            erp_id=posted.erp_id,
            number=posted.erp_number,
            document_type=posted.document_type,
            currency=posted.currency,
            read_at=self.began_at,
            missing=True,
        )

    def sight(self) -> Sight:
        """Return everything."""
        return Sight(
            began_at=self.began_at,
            standings=tuple(self.standings.values()),
            after=self.after,
            missing=frozenset(self.missing),
            foreign=self.foreign,
            forgotten=frozenset(self.forgotten),
        )


def of_order(document: Ref, doc: OrderDoc, currency: str, *, at: float) -> Standing:
    """Return how an order of any type stands, in Arcus's words."""
    return Standing(
        document=document,
        erp_id=doc.id,
        number=doc.order_number,
        document_type=doc.document_type,
        status=doc.order_status or doc.status,
        payment_status=doc.payment_status,
        fulfilment_status=doc.fulfillment_status,
        currency=currency,
        total=doc.order_total,
        paid=doc.amount_paid,
        balance=doc.balance_due,
        account_erp_id=doc.account_id,
        updated_at=doc.updated_at,
        read_at=at,
    )


def differs(known: Standing | None, doc: OrderDoc) -> bool:
    """Whether a row of the order list shows something else than what was last read."""
    if known is None:
        return True
    return known != of_order(known.document, doc, known.currency, at=known.read_at)


def tagged(metadata: Mapping[str, object]) -> Ref | None:
    """Return the document of ours that a tag names."""
    if not identity.is_tagged(metadata):
        return None
    try:
        kind = Kind(str(metadata["kind"]))
    except ValueError:
        return None
    return Ref(
        external_source=str(metadata["external_source"]),
        tenant=str(metadata["tenant"]),
        kind=kind,
        external_id=str(metadata["external_id"]),
    )
