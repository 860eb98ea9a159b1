"""Whatever order the events come in, and however often, the ERP ends the same."""

from datetime import timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import Kind
from schemas.effect import Confirm, DocumentType
from schemas.event import Fact
from schemas.order import FinancialStatus, Order
from schemas.outcome import OutcomeName, Reason
from schemas.posted import PostedStatus
from tests.plan.world import ROOT, SHIPPED, T0, World, back, cash_back, line, money, order, payment, refund, tax

ONE = line(taxes=(tax("1.00"),))
TWO = line("12", quantity=1, price="5.00")
HISTORY: list[Fact] = [
    order(ONE, financial_status=FinancialStatus.PENDING),
    order(ONE, minutes=1),
    payment("91", "21.00"),
    order(ONE, TWO, minutes=5),
    payment("92", "5.00"),
    refund("81", back(tax=money("0.50")), transaction_ids=("95",)),
    cash_back("95", "10.50"),
    order(
        line(taxes=(tax("1.00"),), current_quantity=1),
        TWO,
        minutes=12,
        financial_status=FinancialStatus.PARTIALLY_REFUNDED,
        current_total=money("15.50"),
        refund_ids=("81",),
    ),
]


def outcome(world: World) -> object:
    plan = world.settle()
    verdicts = {str(v.document): (v.outcome, v.reason) for v in plan.verdicts}
    books = {
        str(ref): (doc.status, doc.total, doc.paid, doc.balance, doc.refunded) for ref, doc in world.posted.items()
    }
    return verdicts, books


EXPECTED = outcome(World().see(*HISTORY))


@settings(max_examples=200, deadline=None)
@given(
    st.permutations(HISTORY), st.sets(st.integers(0, len(HISTORY) - 1)), st.lists(st.sampled_from(HISTORY), max_size=4)
)
def test_every_order_of_arrival_ends_the_same(arrivals: list[Fact], pauses: set[int], again: list[Fact]) -> None:
    world = World()
    for number, fact in enumerate([*arrivals, *again]):
        world.see(fact)
        if number in pauses:
            world.settle()
    assert outcome(world) == EXPECTED


@settings(max_examples=100, deadline=None)
@given(st.permutations(HISTORY))
def test_nothing_precedes_its_parent_and_no_version_falls(arrivals: list[Fact]) -> None:
    world = World()
    for fact in arrivals:
        world.see(fact)
        world.settle()
    names = world.names()
    assert names.index("order:1/create#1") < names.index("order:1/confirm#1") < names.index("payment:91/record")
    assert names.index("payment:91/record") < names.index("payment:95/refund")
    assert len(names) == len(set(names))
    versions = [effect.source_version for effect in world.done if effect.document.kind == "order"]
    assert versions == sorted(versions)
    assert world.now > (T0 + timedelta(minutes=12)).timestamp()


SOLD = order(financial_status=FinancialStatus.PENDING), order(minutes=1), payment(), order(minutes=4)
LEFT = (*SOLD, order(minutes=9, **SHIPPED))
CANCELLED = (*SOLD, order(minutes=9, cancelled_at=T0, financial_status=FinancialStatus.REFUNDED), cash_back())
WORK = st.lists(st.integers(0, 9), min_size=len(CANCELLED), max_size=len(CANCELLED))
"""How many effects are carried out before the process stops, after each arrival."""


def carried_out(world: World, most: int) -> None:
    for _ in range(most):
        if not (effects := world.plan().effects):
            return
        order_now = world.facts.get(("order", "1"))
        assert isinstance(order_now, Order)
        assert not isinstance(effects[0], Confirm) or not _gone(order_now) or _is_invoice(world)
        world.carry_out(effects[0])


def _gone(body: Order) -> bool:
    return body.cancelled_at is not None or body.fulfilment in SHIPPED.values()


def _is_invoice(world: World) -> bool:
    return world.sale.document_type == DocumentType.INVOICE


@settings(max_examples=300, deadline=None)
@given(st.permutations(LEFT), WORK)
def test_who_ships_first_decides_the_document_and_a_draft_that_was_overtaken(
    arrivals: list[Fact], work: list[int]
) -> None:
    world, stood = World(), False
    for fact, most in zip(arrivals, work, strict=False):
        world.see(fact)
        if fact is LEFT[-1]:
            stood = ROOT in world.posted
            overtaken = stood and world.sale.status is PostedStatus.DRAFT
        carried_out(world, most)
    ends = world.settle()
    if overtaken:
        assert {verdict.reason for verdict in ends.verdicts} == {Reason.SHIPPED_BY_SHOP, Reason.PARENT_PARKED}
        return
    assert _is_invoice(world) is not stood
    assert {verdict.outcome for verdict in ends.verdicts} == {OutcomeName.POSTED}
    assert (world.sale.status, world.sale.total, world.sale.paid) == (PostedStatus.CONFIRMED, money(20), money(20))


@settings(max_examples=300, deadline=None)
@given(st.permutations(CANCELLED), WORK)
def test_a_cancellation_ends_the_same_unless_the_sale_stood_before(arrivals: list[Fact], work: list[int]) -> None:
    world, stood = World(), False
    for fact, most in zip(arrivals, work, strict=True):
        world.see(fact)
        if fact is CANCELLED[-2]:
            stood = ROOT in world.posted
        carried_out(world, most)
    ends = {verdict.document: verdict for verdict in world.settle().verdicts}
    assert (ROOT in world.posted) is stood
    if stood:
        assert (world.sale.status, ends[ROOT].outcome) == (PostedStatus.CANCELLED, OutcomeName.POSTED)
    else:
        assert ends[ROOT].reason is Reason.NEVER_POSTED
    cash = {verdict.reason for ref, verdict in ends.items() if ref.kind is Kind.PAYMENT}
    assert cash == ({None} if stood and world.sale.paid else {Reason.NEVER_POSTED})


def test_cash_of_a_cancelled_sale_is_there_whole_or_not_at_all() -> None:
    for first, most in product((SOLD[1], SOLD[3]), range(4)):
        world = World().see(first, payment())
        carried_out(world, most)
        world.see(*CANCELLED).settle()
        recorded = [ref for ref in world.posted if ref.kind is Kind.PAYMENT]
        assert len(recorded) in {0, 2}
