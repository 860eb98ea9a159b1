"""What the shop said about some hundred orders, made once and used by every run, and what must come of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from schemas.base import Version
from schemas.event import Envelope, Event, Fact, Key
from schemas.order import FinancialStatus, Order, Totals
from schemas.party import Address, Party
from schemas.payment import PaymentStatus
from tests.plan.world import (
    SHOP,
    T0,
    back,
    cash_back,
    deletion,
    line,
    money,
    order,
    payment,
    policy,
    refund,
)
from tests.simulation.books import BAD_NAME, ZERO
from tests.simulation.erp import UNKNOWN_SKU

TENANT = SHOP["tenant"]
STRANGER = "nobody.myshopify.com"
"""A shop that is not in the settings."""
POLICY = policy(transactions_grace_s=20.0)
COUNT = 160
PAIRS = COUNT // 2
D = Decimal


@dataclass(frozen=True)
class Expected:
    """What the ERP must hold for one order in the end."""

    total: Decimal | None
    """Of the live document; None where nothing may stand."""
    taken: Decimal = ZERO
    back: Decimal = ZERO
    returned: tuple[Decimal, ...] = ()
    credited: tuple[Decimal, ...] = ()
    status: str = "confirmed"
    or_nothing: bool = False
    """Nothing stands where its cancellation came first."""
    loose: bool = False
    """It depends on what arrived first: only what must never be is judged."""


@dataclass(frozen=True)
class History:
    """Everything about one order."""

    number: int
    name: str
    tenant: str
    facts: tuple[tuple[Fact, ...], ...]
    """By event, in the order of the shop."""
    expected: Expected
    needs: tuple[tuple[str, str, str], ...] = ()
    """Lines of tables that a person has to set: table, name, target."""
    events: tuple[Event, ...] = field(default=())

    @property
    def root(self) -> str:
        return str(1000 + self.number)

    @property
    def name_is_good(self) -> bool:
        """Whether the ERP takes its buyer without the other order of the same buyer."""
        return all(fact.buyer.name != BAD_NAME for group in self.facts for fact in group if isinstance(fact, Order))

    @property
    def key(self) -> str:
        return f"shopify|{self.tenant}|{self.root}"


@dataclass(frozen=True)
class _Told:
    facts: Sequence[tuple[Fact, ...]]
    expected: Expected
    needs: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class _Maker:
    """Builds the facts of one order."""

    number: int
    more: dict[str, Any]

    @property
    def root(self) -> str:
        return str(1000 + self.number)

    def tx(self, nth: int) -> str:
        return f"{self.root}{90 + nth}"

    @property
    def price(self) -> Decimal:
        return D(5 + self.number % 7)

    def line(self, nth: int = 1, **changes: Any) -> Any:
        return line(f"{nth}", price=str(self.price), sku=f"SKU-{nth}", **changes)

    def order(self, *lines: Any, minutes: int = 0, **changes: Any) -> Order:
        given = {"external_id": self.root, "name": f"#{self.root}", **self.more, **changes}
        return order(*(lines or (self.line(),)), minutes=minutes, **given)

    def paid(self, amount: Decimal, nth: int = 1, **changes: Any) -> Any:
        return payment(self.tx(nth), str(amount), order_id=self.root, **changes)

    def back(self, amount: Decimal, nth: int = 5, **changes: Any) -> Any:
        given = {"refund_id": f"{self.root}81", "parent_id": self.tx(1), **changes}
        return cash_back(self.tx(nth), str(amount), order_id=self.root, **given)

    def refund(self, *lines: Any, **changes: Any) -> Any:
        return refund(f"{self.root}81", *lines, order_id=self.root, transaction_ids=(self.tx(5),), **changes)

    def touched(self, body: Order, minutes: int) -> Order:
        """The same order, said again later with another tag: news without a consequence."""
        return body.model_copy(
            update={
                "version": Version(at=T0 + timedelta(minutes=minutes)),
                "updated_at": T0 + timedelta(minutes=minutes),
                "tags": (f"t{minutes}",),
            }
        )


def _sold(make: _Maker) -> _Told:
    body, total = make.order(), make.price * 2
    return _Told(
        ((body,), (make.paid(total),), (make.touched(body, 5),), (make.touched(body, 9),)), Expected(total, total)
    )


def _split(make: _Maker) -> _Told:
    total, part = make.price * 2, D("3.33")
    facts = ((make.order(),), (make.paid(part),), (make.paid(total - part, 2, gateway="gift_card"),))
    return _Told(facts, Expected(total, total))


def _goods_back(make: _Maker) -> _Told:
    total, one = make.price * 2, make.price
    less = make.order(
        make.line(current_quantity=1), minutes=10, current_total=one, refund_ids=(f"{make.root}81",),
        financial_status=FinancialStatus.PARTIALLY_REFUNDED,
    )  # fmt: skip
    gone = make.refund(back("1", 1, str(one)))
    facts = ((make.order(),), (make.paid(total),), (less,), (gone, make.back(one)), (make.touched(less, 15),))
    return _Told(facts, Expected(total, total, one, (one,)))


def _kept_back(make: _Maker) -> _Told:
    total, one = make.price * 2, make.price
    less = make.order(
        make.line(current_quantity=1), minutes=10, current_total=one, refund_ids=(f"{make.root}81",),
        financial_status=FinancialStatus.PARTIALLY_REFUNDED,
    )  # fmt: skip
    gone = make.refund(back("1", 1, str(one)), discrepancy=money("-2.00"))
    facts = ((make.order(),), (make.paid(total),), (less,), (gone, make.back(one - 2)))
    return _Told(facts, Expected(total, total, one - 2, (one - 2,)))


def _more_than_goods(make: _Maker) -> _Told:
    total, one = make.price * 2, make.price
    less = make.order(
        make.line(current_quantity=1), minutes=10, current_total=one, refund_ids=(f"{make.root}81",),
        financial_status=FinancialStatus.PARTIALLY_REFUNDED,
    )  # fmt: skip
    gone = make.refund(back("1", 1, str(one)), discrepancy=money("3.00"))
    facts = ((make.order(),), (make.paid(total),), (less,), (gone, make.back(one + 3)))
    return _Told(facts, Expected(total, total, one + 3, (one,), (D(3),)))


def _goodwill(make: _Maker) -> _Told:
    total = make.price * 2
    facts = ((make.order(),), (make.paid(total),), (make.refund(), make.back(D(4))))
    return _Told(facts, Expected(total, total, D(4), (), (D(4),)))


def _called_off(make: _Maker) -> _Told:
    still: dict[str, Any] = {"net_terms": True}
    first = make.order(financial_status=FinancialStatus.PENDING, **still)
    gone = make.order(financial_status=FinancialStatus.VOIDED, minutes=5, cancelled_at=T0, **still)
    return _Told(
        ((first,), (make.touched(first, 2),), (gone,)), Expected(make.price * 2, status="cancelled", or_nothing=True)
    )


def _added(make: _Maker) -> _Told:
    price = make.price
    second = make.order(make.line(), make.line(2, quantity=1), minutes=20)
    third = make.order(make.line(), make.line(2, quantity=1), make.line(3, quantity=3), minutes=30)
    facts = (
        (make.order(),), (make.paid(price * 2),), (second,), (make.paid(price, 2),), (third,),
        (make.paid(price * 3, 3),), (make.touched(third, 35),),
    )  # fmt: skip
    return _Told(facts, Expected(price * 6, price * 6))


def _revised(make: _Maker) -> _Told:
    pending: dict[str, Any] = {"financial_status": FinancialStatus.PENDING, "net_terms": True}
    fewer = make.order(make.line(current_quantity=1), minutes=7, current_total=make.price, **pending)
    return _Told(((make.order(**pending),), (fewer,), (make.touched(fewer, 9),)), Expected(make.price))


def _rounded(make: _Maker) -> _Told:
    total = make.price * 2 - D("0.02")
    body = make.order(cash_rounding=money("-0.02"))
    return _Told(((body,), (make.paid(total),), (make.touched(body, 4),)), Expected(total, total))


def _test(make: _Maker) -> _Told:
    return _Told(((make.order(test=True),), (make.paid(make.price * 2, test=True),)), Expected(None))


def _does_not_add_up(make: _Maker) -> _Told:
    body = make.order()
    totals = Totals(**{**body.totals.model_dump(), "total": body.totals.total + 1})
    wrong = body.model_copy(update={"totals": totals, "current_total": totals.total})
    return _Told(((wrong,), (make.paid(make.price * 2),), (make.touched(wrong, 3),)), Expected(None))


def _unknown_sku(make: _Maker) -> _Told:
    sku, total = f"{UNKNOWN_SKU}{make.root}", make.price * 2
    body = make.order(make.line().model_copy(update={"sku": sku}))
    facts = ((body,), (make.paid(total),), (make.touched(body, 3),))
    return _Told(facts, Expected(total, total), (("sku", sku, "SKU-1"),))


def _unmapped_tender(make: _Maker) -> _Told:
    gateway, total = f"wallet-{make.root}", make.price * 2
    facts = ((make.order(),), (make.paid(total, gateway=gateway),))
    return _Told(facts, Expected(total, total), (("tender", gateway, "external"),))


def _deleted(make: _Maker) -> _Told:
    gone = deletion(50).model_copy(update={"external_id": make.root})
    total = make.price * 2
    return _Told(((make.order(),), (make.paid(total),), (gone,)), Expected(total, total, loose=True))


def _pending_first(make: _Maker) -> _Told:
    total = make.price * 2
    pending = make.paid(total, status=PaymentStatus.PENDING)
    done = make.paid(total, version=Version(at=T0 + timedelta(minutes=3), rank=1))
    facts = ((make.order(financial_status=FinancialStatus.PENDING),), (pending,), (make.order(minutes=3),), (done,))
    return _Told(facts, Expected(total, total))


def _two_contents(make: _Maker) -> _Told:
    """One second, two contents that differ in nothing that is booked; a later body ends it."""
    total, body = make.price * 2, make.order()
    other = body.model_copy(update={"channel": "pos"})
    return _Told(((body,), (other,), (make.paid(total),), (make.touched(body, 8),)), Expected(total, total))


def _strange(make: _Maker) -> _Told:
    return _Told(((make.order(),), (make.paid(make.price * 2),)), Expected(None))


_MAKERS: Sequence[Callable[[_Maker], _Told]] = (
    _sold, _added, _goods_back, _split, _goodwill, _rounded, _kept_back, _called_off, _sold, _more_than_goods,
    _revised, _unknown_sku, _pending_first, _unmapped_tender, _two_contents, _deleted, _sold, _does_not_add_up,
    _added, _test, _goods_back, _strange,
)  # fmt: skip


_BUYING = frozenset({_sold, _added, _goods_back, _split, _goodwill, _rounded, _kept_back, _pending_first})
"""Their account comes to be, whatever arrives first."""


def _maker(number: int) -> Callable[[_Maker], _Told]:
    return _MAKERS[(number * 7 + number // len(_MAKERS)) % len(_MAKERS)]


def _buyer(number: int) -> dict[str, Any]:
    """Two orders of one buyer each; some go to two places, one of some is refused as an account."""
    pair = number // 2
    name = "Ada Buyer"
    if pair % 3 == 1 and _maker(number ^ 1) in _BUYING:
        name = BAD_NAME if number % 2 else "Good Name"
    buyer = Party(customer_id=str(pair), name=name)
    if pair % 4 == 2:
        home = Address(name="Ada", street1=f"{number} Main St", city="Fresno", region="CA", country="US")
        return {"buyer": buyer, "ship_to": home, "bill_to": home}
    return {"buyer": buyer}


@cache
def histories() -> tuple[History, ...]:
    """All of them."""
    return tuple(_history(number) for number in range(COUNT))


def _history(number: int) -> History:
    maker = _maker(number)
    told = maker(_Maker(number, _buyer(number)))
    tenant = STRANGER if maker is _strange else TENANT
    facts = tuple(
        tuple(fact.model_copy(update={"tenant": tenant}) for fact in group) if maker is _strange else group
        for group in told.facts
    )
    root = str(1000 + number)
    key = Key(external_source="shopify", tenant=tenant, root=root)
    envelope = Envelope(external_source="shopify", tenant=tenant)
    events = tuple(Event(envelope=envelope, key=key, facts=group) for group in facts)
    return History(number, maker.__name__.strip("_"), tenant, facts, told.expected, told.needs, events)
