"""A person's answer about an effect in doubt, as far as the ledger can act on it. Pure."""

from __future__ import annotations

from typing import Final

from schemas.effect import CreateAccount, CreateOrder, Credit, RecordPayment, ReturnGoods
from schemas.posted import Posted, PostedStatus
from service.ports import Intent

NOT_READ: Final = 0.0
"""As `read_at`: the ERP has not said so itself; it is read before anything is planned on it."""

_CREATES: Final = CreateOrder | CreateAccount | RecordPayment | ReturnGoods | Credit


def adopted(intent: Intent, erp_id: str, stands: Posted | None) -> Posted | None:
    """The document that an effect made or changed, to be read again from the ERP."""
    effect = intent.effect
    if not isinstance(effect, _CREATES):
        return None if stands is None else stands.model_copy(update={"read_at": NOT_READ})
    made = Posted(
        document=intent.document,
        erp_id=erp_id,
        currency=effect.currency,
        status=PostedStatus.DRAFT if isinstance(effect, CreateOrder) else PostedStatus.CONFIRMED,
        read_at=NOT_READ,
        source_version=effect.source_version,
        policy_version=effect.policy_version,
    )
    if isinstance(effect, CreateOrder):
        document_type = effect.document_type.value
        return made.model_copy(
            update={"document_type": document_type, "revision": effect.revision, "total": effect.total}
        )
    if isinstance(effect, CreateAccount):
        return made
    total = effect.total if isinstance(effect, ReturnGoods) else effect.amount
    parts = {"order_erp_id": effect.order_erp_id, "account_erp_id": effect.account_erp_id, "total": total}
    return made.model_copy(update=parts)
