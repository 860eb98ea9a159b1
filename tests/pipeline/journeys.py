"""Whole ways of an order: what the shop says, event by event, and what the ERP's books must show in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.event import Fact
from schemas.order import FinancialStatus, Fulfilment, LineCategory, Shipping
from schemas.party import Party
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Policy
from tests.pipeline.rig import ADA, HOME, WORK, Books, Pod, policy
from tests.plan.world import SHIPPED, T0, back, cash_back, line, money, order, payment, refund, tax

BUYER: dict[str, Any] = {"buyer": ADA, "ship_to": HOME, "bill_to": HOME}
POST = Shipping(external_id="s1", title="Post", price=money("5.00"))
D = Decimal


@dataclass(frozen=True)
class Journey:
    """Events in the order in which the shop made them, and the judgement on the ERP's books."""

    name: str
    events: Sequence[tuple[Fact, ...]]
    judge: Callable[[Books], None]
    verdicts: dict[str, str] = field(default_factory=dict)
    """Of root 1, where not everything is posted."""
    roots: tuple[str, ...] = ("1",)
    policy: Policy = field(default_factory=policy)
    profiles: tuple[str, ...] = ("lenient",)
    in_any_order: bool = True
    """Whether the same books come about whatever arrives first; a document that was posted too early cannot vanish."""

    async def check(self, pod: Pod, books: Books) -> None:
        """Judge the end."""
        self.judge(books.sound())
        for root in self.roots:
            said = await pod.said(root)
            expected = self.verdicts if root == "1" else {}
            assert said == {name: expected.get(name, "posted") for name in said}
            assert all(state in {"done", "absent", "refused"} for _, _, state in await pod.states(root))


def _sold(total: str, *, status: str = "confirmed", paid: str | None = None) -> Callable[[Books], None]:
    def judge(books: Books) -> None:
        (sale,) = books.documents()
        assert (D(sale["order_total"]), sale["order_status"]) == (D(total), status)
        assert D(sale["amount_paid"]) == D(total if paid is None else paid)

    return judge


# --- sold and paid

PARTS = (
    line("11", quantity=3, price="10.00", discount=money("2.00"), taxes=(tax("2.24"),)),
    line("12", quantity=1, price="4.99", taxes=(tax("0.40"),)),
)
SALE = order(*PARTS, shipping=(POST,), **BUYER)


def _sale(books: Books) -> None:
    _sold("40.63")(books)
    assert (books.line("SKU-11"), books.line("SKU-12"), books.line("SHIP"), books.line("TAX")) == (
        D("30.00"), D("4.99"), D("5.00"), D("2.64"),
    )  # fmt: skip
    assert D(books.sale()["discount_total"]) == D("2.00")
    assert books.payments() == {"91": ("external", D("40.63"), D(0))}


SOLD = Journey("sold", ((SALE,), (payment("91", "40.63"),)), _sale)

PLAIN = order(line("11", quantity=2, price="10.00"), **BUYER)


def _split(books: Books) -> None:
    _sold("20.00")(books)
    assert books.payments() == {"91": ("external", D("12.50"), D(0)), "92": ("credit", D("7.50"), D(0))}


SPLIT = Journey(
    "split tender",
    ((PLAIN,), (payment("91", "12.50"),), (payment("92", "7.50", gateway="gift_card"),)),
    _split,
)

# --- given back


def _goods_back(books: Books) -> None:
    _sold("20.00", paid="10.00")(books)
    (returned,) = books.documents("refund")
    assert (returned["document_type"], returned["order_status"]) == ("return", "confirmed")
    assert D(returned["order_total"]) == D("10.00")
    assert books.payments() == {"91": ("external", D("20.00"), D("10.00"))}
    assert books.credits() == []


BACK = refund("81", back("11", 1, "10.00"), transaction_ids=("95",))
LESS = order(
    line("11", quantity=2, price="10.00", current_quantity=1),
    minutes=10,
    current_total=money("10.00"),
    refund_ids=("81",),
    financial_status=FinancialStatus.PARTIALLY_REFUNDED,
    **BUYER,
)
GOODS_BACK = Journey(
    "refund with goods",
    ((PLAIN,), (payment("91"),), (LESS,), (BACK, cash_back("95", "10.00", refund_id="81"))),
    _goods_back,
)


def _goodwill(books: Books) -> None:
    _sold("20.00", paid="15.00")(books)
    assert books.credits() == [D("5.00")]
    assert books.documents("refund") == []
    assert books.payments() == {"91": ("external", D("20.00"), D("5.00"))}


