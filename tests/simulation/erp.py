"""A small ERP over the books, as `service.ports.ERP`: it lies as Arcus is known to, and is found out as Arcus is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from types import TracebackType

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
from schemas.outcome import Reason
from schemas.posted import Posted, PostedAdjustment, PostedLine, PostedStatus
from service.erp.arcus.resolve import prerequisite, sku_of
from service.errors import KeyTaken, Refused, Retryable, Unknown, Waiting
from service.ports import (
    Absent,
    Capabilities,
    Clock,
    Found,
    Intent,
    Priority,
    Receipt,
    Resolution,
    Step,
    Unclear,
    Unresolved,
)
from tests.simulation.books import WINDOW_S, Books, Doc, Pending, Refusal
from tests.simulation.virtual_time import VirtualLoop, nap
from tests.simulation.weather import Weather

CALL_S = 3.0
SETTLE_S = 4.0
LATE_S = 2.0
"""How long after a call's deadline the ERP may still carry it out."""
STALE_S = 1.5
"""How old a read may be: together with LATE_S below the settle horizon."""
MARGIN_S = 8.0
CREDENTIAL = "c0ffee"
SALES = {"sales_order", "invoice"}
UNKNOWN_SKU = "GONE-"
"""What begins like this is not in the ERP."""
FATES = ("unreachable", "busy", "lost before", "lost after", "error before", "error after", "late", "slow")


