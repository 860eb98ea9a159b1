"""The ERP's side: documents with their history, what a write does to them, and keys that are recognised for a while."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from schemas.base import Ref
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
from schemas.posted import PostedStatus
from service.erp.arcus.identity import address_key
from service.ports import Intent
from tests.simulation.weather import Weather

ZERO = Decimal(0)
WINDOW_S = 40.0
"""How long a key is recognised."""
GRACE_S = 8.0
"""After its clock was moved the ERP forgets only as late as this: a call that was decided before still counts."""
BAD_NAME = "Bad Name"
"""A buyer of this name is refused as an account."""


@dataclass(frozen=True, slots=True)
class Doc:
    """Any document, as it stood at one moment."""

    erp_id: str
    what: str
    document: Ref
    revision: int = 1
    account: str = ""
    order: str = ""
    lines: tuple[SaleLine, ...] = ()
    discount: Decimal = ZERO
    fees: Decimal = ZERO
    status: PostedStatus = PostedStatus.CONFIRMED
    amount: Decimal = ZERO
    taken: Decimal = ZERO
    """Paid in, whatever was given back."""
    back: Decimal = ZERO
    addresses: tuple[tuple[str, str], ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((line.rate * line.quantity for line in self.lines), ZERO) + self.fees - self.discount


class Refusal(Exception):
    """A clear no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class _Known:
    digest: str
    at: float
    """By the ERP's own clock."""
    answer: tuple[Doc, ...] | Refusal | None = None


@dataclass
class Pending:
    """A write that the ERP is at work on."""

    intent: Intent
    digest: str
    """Of its bytes."""
    applied: bool = False