GOODWILL = Journey(
    "cash refund",
    (
        (PLAIN,),
        (payment("91"),),
        (refund("81", transaction_ids=("95",)), cash_back("95", "5.00", refund_id="81")),
    ),
    _goodwill,
)


def _more_than_goods(books: Books) -> None:
    (returned,) = books.documents("refund")
    assert D(returned["order_total"]) == D("10.00")
    assert books.credits() == [D("3.00")]
    assert books.payments() == {"91": ("external", D("20.00"), D("13.00"))}


MORE_THAN_GOODS = Journey(
    "credit beside a return",
    (
        (PLAIN,),
        (payment("91"),),
        (LESS,),
        (
            refund("81", back("11", 1, "10.00"), transaction_ids=("95",), discrepancy=money("3.00")),
            cash_back("95", "13.00", refund_id="81"),
        ),
    ),
    _more_than_goods,
)


def _less_than_goods(books: Books) -> None:
    (returned,) = books.documents("refund")
    assert (D(returned["order_total"]), D(returned["discount_total"])) == (D("8.00"), D("2.00"))
    assert returned["order_status"] == "confirmed"
    assert books.payments() == {"91": ("external", D("20.00"), D("8.00"))}


LESS_THAN_GOODS = Journey(
    "part kept back",
    (
        (PLAIN,),
        (payment("91"),),
        (LESS,),
        (
            refund("81", back("11", 1, "10.00"), transaction_ids=("95",), discrepancy=money("-2.00")),
            cash_back("95", "8.00", refund_id="81"),
        ),
    ),
    _less_than_goods,
)

# --- called off

OPEN = order(financial_status=FinancialStatus.PENDING, net_terms=True, **BUYER)
CALLED_OFF = order(financial_status=FinancialStatus.VOIDED, net_terms=True, minutes=5, cancelled_at=T0, **BUYER)
CANCEL = Journey("cancel", ((OPEN,), (CALLED_OFF,)), _sold("20.00", status="cancelled", paid="0"), in_any_order=False)


def _nothing(books: Books) -> None:
    assert books.documents() == []
    assert books.payments() == {}


NEVER_POSTED = Journey(
    "cancelled before it was posted",
    (
        (order(minutes=20, cancelled_at=T0, financial_status=FinancialStatus.REFUNDED, **BUYER),),
        (payment("91"),),
        (cash_back("95", "20.00"),),
    ),
    _nothing,
    verdicts=dict.fromkeys(("order 1", "payment 91", "payment 95"), "skipped/never_posted"),
)
CASH_KEPT = Journey(
    "cancelled before it was posted with its cash kept",
    ((order(minutes=20, cancelled_at=T0, **BUYER),), (payment("91"),)),
    _nothing,
    verdicts={"order 1": "parked/cancelled_with_cash", "payment 91": "parked/parent_parked"},
)


def _cancelled_refunded(books: Books) -> None:
    _sold("20.00", status="cancelled", paid="0")(books)
    assert books.payments() == {"91": ("external", D("20.00"), D("20.00"))}
    assert books.documents("refund") == []


CANCEL_REFUNDED = Journey(
    "cancel after refund",
    (
        (PLAIN,),
        (payment("91"),),
        (order(line("11"), minutes=20, cancelled_at=T0, financial_status=FinancialStatus.REFUNDED,
               current_total=money("0"), refund_ids=("81",), **BUYER),),
        (refund("81", back("11", 2, "20.00", restock="cancel"), transaction_ids=("95",)),
         cash_back("95", "20.00", refund_id="81")),
    ),
    _cancelled_refunded,
    in_any_order=False,
)  # fmt: skip

# --- edited


def _edited(books: Books) -> None:
    _sold("27.50")(books)
    assert books.line("SKU-12") == D("7.50")
    assert books.payments() == {"91": ("external", D("20.00"), D(0)), "92": ("external", D("7.50"), D(0))}


ADDED = Journey(
    "edit that adds",
    (
        (PLAIN,),
        (payment("91"),),
        (order(line("11"), line("12", quantity=1, price="7.50"), minutes=30, **BUYER),),
        (payment("92", "7.50"),),
    ),
    _edited,
)


def _revised(books: Books) -> None:
    first, second = books.documents()
    assert [one["order_status"] for one in (first, second)] == ["cancelled", "confirmed"]
    assert [D(one["order_total"]) for one in (first, second)] == [D("20.00"), D("10.00")]
    assert [one["metadata"]["generation"] for one in (first, second)] == ["1", "2"]


