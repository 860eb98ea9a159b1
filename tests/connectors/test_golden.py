"""Every case gives what its golden file holds, and what it gives is sound."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.errors import ConnectorError
from schemas.event import Event
from schemas.order import Line, LineCategory, Order, Shipping

CASES = Path(__file__).parent / "cases"
Load = Callable[[str], dict[str, Any]]
Run = Callable[[dict[str, Any]], tuple[Event | ConnectorError, ...]]
Show = Callable[[Event | ConnectorError], dict[str, Any]]


def test_a_case_gives_what_its_golden_file_holds(
    case_name: str, case: Load, run: Run, shown: Show, *, update: bool
) -> None:
    found = [shown(outcome) for outcome in run(case(case_name))]
    golden = CASES / f"{case_name}.out.json"
    if update:
        golden.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(golden.read_text())


def test_what_was_built_without_validation_is_valid(case_name: str, case: Load, run: Run) -> None:
    for event in run(case(case_name)):
        if isinstance(event, Event):
            assert Event.model_validate(event.model_dump()) == event
            assert Event.model_validate_json(event.model_dump_json()) == event
            again = Event.model_validate(event.model_dump())
            assert again.model_dump_json() == event.model_dump_json()


def test_the_sums_of_a_consistent_order_add_up_by_component(case_name: str, case: Load, run: Run) -> None:
    for event in run(case(case_name)):
        for fact in event.facts if isinstance(event, Event) else ():
            if isinstance(fact, Order):
                _adds_up(fact)


def _adds_up(order: Order) -> None:
    sold = [line for line in order.lines if line.category is not LineCategory.TIP]
    tips = [line for line in order.lines if line.category is LineCategory.TIP]
    parts: list[Line | Shipping] = [*order.lines, *order.shipping]
    taxes = [tax for part in parts for tax in part.taxes]
    totals = order.totals
    assert sum(line.unit_price * line.quantity for line in sold) == totals.lines
    assert sum(line.unit_price * line.quantity for line in tips) == totals.tips
    assert sum(part.discount for part in parts) == totals.discounts
    assert sum(one.price for one in order.shipping) == totals.shipping
    assert sum(tax.amount for tax in taxes) == totals.tax
    assert sum(line.duties for line in order.lines) == totals.duties
    on_top = Decimal(0) if order.taxes_included else totals.tax
    total = totals.lines - totals.discounts + totals.shipping + on_top + totals.tips + totals.duties + totals.fees
    assert total == totals.total