class Admission(AbstractAsyncContextManager[None]):
    """A short wait, or a named one."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather

    async def __aenter__(self) -> None:
        weather = self._weather
        await nap(weather.delay(0.0, 0.05))
        if weather.waits and weather.network.random() < weather.waits:
            raise Waiting("erp_rate", "the budget is used up", after=1.0)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class SmallErp:
    """One process's adapter. All of them speak to the same books."""

    name = "arcus"
    capabilities = Capabilities()
    credential = CREDENTIAL

    def __init__(self, books: Books, loop: VirtualLoop, clock: Clock, weather: Weather) -> None:
        self._books = books
        self._loop = loop
        self._clock = clock
        self._weather = weather
        self._date = (0.0, 0.0)

    # --- pure ----------------------------------------------------------------------------------------------------

    def prerequisite(self, effect: Effect, account: Posted | None) -> Effect | None:
        """As Arcus has it."""
        return prerequisite(effect, account)

    def step(self, effect: Effect, resolution: Resolution) -> Step:
        """The effect itself is the request."""
        return Step("POST", f"/{effect.effect}/{resolution.account_erp_id}", effect.model_dump_json().encode())

    def admit(self, *, priority: Priority) -> AbstractAsyncContextManager[None]:
        """Wait a little."""
        del priority
        return Admission(self._weather)

    def reason(self, code: str, effect: Effect) -> Reason:
        """One code has a word of its own."""
        del effect
        return Reason.OVERPAID if code == "overpaid" else Reason.ERP_REFUSED

    def erp_time(self) -> float:
        """The ERP's clock as last seen, carried on by ours."""
        shown, at = self._date
        return shown + self._clock.now() - at if shown else 0.0

    def window_open(self, intent: Intent) -> bool:
        """As Arcus has it."""
        now = self.erp_time()
        if intent.credential != self.credential or not now or not intent.erp_time:
            return False
        is_open = now - intent.erp_time < WINDOW_S - MARGIN_S
        if not is_open:
            self._weather.saw("an unknown is older than the window")
        return is_open

    # --- reading -------------------------------------------------------------------------------------------------

    async def resolve(self, effect: Effect, account: Posted | None, *, priority: Priority) -> Resolution | Unresolved:
        """Look for the goods, and greet once to learn the ERP's clock."""
        del priority
        if not self._date[0]:
            await self._ask("greet")
        lines = effect.lines if isinstance(effect, CreateOrder | AddLines | ReturnGoods) else ()
        for line in lines:
            if (sku := sku_of(line)).startswith(UNKNOWN_SKU):
                return Unresolved(Reason.SKU_UNKNOWN, f"SKU {sku} is not in the ERP", f"sku:{sku}")
        if not isinstance(effect, CreateOrder):
            return Resolution()
        if account is None:
            return Unresolved(Reason.PARENT_PARKED, "the account is not there yet")
        return Resolution(account_erp_id=account.erp_id)

    async def _ask(self, what: str) -> float:
        """One read; returns the moment as of which it sees the ERP."""
        weather = self._weather
        await nap(weather.delay(0.01, 0.1))
        if weather.reads_fail and weather.network.random() < weather.reads_fail:
            await nap(weather.delay(0.1, 1.0))
            raise Retryable(what, "the read was not answered")
        at = self._loop.now()
        age = STALE_S * weather.network.random() if weather.stale and weather.network.random() < weather.stale else 0.0
        await nap(weather.delay(0.01, 0.1))
        self._date = (self._books.now(at), self._clock.now())
        return at - age

    async def refresh(self, posted: Posted, *, priority: Priority) -> Posted:
        """Read a document again."""
        del priority
        what = f"read {posted.document}"
        at = await self._ask(what)
        if posted.document_type == "refund":
            return posted
        doc = self._books.read(posted.erp_id, at)
        if doc is None:
            if self._clock.now() - posted.read_at < SETTLE_S:
                raise Retryable(what, "it was there a moment ago; this may be an old answer", 1.0)
            raise Refused(what, 404, "not_found")
        changes: dict[str, object] = {"read_at": self._clock.now()}
        if doc.what in SALES or doc.what == "return":
            changes |= _scalars(doc)
        elif doc.what == "payment":
            changes |= {"refunded": doc.back}
        return posted.model_copy(update=changes)

    async def find(self, intent: Intent, *, priority: Priority, forgotten: bool = False) -> Found | Absent | Unclear:
        """Proof of presence by tag, reference or value; nothing else is any."""
        del priority, forgotten
        began = self._clock.now()
        what = f"look up {intent.effect.name}"
        at = await self._ask(what)
        try:
            docs = self._seek(intent.effect, at)
        except LookupError as error:
            if began < intent.deadline + SETTLE_S:
                raise Retryable(what, f"{error}; it may be an old answer", 1.0) from error
            return Unclear(Reason.IN_DOUBT, str(error))
        if docs is None:
            return Absent(began, self.erp_time())
        return Found(Receipt(receipt(intent.effect, docs, self._clock.now()), self.erp_time(), "found by look-up"))

    def _seek(self, effect: Effect, at: float) -> tuple[Doc, ...] | None:  # noqa: PLR0911
        books = self._books
        if isinstance(effect, CreateOrder):
            found = [doc for doc in books.tagged(effect.document, SALES, at) if doc.revision == effect.revision]
            return _only(found)
        if isinstance(effect, ReturnGoods):
            return _only(books.tagged(effect.document, {"return"}, at))
        if isinstance(effect, CreateAccount):
            return _only(books.tagged(effect.document, {"account"}, at))
        if isinstance(effect, Credit):
            return _only(books.tagged(effect.document, {"credit"}, at))
        if isinstance(effect, RecordPayment):
            return _only(books.tagged(effect.document, {"payment"}, at))
        if isinstance(effect, AddAddress):
            account = self._read(effect.account_erp_id, at)
            return (account,) if effect.address_key in dict(account.addresses) else None
        if isinstance(effect, RefundCash):
            payment = self._read(effect.payment_erp_id, at)
            after = effect.refunded_before + effect.amount
            return (payment,) if _reached(payment.back, effect.refunded_before, after) else None
        order = self._read(effect.order_erp_id, at)
        return (order,) if _changed(effect, order) else None

    def _read(self, erp_id: str, at: float) -> Doc:
        doc = self._books.read(erp_id, at)
        if doc is None:
            raise LookupError(f"{erp_id} is not there")
        return doc

    # --- writing -------------------------------------------------------------------------------------------------

    async def publish(self, intent: Intent, *, priority: Priority) -> Receipt:
        """Send it. From here on it is in the hands of the network, whatever becomes of this process."""
        del priority
        what = f"{intent.effect.effect} of {intent.document}"
        weather = self._weather
        if weather.trap("before a call", intent.id, intent.key):
            await asyncio.sleep(0)  # here it stands still, or ends
        if intent.credential != self.credential:
            raise Unknown(what, "it was written for another API key")
        left = intent.deadline - self._clock.now()
        if left <= 0:
            weather.saw("a call whose deadline had passed was not sent")
            raise Retryable(what, "its deadline had passed before it was sent")
        fate = self._fate(intent)
        if fate == "unreachable":
            await nap(weather.delay(0.01, 0.1))
            raise Retryable(what, "the connection was refused", 1.0)
        if fate == "busy":
            await nap(weather.delay(0.01, 0.1))
            raise Waiting("erp_rate", "429", after=1.0)
        answer: asyncio.Future[tuple[Doc, ...] | Refusal | str] = self._loop.create_future()
        _Call(self._books, self._loop, weather, intent, fate, left, answer).start()
        weather.trap("after a call", intent.id, intent.key)
        said = await answer
        if isinstance(said, str):
            raise Unknown(what, said)
        self._date = (self._books.now(self._loop.now()), self._clock.now())
        if isinstance(said, Refusal):
            raise _refused(what, said)
        return Receipt(receipt(intent.effect, said, self._clock.now()), self.erp_time(), "accepted")

    def _fate(self, intent: Intent) -> str:
        chance = self._weather.chance(f"{intent.id}/{intent.attempts}/{intent.generation}")
        for fate, share in self._weather.lies.items():
            if chance < share:
                return fate
            chance -= share
        return ""


