"""The value side of refunds: what goes back, what waits, what a person has to decide."""

from decimal import Decimal
from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.effect import Adjust, Component, Credit, ReturnGoods
from schemas.order import Shipping
from schemas.outcome import OutcomeName, Reason
from schemas.payment import PaymentStatus
from schemas.posted import PostedStatus
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Targets
from service.plan.state import Blocked
from tests.plan.world import (
    SHIPPED,
    SHOP,
    T0,
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

REFUND = Ref(**SHOP, kind=Kind.REFUND, external_id="81")


def sold_with(*refunds: Any, left: str = "20.00", **changes: Any) -> World:
    ids = tuple(entry.external_id for entry in refunds)
    return World().see(order(current_total=money(left), refund_ids=ids, **changes), payment(), *refunds)


def test_goods_come_back_with_their_tax_and_shipping() -> None:
    ship = (Shipping(price=money("5.00"), taxes=(tax("0.50"),)),)
    sold = order(line(taxes=(tax("2.00"),)), shipping=ship, current_total=money("11.00"), refund_ids=("81",))
    gone = refund(
        "81", back(tax=money("1.00")), shipping=money("5.00"), shipping_tax=money("0.50"), transaction_ids=("95",)
    )
    world = World().see(sold, payment(amount="27.50"), gone, cash_back(amount="16.50"))
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    returned = next(effect for effect in world.done if isinstance(effect, ReturnGoods))
    assert [(p.component, p.rate * p.quantity) for p in returned.lines] == [
        (Component.GOODS, money("10.00")),
        (Component.SHIPPING, money("5.00")),
        (Component.TAX, money("1.50")),
    ]
    assert world.posted[REFUND].status is PostedStatus.CONFIRMED
    assert world.names()[-3:] == ["refund:81/return#1", "refund:81/confirm#1", "payment:95/refund"]


def test_goods_come_back_net_of_included_tax() -> None:
    sold = order(line(taxes=(tax("2.00"),)), taxes_included=True, current_total=money("10.00"), refund_ids=("81",))
    world = World().see(sold, payment(), refund("81", back(tax=money("1.00"))))
    world.settle()
    returned = next(effect for effect in world.done if isinstance(effect, ReturnGoods))
    assert [p.rate for p in returned.lines] == [money("9.00"), money("1.00")]
    assert returned.total == money("10.00")


def test_what_the_shop_kept_back_is_taken_off_the_return() -> None:
    world = sold_with(refund("81", back(), discrepancy=money("-2.00")), left="10.00")
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    kept = next(effect for effect in world.done if isinstance(effect, Adjust))
    assert (kept.document, kept.amount, kept.component) == (REFUND, money("-2.00"), Component.DISCOUNT)
    assert world.posted[REFUND].total == money("8.00")


def test_goodwill_without_goods_is_a_credit() -> None:
    world = sold_with(refund("81", discrepancy=money("3.00")))
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    credit = next(effect for effect in world.done if isinstance(effect, Credit))
    assert credit.amount == money("3.00")
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED


def test_cash_given_back_without_goods_is_a_credit_of_that_much() -> None:
    world = sold_with(refund("81", transaction_ids=("95", "404"))).see(cash_back(amount="4.00"))
    world.settle()
    assert next(effect for effect in world.done if isinstance(effect, Credit)).amount == money("4.00")


def test_a_refund_of_nothing_changes_nothing() -> None:
    assert sold_with(refund("81")).verdict(Kind.REFUND, "81").outcome is OutcomeName.UNCHANGED


def test_a_pending_refund_waits_for_its_money() -> None:
    world = sold_with(refund("81", back(), transaction_ids=("95",)), left="10.00")
    world.see(cash_back(amount="10.00", status=PaymentStatus.PENDING))
    assert world.verdict(Kind.REFUND, "81").reason is Reason.PENDING


def test_an_exchange_is_for_a_person() -> None:
    world = sold_with(refund("81", back(), return_id="5"), left="10.00")
    assert world.verdict(Kind.REFUND, "81").reason is Reason.EXCHANGE


def test_unshipped_goods_are_not_returned_while_the_warehouse_would_ship_them() -> None:
    gone = refund("81", back(restock="cancel"))
    world = sold_with(gone, left="10.00")
    assert world.verdict(Kind.REFUND, "81").reason is Reason.FEWER_GOODS
    world.ship()
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED


def test_an_invoiced_sale_takes_every_return() -> None:
    sold = order(current_total=money(10), refund_ids=("81",), **SHIPPED)
    world = World(policy(fulfilment=Ships.SHOP)).see(sold, payment(), refund("81", back(restock="cancel")))
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED


@pytest.mark.parametrize("changes", [{"subtotal": "10.005"}, {"subtotal": "-1.00"}])
def test_a_refund_of_an_impossible_amount_is_parked(changes: dict[str, Any]) -> None:
    world = World().see(order(), payment(), refund("81", back(**changes)))
    assert world.verdict(Kind.REFUND, "81").reason is Reason.DOES_NOT_ADD_UP


def test_a_refund_without_a_target_for_its_tax_is_parked() -> None:
    world = World(policy(targets=Targets())).see(order(), payment(), refund("81", back(tax=money("1.00"))))
    verdict = world.verdict(Kind.REFUND, "81")
    assert (verdict.reason, verdict.release) == (Reason.TARGET_MISSING, "target:tax")


def test_value_without_pieces_goes_back_on_the_target_for_custom_goods() -> None:
    world = World().see(order(), payment(), refund("81", back(quantity=0, subtotal="3.00"), back("99", 1, "2.00")))
    world.settle()
    returned = next(effect for effect in world.done if isinstance(effect, ReturnGoods))
    assert [(p.product, p.rate, p.note) for p in returned.lines] == [
        ("sku:CUSTOM", Decimal("3.00"), "line 11"),
        ("sku:CUSTOM", Decimal("2.00"), "line 99"),
    ]


def test_a_fee_target_is_given_back_as_a_fee_of_the_return() -> None:
    rules = policy(targets=TARGETS.model_copy(update={"shipping": "fee:Shipping"}))
    sold = order(shipping=(Shipping(price=money("5.00")),), current_total=money(10), refund_ids=("81",))
    world = World(rules).see(
        sold, payment(amount="25.00"), refund("81", back(subtotal="10.00"), shipping=money("5.00"))
    )
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.posted[REFUND].total == money("15.00")


def test_two_contents_of_one_refund_are_not_posted() -> None:
    world = sold_with(refund("81", back()), left="10.00")
    world.conflicts = frozenset({REFUND})
    assert world.verdict(Kind.REFUND, "81").reason is Reason.SAME_VERSION_DIFFERS


@pytest.mark.parametrize(
    ("update", "reason"),
    [({"total": money("10.01")}, Reason.ERP_TOTAL_DIFFERS), ({"status": PostedStatus.HELD}, Reason.ERP_HOLD)],
)
def test_a_return_that_the_erp_changed_or_holds_is_for_a_person(update: dict[str, Any], reason: Reason) -> None:
    world = sold_with(refund("81", back()), left="10.00")
    while REFUND not in world.posted:
        world.carry_out(world.plan().effects[0])
    world.posted[REFUND] = world.posted[REFUND].model_copy(update=update)
    assert world.verdict(Kind.REFUND, "81").reason is reason


def test_refunds_go_in_the_order_in_which_the_shop_made_them() -> None:
    first, second = refund("82", back(), minutes=10), refund("81", back(), minutes=20)
    world = sold_with(second, first, left="0.00")
    world.settle()
    assert [name for name in world.names() if "return" in name] == ["refund:82/return#1", "refund:81/return#1"]


def test_a_late_refund_of_a_known_order_is_given_back_although_the_body_does_not_know_it() -> None:
    world = World().see(order(), payment())
    world.settle()
    assert world.see(refund("81", back())).verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.now > T0.timestamp()


def test_more_cash_than_goods_is_a_return_and_a_credit_beside_it() -> None:
    world = sold_with(refund("81", back(), discrepancy=money("3.00")), left="10.00")
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.posted[REFUND].total == money("10.00")
    credit = next(effect for effect in world.done if isinstance(effect, Credit))
    assert (credit.amount, credit.document.external_id) == (money("3.00"), "81:credit")


def test_what_a_person_discarded_is_left_alone() -> None:
    world = sold_with(refund("81", back()), left="10.00")
    world.discarded = frozenset({REFUND})
    assert world.verdict(Kind.REFUND, "81").reason is Reason.DISCARDED
    parked = World(policy(entity_currency="EUR")).see(order(), payment())
    parked.discarded = frozenset({REFUND.model_copy(update={"kind": Kind.ORDER, "external_id": "1"})})
    assert parked.verdict().reason is Reason.DISCARDED
    assert parked.verdict(Kind.PAYMENT, "91").reason is Reason.DISCARDED


def overpaid_back() -> World:
    """A return, and a credit beside it."""
    return sold_with(refund("81", back(), discrepancy=money("3.00")), left="10.00")


def test_a_credit_beside_a_return_is_told_with_its_refund() -> None:
    world = overpaid_back()
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.verdict(Kind.REFUND, "81:credit").outcome is OutcomeName.POSTED


def test_what_holds_the_credit_up_holds_its_refund_up() -> None:
    world = overpaid_back()
    world.blocked["refund:81/credit"] = Blocked(Reason.ERP_REFUSED, "no credits here")
    assert world.verdict(Kind.REFUND, "81").reason is Reason.ERP_REFUSED
    assert world.verdict(Kind.REFUND, "81:credit").reason is Reason.ERP_REFUSED


def test_no_credit_is_made_for_a_refund_that_a_person_ended() -> None:
    world = overpaid_back()
    world.blocked["refund:81/credit"] = Blocked(Reason.ERP_REFUSED, "no credits here")
    world.settle()
    world.blocked.clear()
    world.discarded = frozenset({REFUND})
    assert world.verdict(Kind.REFUND, "81").reason is Reason.DISCARDED
    assert "refund:81/credit" not in world.names()


def test_tax_that_the_marketplace_owes_goes_back_to_where_it_went() -> None:
    sold = order(
        line(taxes=(tax("1.50", channel_liable=True), tax("0.50"))), current_total=money(11), refund_ids=("81",)
    )
    world = World().see(sold, payment(amount="22.00"), refund("81", back(tax=money("1.00"))))
    world.settle()
    returned = next(effect for effect in world.done if isinstance(effect, ReturnGoods))
    assert [(p.product, p.rate) for p in returned.lines[1:]] == [
        ("sku:TAX", money("0.25")),
        ("sku:MKT-TAX", money("0.75")),
    ]


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        (refund("81", back(), return_id="5"), Reason.EXCHANGE),
        (refund("81", back(), return_id="5", transaction_ids=("95",)), None),
        (refund("81", return_id="5", discrepancy=money("1.00")), None),
        (refund("81", back()), None),
    ],
)
def test_an_exchange_is_goods_of_a_return_without_any_money(gone: Any, reason: Reason | None) -> None:
    world = sold_with(gone, left="10.00" if gone.lines else "20.00").see(cash_back(amount="10.00"))
    assert world.verdict(Kind.REFUND, "81").reason is reason


