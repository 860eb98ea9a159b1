"""A person's answer about an effect in doubt, as far as the ledger can act on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.base import Ref
from schemas.effect import (
    AddAddress,
    AddLines,
    Adjust,
    CreateAccount,
    CreateOrder,
    Credit,
    Effect,
    RecordPayment,
    RefundCash,
    ReturnGoods,
    SaleLine,
)
from schemas.posted import Posted, PostedAdjustment, PostedLine, PostedStatus
from service.ports import Intent

NOT_READ: Final = 0.0
"""As `read_at`: the ERP has not said so itself; it is read before anything is planned on it."""

_CREATES: Final = CreateOrder | CreateAccount | RecordPayment | ReturnGoods | Credit


def touched(effect: Effect) -> Ref:
    """Name the document in the ERP that an effect makes or changes: cash given back changes its payment."""
    return effect.payment if isinstance(effect, RefundCash) else effect.document


def adopted(intent: Intent, erp_id: str, stands: Posted | None) -> tuple[Posted, ...]:
    """The documents that an effect made or changed, to be read again from the ERP.

    `stands` is what is known of the document that it touched. A change of something that is not known writes nothing.
    """
    effect = intent.effect
    if isinstance(effect, _CREATES):
        return (_created(effect, erp_id),)
    if isinstance(effect, RefundCash):
        return _given_back(effect, intent, stands)
    if stands is None:
        return ()
    return (stands.model_copy(update={"read_at": NOT_READ, **_added(effect, erp_id, stands)}),)


def _created(effect: CreateOrder | CreateAccount | RecordPayment | ReturnGoods | Credit, erp_id: str) -> Posted:
    made = Posted(
        document=effect.document,
        erp_id=erp_id,
        currency=effect.currency,
        status=PostedStatus.DRAFT if isinstance(effect, CreateOrder | ReturnGoods) else PostedStatus.CONFIRMED,
        read_at=NOT_READ,
        source_version=effect.source_version,
        policy_version=effect.policy_version,
    )
    return made.model_copy(update=_details(effect, erp_id))


def _details(
    effect: CreateOrder | CreateAccount | RecordPayment | ReturnGoods | Credit, erp_id: str
) -> Mapping[str, object]:
    if isinstance(effect, CreateAccount):
        return {"document_type": "account"}
    if isinstance(effect, CreateOrder):
        return {
            "document_type": effect.document_type.value,
            "revision": effect.revision,
            "lines": _lines(effect.lines, erp_id),
            "discount": effect.discount,
            "total": effect.total,
        }
    parts = {"order_erp_id": effect.order_erp_id, "account_erp_id": effect.account_erp_id}
    if isinstance(effect, ReturnGoods):
        lines = _lines(effect.lines, erp_id)
        return {**parts, "document_type": "return", "lines": lines, "total": effect.total}
    kind = "payment" if isinstance(effect, RecordPayment) else "credit"
    return {**parts, "document_type": kind, "total": effect.amount}


def _lines(lines: tuple[SaleLine, ...], erp_id: str, *, after: int = 0) -> tuple[PostedLine, ...]:
    """The lines as they were sent: the ERP's own ids are not known, its total is compared when it is read."""
    return tuple(
        PostedLine(
            line_id=line.line_id,
            component=line.component,
            erp_id=f"{erp_id}#{number}",
            quantity=line.quantity,
            rate=line.rate,
            total=line.rate * line.quantity,
        )
        for number, line in enumerate(lines, after + 1)
    )


def _given_back(effect: RefundCash, intent: Intent, payment: Posted | None) -> tuple[Posted, ...]:
    cash = Posted(
        document=effect.document,
        erp_id=effect.payment_erp_id,
        document_type="refund",
        currency=effect.currency,
        order_erp_id=effect.order_erp_id,
        total=effect.amount,
        read_at=intent.attempted_at,  # nothing about it is to be read: it stands on its payment
        source_version=effect.source_version,
        policy_version=effect.policy_version,
    )
    if payment is None:
        return (cash,)
    back = max(payment.refunded, effect.refunded_before + effect.amount)
    return cash, payment.model_copy(update={"read_at": NOT_READ, "refunded": back})


def _added(effect: Effect, erp_id: str, stands: Posted) -> Mapping[str, object]:
    if isinstance(effect, Adjust):
        part = PostedAdjustment(label=effect.label, component=effect.component, amount=effect.amount)
        return {"adjustments": (*stands.adjustments, part)}
    if isinstance(effect, AddLines):
        return {"lines": (*stands.lines, *_lines(effect.lines, stands.erp_id, after=len(stands.lines)))}
    if isinstance(effect, AddAddress):
        return {"addresses": tuple({**dict(stands.addresses), effect.address_key: erp_id}.items())}
    return {}
