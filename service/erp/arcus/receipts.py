"""From an answer to a receipt: pure. An answer that lacks what a receipt needs proves nothing and is unknown.

For effects on something that is already posted, a receipt's scalars are the ERP's now, and its collections (lines,
adjustments, addresses) hold only what the effect added: `Posted.carried` puts them over what was known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import singledispatch

from schemas.effect import (
    AddAddress,
    AddLines,
    Adjust,
    Cancel,
    Confirm,
    CreateAccount,
    CreateOrder,
    Credit,
    Effect,
    RecordPayment,
    RefundCash,
    ReturnGoods,
    SaleLine,
)
from schemas.posted import Posted, PostedAdjustment, PostedLine
from service.erp.arcus import identity
from service.erp.arcus.order_state import Sent, adopted, matched, order_state, posted_lines
from service.erp.arcus.payloads import (
    AccountDoc,
    AddressDoc,
    BulkItems,
    CreditDoc,
    M,
    OrderDoc,
    PaymentDoc,
    Said,
    read,
)
from service.erp.arcus.wire import Doc, unwrap
from service.errors import Refused, Unknown


def understood(model: type[M], answer: Doc, *, what: str) -> M:
    """Return the answer as a model; raises Unknown where it lacks what the model needs."""
    found = read(model, unwrap(answer))
    if found is None:
        raise Unknown(what, f"the answer is not a complete {model.__name__.removesuffix('Doc').lower()}")
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to make a receipt of."""

    doc: Doc | Said
    sent: Sent
    what: str
    """Names the call in errors."""
    at: float
    """Our clock when it was read, unix seconds."""
    forgotten: bool = False
    """Whether later effects may have been done too, unknown to the ledger."""

    def as_model(self, model: type[M]) -> M:
        """Return the answer as a model; raises Unknown where it lacks what the model needs."""
        if isinstance(self.doc, Said):
            return model.model_validate(self.doc)
        return understood(model, self.doc, what=self.what)


@singledispatch
def posted(effect: Effect, answer: Answer) -> tuple[Posted, ...]:
    """Return the documents that an answer proves. Raises Unknown."""
    raise TypeError(f"no receipt of {type(effect).__name__} is known ({answer.what})")


# --- orders ------------------------------------------------------------------------------------------------------


def _mapped(ours: Sequence[SaleLine], doc: OrderDoc, answer: Answer) -> tuple[PostedLine, ...]:
    lines = doc.line_items or ()
    if answer.forgotten and (pairs := adopted(ours, answer.sent, lines)) is not None:
        return posted_lines(*pairs)
    found = matched(lines, answer.sent)
    if found is None:
        raise Unknown(answer.what, "the answer does not show every line that was sent")
    return posted_lines(ours, found)


@posted.register
def _created_order(effect: CreateOrder, answer: Answer) -> tuple[Posted, ...]:
    doc = answer.as_model(OrderDoc)
    lines = _mapped(effect.lines, doc, answer)
    return (order_state(doc, effect, at=answer.at, lines=lines, revision=effect.revision),)


@posted.register
def _returned(effect: ReturnGoods, answer: Answer) -> tuple[Posted, ...]:
    doc = answer.as_model(OrderDoc)
    lines = _mapped(effect.lines, doc, answer)
    return (order_state(doc, effect, at=answer.at, lines=lines, order_erp_id=effect.order_erp_id),)


@posted.register
def _added_lines(effect: AddLines, answer: Answer) -> tuple[Posted, ...]:
    doc = answer.as_model(OrderDoc)
    return (order_state(doc, effect, at=answer.at, lines=_mapped(effect.lines, doc, answer)),)


@posted.register
def _adjusted(effect: Adjust, answer: Answer) -> tuple[Posted, ...]:
    doc = answer.as_model(OrderDoc)
    added = PostedAdjustment(label=effect.label, component=effect.component, amount=effect.amount)
    return (order_state(doc, effect, at=answer.at, adjustments=(added,)),)


@posted.register
def _moved(effect: Confirm | Cancel, answer: Answer) -> tuple[Posted, ...]:
    return (order_state(answer.as_model(OrderDoc), effect, at=answer.at),)


