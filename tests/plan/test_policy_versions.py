"""A document stays planned under the policy that posted it (correctness 3); whose tax it is (books 8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas.effect import Component, CreateOrder, ReturnGoods
from schemas.order import FinancialStatus, Shipping
from schemas.outcome import OutcomeName
from service.plan.planner import plan
from service.plan.policy import Policy, Targets
from service.plan.state import Applied, Desired
from tests.plan.world import (
    ROOT,
    TARGETS,
    World,
    back,
    cash_back,
    line,
    money,
    order,
    payment,
    policy,
    refund,
    tax,
)

OLD = policy()
NEW = policy(targets=Targets(**{**TARGETS.model_dump(), "shipping": "fee:Freight"}))
TERMS: dict[str, Any] = {"net_terms": True, "financial_status": FinancialStatus.PENDING}
FREIGHT = (Shipping(external_id="5", title="Post", price=Decimal(5)),)


def _first_effect(world: World, today: Policy) -> CreateOrder:
    desired = Desired.of(ROOT, list(world.facts.values()), conflicts=frozenset(), first_seen=world.first_seen)
    answer = plan(desired, Applied(posted=world.posted), today, posted_under=OLD, now=world.now)
    effect = answer.effects[0]
    assert isinstance(effect, CreateOrder)
    return effect


def test_a_next_revision_is_posted_under_the_policy_of_the_first() -> None:
    world = World(OLD).see(order(line(quantity=2), shipping=FREIGHT, **TERMS))
    world.settle()
    fewer = line(quantity=2, current_quantity=1)
    world.see(order(fewer, shipping=FREIGHT, minutes=5, current_total=money(15), **TERMS))
    world.carry_out(world.plan().effects[0])  # the cancellation of the first revision
    again = _first_effect(world, NEW)
    assert (again.revision, again.policy_version) == (2, OLD.version)
    assert again.total == money(15)
    assert [one.rate for one in again.lines if one.component is Component.SHIPPING] == [money(5)]


def test_tax_of_an_order_that_somebody_else_sold_is_never_ours() -> None:
    sold = order(line(taxes=(tax("1.00"),)), merchant_of_record="9")
    create = World().see(sold).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert [one.product for one in create.lines if one.component is Component.TAX] == [TARGETS.marketplace_tax]
    world = World().see(sold, payment("91", "21.00"))
    world.settle()
    world.ship()
    world.see(refund("81", back(tax=money("0.50")), transaction_ids=("95",)), cash_back("95", "10.50"))
    assert world.settle().verdicts[0].outcome is OutcomeName.POSTED
    returned = next(effect for effect in world.done if isinstance(effect, ReturnGoods))
    assert [one.product for one in returned.lines if one.component is Component.TAX] == [TARGETS.marketplace_tax]
