"""What became of an effect without an answer: proof of presence, of absence, or neither (correctness 8, 10, 11).

Lists are read to their end. A document counts as ours only by its whole tag, with the lines that were sent; its total
is compared with the prediction by whoever adopts it, as after a create. A value counts only as before or as after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatchmethod

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
)
from schemas.outcome import Reason
from schemas.posted import PostedStatus
from service.erp.arcus import identity
from service.erp.arcus.accounts import Accounts
from service.erp.arcus.erp_clock import ErpClock
from service.erp.arcus.order_state import UNKNOWN_STATUS, sent_by, status_of
from service.erp.arcus.payloads import AccountDoc, AddressDoc, CreditDoc, OrderDoc, PaymentDoc, Said
from service.erp.arcus.proof import LOOK_AGAIN, Differs, among, look_back, only, payments_of, reached, receipt_days
from service.erp.arcus.reads import Reads, is_missing
from service.erp.arcus.receipts import Answer, posted
from service.erp.arcus.settings import ArcusSettings
from service.erp.arcus.tag_probe import TagProbe
from service.erp.arcus.wire import decode
from service.errors import Refused, Retryable, Unknown
from service.ports import Absent, Clock, Found, Intent, Priority, Receipt, Unclear

DOCUMENT_TYPES = ("sales_order", "invoice", "return", "quote")
"""All that we create; a setting that was changed meanwhile must not hide a document (correctness 12)."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look-up of one intent."""

    intent: Intent
    priority: Priority
    forgotten: bool
    """Whether later effects may have been done too, unknown to the ledger."""