def test_a_credit_may_be_as_small_as_a_cent() -> None:
    world = sold_with(refund("81", discrepancy=money("0.01")))
    world.settle()
    assert [effect.amount for effect in world.done if isinstance(effect, Credit)] == [money("0.01")]


def test_a_cent_more_than_the_goods_is_a_credit_beside_the_return() -> None:
    world = sold_with(refund("81", back(), discrepancy=money("0.01")), left="10.00")
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert [effect.amount for effect in world.done if isinstance(effect, Credit)] == [money("0.01")]


def test_cash_that_did_not_go_back_is_no_credit() -> None:
    failed = cash_back(amount="4.00", status=PaymentStatus.FAILURE)
    world = sold_with(refund("81", transaction_ids=("95",))).see(failed)
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.UNCHANGED


def test_value_without_pieces_never_waits_for_the_warehouse() -> None:
    world = sold_with(refund("81", back(quantity=0, subtotal="3.00", restock="cancel")), left="17.00")
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.posted[REFUND].total == money("3.00")


def test_a_refund_is_not_posted_before_the_credit_beside_it_is() -> None:
    world = overpaid_back()
    while not isinstance((effect := world.plan().effects[0]), Credit):
        world.carry_out(effect)
    assert REFUND not in {verdict.document for verdict in world.plan().verdicts}


