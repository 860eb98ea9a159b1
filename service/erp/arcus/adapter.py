"""Arcus as one ERP of the story: everything that a shop's events can cause there goes through this file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from schemas.base import Kind
from schemas.effect import AddLines, CreateAccount, CreateOrder, Effect, RefundCash, ReturnGoods
from schemas.outcome import Reason
from schemas.posted import Posted
from service.erp.arcus import errors, identity, receipts, rereading, steps
from service.erp.arcus.accounts import Accounts
from service.erp.arcus.client import Client, Courier
from service.erp.arcus.erp_clock import ErpClock
from service.erp.arcus.feed import Feed
from service.erp.arcus.look import Look
from service.erp.arcus.look_up import LookUp
from service.erp.arcus.order_state import sent_by
from service.erp.arcus.payloads import Said
from service.erp.arcus.products import Products
from service.erp.arcus.reads import Reads, is_missing
from service.erp.arcus.resolve import Resolver, prerequisite
from service.erp.arcus.settings import ArcusSettings
from service.erp.arcus.tag_probe import TagProbe
from service.erp.arcus.wire import Doc, unwrap
from service.errors import Refused, Retryable, Unknown, Waiting
from service.ports import (
    Absent,
    Capabilities,
    Clock,
    Found,
    Intent,
    Priority,
    Receipt,
    Resolution,
    Sight,
    Step,
    Unclear,
    Unresolved,
)

CLOCKS_DISAGREE = 60.0
"""Seconds by which an intent may seem to lie in the ERP's future before its time is not believed."""