def check_bulk(answer: Doc, effect: AddLines, *, what: str) -> None:
    """Make sure that an addition was whole: refused where nothing was added, unknown where only a part was."""
    result = understood(BulkItems, answer, what=what)
    if result.errors and result.processed == 0:
        first = str(result.errors[0].get("error", ""))[:300]
        raise Refused(what, 200, "line_item_failed", first, f"items[{result.errors[0].get('index', '')}]")
    if result.errors or result.processed != len(effect.lines):
        raise Unknown(what, f"{result.processed} of {len(effect.lines)} lines were added")


# --- accounts ----------------------------------------------------------------------------------------------------


def address_ids(addresses: Sequence[AddressDoc]) -> tuple[tuple[str, str], ...]:
    """Return digest and id of every address that carries our label; the first of two equal ones."""
    found: dict[str, str] = {}
    for address in addresses:
        key = identity.labelled(address.label)
        if key is not None:
            found.setdefault(key, address.id)
    return tuple(found.items())


def account_state(doc: AccountDoc, effect: CreateAccount | AddAddress, *, at: float) -> Posted:
    """Return an account with the addresses that are ours."""
    return Posted(
        document=effect.document,
        erp_id=doc.id,
        erp_number=doc.account_number,
        document_type="account",
        currency=effect.currency,
        addresses=address_ids(doc.addresses),
        read_at=at,
        source_version=effect.source_version,
        policy_version=effect.policy_version,
    )


@posted.register
def _created_account(effect: CreateAccount, answer: Answer) -> tuple[Posted, ...]:
    return (account_state(answer.as_model(AccountDoc), effect, at=answer.at),)


@posted.register
def _added_address(effect: AddAddress, answer: Answer) -> tuple[Posted, ...]:
    doc = answer.as_model(AddressDoc)
    account = AccountDoc(id=effect.account_erp_id)
    state = account_state(account, effect, at=answer.at)
    return (state.model_copy(update={"addresses": ((effect.address_key, doc.id),)}),)


# --- money -------------------------------------------------------------------------------------------------------


def _payment_state(doc: PaymentDoc, effect: RecordPayment | RefundCash, *, at: float) -> Posted:
    return Posted.trusted(  # both sides were validated before
        document=effect.payment if isinstance(effect, RefundCash) else effect.document,
        erp_id=doc.id,
        document_type="payment",
        currency=effect.currency,
        account_erp_id=doc.account_id if isinstance(effect, RefundCash) else effect.account_erp_id,
        order_erp_id=effect.order_erp_id,
        total=doc.amount,
        refunded=doc.amount_refunded,
        read_at=at,
        source_version=effect.source_version,
        policy_version=effect.policy_version,
    )


@posted.register
def _recorded(effect: RecordPayment, answer: Answer) -> tuple[Posted, ...]:
    return (_payment_state(answer.as_model(PaymentDoc), effect, at=answer.at),)


@posted.register
def _refunded(effect: RefundCash, answer: Answer) -> tuple[Posted, ...]:
    """The answer to a refund is empty by design, so this reads the payment's own.

    It may be older than the refund, and have others in it that are not known of yet: known is what this one adds.
    """
    payment = _payment_state(answer.as_model(PaymentDoc), effect, at=answer.at)
    back = effect.refunded_before + effect.amount
    cash = payment.model_copy(
        update={
            "document": effect.document,
            "document_type": "refund",
            "total": effect.amount,
            "refunded": Decimal(0),
        }
    )
    return cash, payment.model_copy(update={"refunded": back})


@posted.register
def _credited(effect: Credit, answer: Answer) -> tuple[Posted, ...]:
    doc = answer.as_model(CreditDoc)
    credit = Posted(
        document=effect.document,
        erp_id=doc.id,
        erp_number=doc.credit_memo_number,
        document_type="credit",
        currency=effect.currency,
        account_erp_id=effect.account_erp_id,
        order_erp_id=effect.order_erp_id,
        total=doc.amount,
        read_at=answer.at,
        source_version=effect.source_version,
        policy_version=effect.policy_version,
    )
    return (credit,)