def test_a_person_who_ends_the_credit_ends_the_refund() -> None:
    world = overpaid_back()
    world.discarded = frozenset({REFUND.model_copy(update={"external_id": "81:credit"})})
    assert world.verdict(Kind.REFUND, "81").reason is Reason.DISCARDED
    assert not any(isinstance(effect, Credit) for effect in world.done)


def cancelled(world: World, *ids: str, left: str) -> World:
    """The order of this world, cancelled after it was posted."""
    world.settle()
    return world.see(order(minutes=30, cancelled_at=T0, current_total=money(left), refund_ids=ids, **SHIPPED))


def test_goods_of_a_cancelled_order_that_never_left_are_not_returned() -> None:
    gone = refund("81", back(quantity=2, subtotal="20.00"), transaction_ids=("95",))
    world = cancelled(World().see(order(), payment()), "81", left="0.00").see(gone, cash_back())
    assert world.verdict(Kind.REFUND, "81").detail == "its goods went with the cancellation of the order"
    assert not any(isinstance(effect, ReturnGoods) for effect in world.done)
    assert world.sale.status is PostedStatus.CANCELLED


def test_goods_of_an_invoice_come_back_although_its_order_was_cancelled() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(**SHIPPED), payment())
    gone = refund("81", back(quantity=2, subtotal="20.00"), transaction_ids=("95",))
    cancelled(world, "81", left="0.00").see(gone, cash_back())
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.posted[REFUND].total == money("20.00")
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.status is PostedStatus.CONFIRMED


def test_after_one_return_the_next_goods_of_a_cancelled_order_are_returned_too() -> None:
    world = sold_with(refund("81", back(), transaction_ids=("95",)), left="10.00").see(cash_back(amount="10.00"))
    cancelled(world, "81", "82", left="0.00").see(refund("82", back(), minutes=20))
    assert world.verdict(Kind.REFUND, "82").outcome is OutcomeName.POSTED
    assert [effect.document.external_id for effect in world.done if isinstance(effect, ReturnGoods)] == ["81", "82"]
