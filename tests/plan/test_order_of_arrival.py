"""Whatever order the events come in, and however often, the ERP ends the same."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.event import Fact
from schemas.order import FinancialStatus
from tests.plan.world import T0, World, back, cash_back, line, money, order, payment, refund, tax

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