class LookUp:
    """Finds out, reading only."""

    def __init__(
        self,
        *,
        reads: Reads,
        accounts: Accounts,
        settings: ArcusSettings,
        clock: Clock,
        erp_clock: ErpClock,
        probe: TagProbe,
    ) -> None:
        self._reads = reads
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self._erp_clock = erp_clock
        self._probe = probe

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        """Return the proof that there is. Raises as a read does, and Retryable while what it reads may be stale."""
        began = self._clock.now()
        what = f"look up {intent.effect.name} of {intent.document}"
        try:
            evidence = await self._seek(intent.effect, Look(intent, priority, forgotten))
            if evidence is None:
                return self._absent(intent, began)
            answer = Answer(evidence, sent_by(intent), what, self._clock.now(), forgotten)
            return Found(Receipt(posted(intent.effect, answer), self._erp_clock.now(), "found by look-up"))
        except Differs as differs:
            reason, detail = differs.reason, differs.detail
        except Refused as refused:
            if not is_missing(refused):
                raise
            reason, detail = Reason.IN_DOUBT, f"{refused.what}: the ERP does not know it"
        except Unknown as incomplete:
            reason, detail = Reason.IN_DOUBT, f"what was found is not what was sent: {incomplete.why}"
        # Counted from the first read: it may have waited long for the second one's turn.
        settles = intent.deadline + self._settings.settle_horizon_s - began
        if reason is Reason.IN_DOUBT and settles > 0:
            left = intent.deadline + self._settings.settle_horizon_s - self._clock.now()
            raise Retryable(what, f"{detail}; it may be an old answer", max(0.0, min(left, LOOK_AGAIN)))
        return Unclear(reason, detail)

    def _absent(self, intent: Intent, began: float) -> Absent | Unclear:
        tagged = isinstance(intent.effect, CreateOrder | ReturnGoods | CreateAccount)
        if tagged and self._probe.sticks is False:
            detail = "nothing with our tag was found, but this ERP was seen to lose tags; look for it by hand"
            return Unclear(Reason.IN_DOUBT, detail)
        return Absent(began, self._erp_clock.now())

    @singledispatchmethod
    async def _seek(self, effect: Effect, look: Look) -> Said | None:
        raise TypeError(f"{type(effect).__name__} cannot be looked up ({look.intent.id})")

    # --- by tag

    @_seek.register
    async def _sale(self, effect: CreateOrder | ReturnGoods, look: Look) -> Said | None:
        first = effect.document_type.value if isinstance(effect, CreateOrder) else "return"
        account_id = sent_by(look.intent).account_id
        wanted = identity.tag_of(effect)
        found = await self._tagged(wanted, [account_id], [first], look)
        if not found:
            merged = [doc.id for doc in await self._accounts.merged(account_id, priority=look.priority)]
            others = [kind for kind in DOCUMENT_TYPES if kind != first]
            found = await self._tagged(wanted, merged[1:], [first], look)
            found += await self._tagged(wanted, merged, others, look)
        doc = only(found, effect.document)
        if doc is None or doc.line_items:
            return doc
        return await self._order(doc.id, look)

    async def _tagged(
        self, wanted: dict[str, str], accounts: Sequence[str], kinds: Sequence[str], look: Look
    ) -> list[OrderDoc]:
        since = look_back(look.intent, self._settings)
        found = []
        for account_id in accounts:
            for kind in kinds:
                rows = await self._reads.orders(
                    document_type=kind, account_id=account_id, created_after=since, priority=look.priority
                )
                for row in rows:
                    self._probe.seen(row.metadata)
                found += [row for row in rows if identity.same(row.metadata, wanted)]
        return found

    @_seek.register
    async def _account(self, effect: CreateAccount, look: Look) -> Said | None:
        body = decode(look.intent.step.body) or {}
        text = str(body.get("email") or body.get(self._settings.account_name_field.value) or "")
        wanted = identity.tag_of(effect)
        found = await self._accounts_with(wanted, text, look) if text else []
        found = found or await self._accounts_with(wanted, "", look)
        doc = only(found, effect.document)
        if doc is None or (doc.addresses and not doc.merged_into_account_id):
            return doc
        return (await self._accounts.merged(doc.id, priority=look.priority))[-1]

    async def _accounts_with(self, wanted: dict[str, str], search: str, look: Look) -> list[AccountDoc]:
        rows = await self._reads.accounts(search=search, priority=look.priority)
        for row in rows:
            self._probe.seen(row.metadata)
        return [row for row in rows if identity.same(row.metadata, wanted)]

    @_seek.register
    async def _address(self, effect: AddAddress, look: Look) -> AddressDoc | None:
        account = (await self._accounts.merged(effect.account_erp_id, priority=look.priority))[-1]
        named = [one for one in account.addresses if identity.labelled(one.label) == effect.address_key]
        return named[0] if named else None  # two equal ones are one place

    @_seek.register
    async def _credit(self, effect: Credit, look: Look) -> CreditDoc | None:
        account = (await self._accounts.merged(effect.account_erp_id, priority=look.priority))[-1]
        rows, complete = await self._reads.credits(account_id=account.id, priority=look.priority)
        found = only([row for row in rows if identity.noted(row.notes, effect.document)], effect.document)
        if found is None and not complete:
            raise Differs(f"the account has more credits than can be listed ({len(rows)})")
        if found is not None and found.amount != effect.amount:
            raise Differs(f"credit {found.credit_memo_number} is over {found.amount}, not {effect.amount}")
        return found

    # --- by value

    @_seek.register
    async def _adjusted(self, effect: Adjust, look: Look) -> Said | None:
        order = await self._order(effect.order_erp_id, look)
        if look.forgotten:  # fees and discounts that followed may have brought the total back to where it was
            fee, before = effect.amount > 0, effect.alike_before
            now = order.fee_total if fee else order.discount_total
            later = [abs(amount) for amount in effect.later if (amount > 0) is fee]
            return order if reached(now, before, before + abs(effect.amount), later) else None
        return order if reached(order.order_total, effect.total_before, effect.total_after) else None

    @_seek.register
    async def _added(self, effect: AddLines, look: Look) -> Said | None:
        order = await self._order(effect.order_erp_id, look)
        if look.forgotten:  # fees of the lost time stand between the totals
            new = [line for line in order.line_items or () if line.id not in effect.there]
            return order.model_copy(update={"line_items": new}) if new else None
        return order if reached(order.order_total, effect.total_before, effect.total_after) else None

    @_seek.register
    async def _confirmed(self, effect: Confirm, look: Look) -> Said | None:
        order = await self._order(effect.order_erp_id, look)
        status, hold = status_of(order)
        if status is PostedStatus.CANCELLED and look.forgotten:
            return order  # by what followed in the lost time: whether it was confirmed before makes no difference
        if status is PostedStatus.CANCELLED or hold.startswith(UNKNOWN_STATUS):
            raise Differs(f"{order.order_number} is {order.order_status or order.status}")
        return order if status in {PostedStatus.CONFIRMED, PostedStatus.SHIPPED} else None

    @_seek.register
    async def _cancelled(self, effect: Cancel, look: Look) -> Said | None:
        order = await self._order(effect.order_erp_id, look)
        status, hold = status_of(order)
        if hold.startswith(UNKNOWN_STATUS):
            raise Differs(f"{order.order_number} is {order.order_status or order.status}")
        return order if status is PostedStatus.CANCELLED else None

    @_seek.register
    async def _refunded(self, effect: RefundCash, look: Look) -> PaymentDoc | None:
        payment = await self._reads.payment(effect.payment_erp_id, priority=look.priority)
        others = effect.others if look.forgotten else ()
        return payment if among(payment.amount_refunded, effect.refunded_before, effect.amount, others) else None

    # --- by reference and value

    @_seek.register
    async def _paid(self, effect: RecordPayment, look: Look) -> PaymentDoc | None:
        order = await self._order(effect.order_erp_id, look)
        known = order.payments
        if known is None:
            known = await self._reads.order_payments(order.id, priority=look.priority)
        proof = payments_of(effect, order, known)
        if proof.ours is not None and proof.agrees:
            return proof.ours
        first, last = receipt_days(effect, look.intent, self._erp_clock.now())
        receipts = await self._reads.receipts(
            account_id=order.account_id or effect.account_erp_id, first=first, last=last, priority=look.priority
        )
        proof = payments_of(effect, order, [*known, *receipts])
        if not proof.agrees:
            raise Differs(f"{order.order_number} says {order.amount_paid} is paid, its payments say {proof.known}")
        return proof.ours

    async def _order(self, ident: str, look: Look) -> OrderDoc:
        return await self._reads.order(ident, priority=look.priority)