@dataclass
class Books:
    """All of it. Time is told to every call."""

    weather: Weather
    shift: float = 0.0
    """By how much its clock is ahead."""
    history: dict[str, list[tuple[float, Doc]]] = field(default_factory=dict)
    by_document: dict[Ref, list[str]] = field(default_factory=dict)
    keys: dict[str, _Known] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    writes: list[tuple[float, Effect]] = field(default_factory=list)
    pending: dict[str, list[Pending]] = field(default_factory=dict)
    _moved_at: float = -1e9
    _counter: int = 0

    def now(self, at: float) -> float:
        """What its clock shows."""
        return at + self.shift

    def move(self, seconds: float, at: float) -> None:
        """Put its clock ahead."""
        self._forget(at)
        self.shift += seconds
        self._moved_at = at

    # --- reading -------------------------------------------------------------------------------------------------

    def read(self, erp_id: str, at: float) -> Doc | None:
        """A document as it stood at a moment."""
        for when, doc in reversed(self.history.get(erp_id, ())):
            if when <= at:
                return doc
        return None

    def tagged(self, document: Ref, what: set[str], at: float) -> list[Doc]:
        """Documents with this tag as they stood at a moment."""
        found = (self.read(erp_id, at) for erp_id in self.by_document.get(document, ()))
        return [doc for doc in found if doc is not None and doc.what in what]

    def last(self, erp_id: str) -> Doc:
        """A document as it stands."""
        if erp_id not in self.history:
            raise Refusal("not_found")
        return self.history[erp_id][-1][1]

    def all(self) -> list[Doc]:
        """Everything as it stands."""
        return [past[-1][1] for past in self.history.values()]

    # --- writing -------------------------------------------------------------------------------------------------

    def arrive(self, intent: Intent) -> Pending:
        """A write reaches the ERP: nothing else of its key may be under way."""
        digest = intent.step.digest
        if self.bodies.setdefault(intent.id, digest) != digest:
            self.weather.violated(f"key {intent.id} was used for two bodies ({intent.effect.name})")
        others = self.pending.setdefault(intent.key, [])
        for other in others:
            done = other.applied or other.intent.id in self.keys  # sent again meanwhile: the late one finds its key
            if other.intent.id != intent.id and not done:
                self.weather.violated(
                    f"two flights of {intent.key}: {intent.effect.name} while {other.intent.effect.name} is under way"
                )
        one = Pending(intent, digest)
        others.append(one)
        return one

    def leave(self, one: Pending) -> None:
        """It is not under way any more."""
        self.pending[one.intent.key].remove(one)

    def carry_out(self, pending: Pending, at: float) -> tuple[Doc, ...] | Refusal:
        """Do it, or what was done under this key before."""
        self._forget(at)
        intent, digest = pending.intent, pending.digest
        known = self.keys.get(intent.id)
        if known is not None:
            if known.digest != digest or known.answer is None:
                return Refusal("key_reused")
            self.weather.saw("the ERP recognised a key")
            return known.answer
        known = self.keys[intent.id] = _Known(digest, self.now(at))
        try:
            docs = self._do(intent.effect, intent, at)
        except Refusal as no:
            known.answer = no
            return no
        known.answer = docs
        for doc in docs:
            if doc.erp_id not in self.history:
                self.by_document.setdefault(doc.document, []).append(doc.erp_id)
            self.history.setdefault(doc.erp_id, []).append((at, doc))
        self.writes.append((at, intent.effect))
        self.weather.note(f"{at:.3f} {intent.effect.name}")
        return docs

    def _forget(self, at: float) -> None:
        if at - self._moved_at < GRACE_S:
            return
        oldest = self.now(at) - WINDOW_S
        while self.keys:
            key = next(iter(self.keys))  # they stand in the order of its clock, which never goes back
            if self.keys[key].at >= oldest:
                break
            del self.keys[key]

    def _id(self, what: str) -> str:
        self._counter += 1
        return f"{what}-{self._counter}"

    def _do(self, effect: Effect, intent: Intent, at: float) -> tuple[Doc, ...]:
        del at
        name = f"_{effect.effect}"
        done: tuple[Doc, ...] = getattr(self, name)(effect, intent)
        return done

    def _create_account(self, effect: CreateAccount, _intent: Intent) -> tuple[Doc, ...]:
        if effect.party.name == BAD_NAME:
            raise Refusal("name_invalid")
        return (Doc(self._id("acc"), "account", effect.document, addresses=_addresses(effect)),)

    def _add_address(self, effect: AddAddress, _intent: Intent) -> tuple[Doc, ...]:
        account = self.last(effect.account_erp_id)
        return (replace(account, addresses=(*account.addresses, (effect.address_key, self._id("adr")))),)

    def _create_order(self, effect: CreateOrder, intent: Intent) -> tuple[Doc, ...]:
        account = intent.step.path.rpartition("/")[2]
        self.last(account)
        return (
            Doc(
                self._id("doc"), effect.document_type.value, effect.document, effect.revision, account,
                lines=effect.lines, discount=effect.discount, status=PostedStatus.DRAFT,
            ),
        )  # fmt: skip

    def _return_goods(self, effect: ReturnGoods, _intent: Intent) -> tuple[Doc, ...]:
        self.last(effect.order_erp_id)
        return (
            Doc(
                self._id("doc"), "return", effect.document, 1, effect.account_erp_id, effect.order_erp_id,
                effect.lines, status=PostedStatus.DRAFT,
            ),
        )  # fmt: skip

    def _open(self, erp_id: str) -> Doc:
        order = self.last(erp_id)
        if order.status not in {PostedStatus.DRAFT, PostedStatus.CONFIRMED}:
            raise Refusal("not_open")
        return order

    def _add_lines(self, effect: AddLines, _intent: Intent) -> tuple[Doc, ...]:
        order = self._open(effect.order_erp_id)
        return (replace(order, lines=(*order.lines, *effect.lines)),)

    def _adjust(self, effect: Adjust, _intent: Intent) -> tuple[Doc, ...]:
        order = self._open(effect.order_erp_id)
        return (
            replace(
                order,
                fees=order.fees + max(effect.amount, ZERO),
                discount=order.discount + max(-effect.amount, ZERO),
            ),
        )

    def _confirm(self, effect: Confirm, _intent: Intent) -> tuple[Doc, ...]:
        order = self.last(effect.order_erp_id)
        if order.status is not PostedStatus.DRAFT:
            raise Refusal("not_a_draft")
        return (replace(order, status=PostedStatus.CONFIRMED),)

    def _cancel(self, effect: Cancel, _intent: Intent) -> tuple[Doc, ...]:
        order = self._open(effect.order_erp_id)
        if order.taken != order.back:
            raise Refusal("paid")
        return (replace(order, status=PostedStatus.CANCELLED),)

    def _record_payment(self, effect: RecordPayment, _intent: Intent) -> tuple[Doc, ...]:
        order = self.last(effect.order_erp_id)
        if order.status is not PostedStatus.CONFIRMED:
            raise Refusal("not_confirmed")
        if effect.amount > order.total - order.taken:
            raise Refusal("overpaid")
        payment = Doc(
            self._id("pay"), "payment", effect.document, 1, effect.account_erp_id, effect.order_erp_id,
            amount=effect.amount,
        )  # fmt: skip
        return payment, replace(order, taken=order.taken + effect.amount)

    def _refund_cash(self, effect: RefundCash, _intent: Intent) -> tuple[Doc, ...]:
        payment, order = self.last(effect.payment_erp_id), self.last(effect.order_erp_id)
        if payment.back + effect.amount > payment.amount:
            raise Refusal("more_than_paid")
        return (
            replace(payment, back=payment.back + effect.amount),
            replace(order, back=order.back + effect.amount),
        )

    def _credit(self, effect: Credit, _intent: Intent) -> tuple[Doc, ...]:
        return (
            Doc(
                self._id("cre"), "credit", effect.document, 1, effect.account_erp_id, effect.order_erp_id,
                amount=effect.amount,
            ),
        )  # fmt: skip


def _addresses(effect: CreateAccount) -> tuple[tuple[str, str], ...]:
    given: dict[str, Any] = {address_key(one): f"adr-{one.street1}" for one in (effect.ship_to, effect.bill_to) if one}
    return tuple(given.items())