class Arcus:
    """One entity of Arcus under one API key. Implements `service.ports.ERP`."""

    name = "arcus"

    def __init__(
        self, *, settings: ArcusSettings, courier: Courier, clock: Clock, erp_clock: ErpClock | None = None
    ) -> None:
        self.settings = settings
        self.credential = settings.fingerprint
        self.capabilities = Capabilities(
            confirm_return=settings.return_needs_confirm, refund_minor_units=settings.refund_minor_units
        )
        self.probe = TagProbe()
        self._courier = courier
        self._clock = clock
        self._erp_clock = ErpClock() if erp_clock is None else erp_clock
        self._greeting = asyncio.Lock()
        self._client = Client(settings=settings, courier=courier, clock=self._erp_clock)
        self._reads = Reads(self._client)
        self._accounts = Accounts(reads=self._reads, settings=settings, clock=clock)
        products = Products(reads=self._reads, settings=settings, clock=clock)
        self._resolver = Resolver(products=products, accounts=self._accounts, settings=settings)
        self._look = Look(reads=self._reads, accounts=self._accounts, clock=clock)
        self.feed = Feed(client=self._client, reads=self._reads)
        self._look_up = LookUp(
            reads=self._reads,
            accounts=self._accounts,
            settings=settings,
            clock=clock,
            erp_clock=self._erp_clock,
            probe=self.probe,
        )

    def prerequisite(self, effect: Effect, account: Posted | None) -> Effect | None:
        """Return the account or address effect that must be done before this one, if any."""
        return prerequisite(effect, account)

    async def resolve(self, effect: Effect, account: Posted | None, *, priority: Priority) -> Resolution | Unresolved:
        """Look up what the effect names. Raises Retryable, Refused or Waiting."""
        if not self._erp_clock.now():
            async with self._greeting:  # of many that begin together, one asks
                if not self._erp_clock.now():
                    await self._reads.greet(priority=priority)
        return await self._resolver.resolve(effect, account, priority=priority)

    def step(self, effect: Effect, resolution: Resolution) -> Step:
        """Turn an effect into its one request."""
        return steps.step(effect, resolution, self.settings)

    def admit(self, *, priority: Priority) -> AbstractAsyncContextManager[None]:
        """Wait for the breaker, a rate token and a place, for one intent. Raises Waiting."""
        return self._courier.admit(lane=priority)

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        """Send the intent's exact bytes under its key. Raises Retryable, Unknown, Refused or Waiting."""
        what = f"{intent.effect.effect} of {intent.document}"
        if intent.credential != self.credential:
            raise Unknown(what, "it was written for another API key, which recognises its idempotency key alone")
        left = intent.deadline - self._clock.now()
        if left <= 0:
            raise Retryable(what, "its deadline had passed before it was sent")
        request = steps.guarded(intent.step)
        answer = await self._client.write(
            request.method,
            request.path,
            request.body,
            key=intent.id,
            what=what,
            priority=priority,
            deadline_s=min(left, self.settings.call_deadline_s),
            resend=intent.attempts > 1,
        )
        proof = await self._read_back(intent.effect, answer, what, priority)
        read_at = self._clock.now()
        posted = receipts.posted(intent.effect, receipts.Answer(proof, sent_by(intent), what, read_at))
        self._learn_tag(intent.effect, answer)
        return Receipt(posted, self._erp_clock.now(), "accepted")

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        """Look an effect up. Raises Retryable, Refused or Waiting."""
        return await self._look_up.find(intent, priority=priority, forgotten=forgotten)

    async def refresh(self, posted: Posted, *, priority: Priority) -> Posted:
        """Read a document again; our own tags stay, and a merged account becomes the one in use.

        Raises Retryable, Waiting, or Refused where the ERP does not know it any more.
        """
        try:
            return await self._read_again(posted, priority)
        except Refused as refused:
            age = self._clock.now() - posted.read_at
            if is_missing(refused) and age < self.settings.settle_horizon_s:
                raise Retryable(refused.what, "it was there a moment ago; this may be an old answer", 1.0) from refused
            raise

    async def _read_again(self, posted: Posted, priority: Priority) -> Posted:
        if posted.document.kind is Kind.ACCOUNT:
            account = (await self._accounts.merged(posted.erp_id, priority=priority))[-1]
            return rereading.account(posted, account, at=self._clock.now())
        if posted.document_type == "refund":  # it stands on its payment, which has a state of its own
            return posted
        if posted.document_type == "payment":
            payment = await self._reads.payment(posted.erp_id, priority=priority)
            return rereading.payment(posted, payment, at=self._clock.now())
        if posted.document_type == "credit":
            rows, _ = await self._reads.credits(account_id=posted.account_erp_id, priority=priority)
            return rereading.credit(posted, rows, at=self._clock.now())
        return rereading.order(posted, await self._reads.order(posted.erp_id, priority=priority), at=self._clock.now())

    async def look(self, documents: Sequence[Posted], *, also: Sequence[str], priority: Priority) -> Sight:
        """Read how documents of one key stand. Raises Retryable, Refused or Waiting."""
        return await self._look.look(documents, also=also, priority=priority)

    def reason(self, code: str, effect: Effect) -> Reason:
        """Say in our words why Arcus refused an effect with this code of its own."""
        return errors.reason_for(code, effect)

    def erp_time(self) -> float:
        """Return Arcus's clock now; 0 before its first answer."""
        return self._erp_clock.now()

    def window_open(self, intent: Intent) -> bool:
        """Whether the same bytes under the same key are still recognised, counted from the first attempt."""
        now = self._erp_clock.now()
        if intent.credential != self.credential or not now or not intent.erp_time:
            return False
        age = now - intent.erp_time
        return -CLOCKS_DISAGREE <= age < self.settings.idempotency_window_s - self.settings.idempotency_margin_s

    async def reach(self, *, priority: Priority) -> int:
        """Ask for the catalogue, to see that the key is accepted; returns how many products there are."""
        return len(await self._reads.products(priority=priority))

    async def _read_back(self, effect: Effect, answer: Doc, what: str, priority: Priority) -> Doc | Said:
        """Read what an answer says too little about. The change happened, so what is unclear now is unknown."""
        if not isinstance(effect, AddLines | RefundCash):
            return answer
        if isinstance(effect, AddLines):
            receipts.check_bulk(answer, effect, what=what)
        try:
            if isinstance(effect, AddLines):
                return await self._reads.order(effect.order_erp_id, priority=priority)
            return await self._reads.payment(effect.payment_erp_id, priority=priority)
        except (Retryable, Refused, Waiting) as error:
            raise Unknown(what, f"it was accepted, but could not be read back: {error}") from error

    def _learn_tag(self, effect: Effect, answer: Doc) -> None:
        if isinstance(effect, CreateAccount | CreateOrder | ReturnGoods):
            self.probe.sent(identity.tag_of(effect), unwrap(answer).get("metadata"))