REVISED = Journey(
    "edit that removes from an unpaid order",
    (
        (OPEN,),
        (order(line("11", current_quantity=1), financial_status=FinancialStatus.PENDING, net_terms=True, minutes=7,
               current_total=money("10.00"), **BUYER),),
    ),
    _revised,
    in_any_order=False,
)  # fmt: skip

# --- buyers


def _two_places(books: Books) -> None:
    (account,) = books.tables["accounts"]
    assert account["metadata"]["external_id"] == "customer:7"
    assert sorted(one["line1"] for one in account["addresses"]) == ["1 Main St", "2 High St"]
    first, second = books.sale("1"), books.sale("2")
    assert first["account_id"] == second["account_id"]
    assert first["shipping_address_id"] != second["shipping_address_id"]


TWO_PLACES = Journey(
    "second address",
    (
        (PLAIN,),
        (payment("91"),),
        (order(external_id="2", name="#1002", buyer=ADA, ship_to=WORK, bill_to=HOME),),
        (payment("93", order_id="2"),),
    ),
    _two_places,
    roots=("1", "2"),
)


def _guest(books: Books) -> None:
    _sold("20.00")(books)
    (account,) = books.tables["accounts"]
    assert account["metadata"]["external_id"] == "guest"
    assert [one["line1"] for one in account["addresses"]] == ["3 Low St"]


GUEST = Journey("guest", ((order(buyer=Party()),), (payment("91"),)), _guest)

# --- who ships


def _invoiced(books: Books) -> None:
    _sold("20.00")(books)
    assert books.sale()["document_type"] == "invoice"


INVOICE = Journey(
    "invoice once the shop shipped",
    ((PLAIN,), (payment("91"),), (order(minutes=40, **SHIPPED, **BUYER),)),
    _invoiced,
    policy=policy(fulfilment=Ships.SHOP),
    profiles=("lenient", "strict"),
)

GONE = Journey(
    "shipped by the shop before it was posted",
    ((order(minutes=40, **SHIPPED, **BUYER),), (payment("91"),)),
    _invoiced,
    profiles=("lenient", "strict"),
)


def _ordered(books: Books) -> None:
    _sold("20.00")(books)
    assert books.sale()["document_type"] == "sales_order"


SHIPPED_LATER = Journey(
    "shipped by the shop after it was posted",
    ((PLAIN,), (payment("91"),), (order(minutes=40, **SHIPPED, **BUYER),)),
    _ordered,
    in_any_order=False,
)
HALF_GONE = Journey(
    "shipped in part before it was posted",
    ((order(minutes=30, fulfilment=Fulfilment.PARTIAL, **BUYER),), (payment("91"),)),
    _nothing,
    verdicts={"order 1": "parked/shipped_by_shop", "payment 91": "parked/parent_parked"},
)

# --- everything that is no goods


def _components(books: Books) -> None:
    sale = books.sale()
    names = ("SKU-11", "GIFT", "TIP", "CUSTOM", "SHIP", "DUTY", "FEE", "TAX")
    assert [books.line(name) for name in names] == [
        D("16.81"), D("25.00"), D("3.00"), D("9.00"), D("4.20"), D("2.00"), D("1.50"), D("3.99")
    ]  # fmt: skip
    assert D(sale["fee_total"]) - D(sale["discount_total"]) == D("-0.02")
    assert (D(sale["order_total"]), D(sale["balance_due"])) == (D("65.48"), D(0))


MANY = order(
    line("11", quantity=2, price="10.00", taxes=(tax("3.19"),), duties=money("2.00")),
    line("12", quantity=1, price="25.00", category=LineCategory.GIFT_CARD, sku=""),
    line("13", quantity=1, price="3.00", category=LineCategory.TIP, sku=""),
    line("14", quantity=1, price="9.00", category=LineCategory.CUSTOM, sku=""),
    shipping=(Shipping(external_id="s1", title="Post", price=money("5.00"), taxes=(tax("0.80"),)),),
    taxes_included=True,
    fees=money("1.50"),
    cash_rounding=money("-0.02"),
    **BUYER,
)
COMPONENTS = Journey("every component", ((MANY,), (payment("91", "65.48"),)), _components)


JOURNEYS = (
    SOLD, SPLIT, GOODS_BACK, GOODWILL, MORE_THAN_GOODS, LESS_THAN_GOODS, CANCEL, CANCEL_REFUNDED, ADDED, REVISED,
    TWO_PLACES, GUEST, INVOICE, COMPONENTS, GONE, SHIPPED_LATER,
)  # fmt: skip
QUIET = (NEVER_POSTED, CASH_KEPT, HALF_GONE)
"""Ways that ask nothing of the ERP."""