class _Call:
    """One request on its way: belongs to no process."""

    def __init__(
        self,
        books: Books,
        loop: VirtualLoop,
        weather: Weather,
        intent: Intent,
        fate: str,
        left: float,
        answer: asyncio.Future[tuple[Doc, ...] | Refusal | str],
    ) -> None:
        self._books = books
        self._loop = loop
        self._weather = weather
        self._intent = intent
        self._fate = fate
        self._left = left
        self._answer = answer
        self._pending: Pending | None = None

    def start(self) -> None:
        """Send."""
        weather, loop, left = self._weather, self._loop, self._left
        there = min(left * 0.9, weather.delay(0.02, 0.3))
        if self._fate == "late":
            there = left + LATE_S * weather.network.random()
        elif self._fate == "slow":
            there = left * (0.5 + 0.45 * weather.network.random())
        if self._fate in {"lost before", "error before"}:
            weather.saw(f"a call was {self._fate} it had an effect")
        else:
            self._pending = self._books.arrive(self._intent)
            loop.later(there, self._apply)
        if self._fate in {"late", "lost before", "lost after"}:
            loop.later(left, self._tell, "no answer in time")
        elif self._fate == "error before":
            loop.later(there, self._tell, "500")

    def _apply(self) -> None:
        assert self._pending is not None
        self._pending.applied = True
        answer = self._books.carry_out(self._pending, self._loop.now())
        self._books.leave(self._pending)
        if self._fate == "late":
            self._weather.saw("the ERP carried something out after its deadline")
        elif self._fate == "lost after":
            self._weather.saw("a call had its effect, and no answer")
        elif self._fate == "error after":
            self._weather.saw("a call had its effect, and an error for an answer")
            self._tell("502")
        else:
            self._loop.later(self._weather.delay(0.005, 0.05), self._tell, answer)

    def _tell(self, answer: tuple[Doc, ...] | Refusal | str) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)


def _refused(what: str, said: Refusal) -> Unknown | Refused:
    if said.code == "key_reused":
        return KeyTaken(what, "409: this key has another body", 409)
    return Refused(what, 422, said.code)


def _only(found: Sequence[Doc]) -> tuple[Doc, ...] | None:
    if len(found) > 1:
        raise LookupError(f"{len(found)} documents with one tag")
    return tuple(found) or None


def _reached(now: Decimal, before: Decimal, after: Decimal) -> bool:
    if now not in {before, after}:
        raise LookupError(f"the value is {now}; it was to change from {before} to {after}")
    return now == after


def _changed(effect: Effect, order: Doc) -> bool:
    if isinstance(effect, Adjust | AddLines):
        return _reached(order.total, effect.total_before, effect.total_after)
    if isinstance(effect, Confirm):
        if order.status is PostedStatus.CANCELLED:
            raise LookupError("it is cancelled")
        return order.status is PostedStatus.CONFIRMED
    assert isinstance(effect, Cancel)
    return order.status is PostedStatus.CANCELLED


# --- receipts ----------------------------------------------------------------------------------------------------


def _scalars(doc: Doc) -> dict[str, object]:
    return {
        "status": doc.status,
        "discount": doc.discount,
        "fees": doc.fees,
        "total": doc.total,
        "paid": doc.taken - doc.back,
        "balance": doc.total - doc.taken,
    }


def _lines(lines: Sequence[SaleLine], doc: Doc, already: int) -> tuple[PostedLine, ...]:
    return tuple(
        PostedLine.trusted(
            line_id=line.line_id,
            component=line.component,
            erp_id=f"{doc.erp_id}/{number}",
            quantity=line.quantity,
            rate=line.rate,
            total=line.rate * line.quantity,
        )
        for number, line in enumerate(lines, already)
    )


def receipt(effect: Effect, docs: tuple[Doc, ...], at: float) -> tuple[Posted, ...]:
    """What an answer proves: scalars as they are now, lists with what the effect added."""
    doc = docs[0]
    common: dict[str, object] = {
        "document": effect.document,
        "erp_id": doc.erp_id,
        "currency": effect.currency,
        "account_erp_id": doc.account,
        "order_erp_id": doc.order,
        "read_at": at,
        "source_version": effect.source_version,
        "policy_version": effect.policy_version,
    }
    if isinstance(effect, CreateAccount | AddAddress):
        return (Posted.trusted(**common, document_type="account", addresses=doc.addresses),)
    if isinstance(effect, RecordPayment):
        return (Posted.trusted(**common, document_type="payment", total=doc.amount, refunded=doc.back),)
    if isinstance(effect, Credit):
        return (Posted.trusted(**common, document_type="credit", total=doc.amount),)
    if isinstance(effect, RefundCash):
        payment = Posted.trusted(
            **{**common, "document": effect.payment}, document_type="payment", total=doc.amount,
            refunded=max(doc.back, effect.refunded_before + effect.amount),
        )  # fmt: skip
        return Posted.trusted(**common, document_type="refund", total=effect.amount), payment
    added: dict[str, object] = {}
    if isinstance(effect, CreateOrder | ReturnGoods | AddLines):
        already = len(doc.lines) - len(effect.lines) if isinstance(effect, AddLines) else 0
        added["lines"] = _lines(effect.lines, doc, already)
    elif isinstance(effect, Adjust):
        part = PostedAdjustment(label=effect.label, component=effect.component, amount=effect.amount)
        added["adjustments"] = (part,)
    return (
        Posted.trusted(
            **common, **_scalars(doc), **added, erp_number=f"SO-{doc.erp_id}", document_type=doc.what,
            revision=doc.revision,
        ),
    )  # fmt: skip
