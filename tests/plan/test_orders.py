"""What becomes of an order: whether it goes, as what, and what is asked of a person."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.base import Kind, Ref
from schemas.effect import AddLines, Adjust, Cancel, Component, CreateOrder
from schemas.money import Money
from schemas.order import FinancialStatus, Fulfilment, LineCategory, Shipping
from schemas.outcome import OutcomeName, Reason
from schemas.party import Address, Party
from schemas.posted import PostedStatus
from service.plan.account import account_ref
from service.plan.policy import Fulfilment as Ships
from service.plan.policy import Gate, Targets
from service.plan.state import Blocked
from tests.plan.world import (
    ROOT,
    SHIPPED,
    T0,
    TARGETS,
    World,
    back,
    cash_back,
    deletion,
    edit,
    line,
    money,
    order,
    payment,
    policy,
    refund,
    tax,
)


def test_a_paid_order_is_created_confirmed_and_paid() -> None:
    world = World().see(order(), payment())
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.names() == ["order:1/create#1", "order:1/confirm#1", "payment:91/record"]
    assert (world.sale.total, world.sale.balance) == (money(20), money(0))


def test_the_sale_carries_every_component_on_its_own_target() -> None:
    sold = order(
        line(taxes=(tax("1.60"),), discount=money("4.00"), duties=money("2.00"), properties=(("Engraving", "Mum"),)),
        line("12", quantity=1, price="5.00", category=LineCategory.CUSTOM, sku=""),
        line("13", quantity=1, price="25.00", category=LineCategory.GIFT_CARD, sku="", title="Gift card"),
        line("14", quantity=1, price="3.00", category=LineCategory.TIP, sku=""),
        shipping=(Shipping(title="Express", price=money("7.00"), discount=money("1.00"), taxes=(tax("0.50"),)),),
        fees=money("0.30"),
        ship_to=None,
        pick_up=True,
        po_number="PO-7",
        attributes=(("Gift message", "Hi"),),
        note="ring twice",
        presentment=Money(amount=money("40.00"), currency="EUR"),
        channel="web",
    )
    world = World().see(sold, payment(amount="59.40"))
    assert world.verdict().outcome is OutcomeName.POSTED
    create = world.done[0]
    assert isinstance(create, CreateOrder)
    sums = {
        component: sum(p.rate * p.quantity for p in create.lines if p.component is component) for component in Component
    }
    assert {component: amount for component, amount in sums.items() if amount} == {
        Component.GOODS: money("25.00"),
        Component.GIFT_CARDS: money("25.00"),
        Component.TIPS: money("3.00"),
        Component.SHIPPING: money("7.00"),
        Component.DUTIES: money("2.00"),
        Component.FEES: money("0.30"),
        Component.TAX: money("2.10"),
    }
    assert create.discount == money("5.00")
    assert create.total == sold.totals.total
    assert create.lines[0].note == "Engraving: Mum"
    assert create.notes == "Shop order #1001\nShip by Express\nPick-up\nPO PO-7\nGift message: Hi"
    assert create.customer_notes == "ring twice"
    assert dict(create.extra) == {
        "order_name": "#1001",
        "channel": "web",
        "po_number": "PO-7",
        "presentment": "40.00 EUR",
    }


def test_included_tax_is_taken_out_of_prices_and_no_cent_is_lost() -> None:
    sold = order(line(quantity=3, taxes=(tax("5.00"),)), taxes_included=True)
    world = World().see(sold, payment(amount="30.00"))
    assert world.verdict().outcome is OutcomeName.POSTED
    create = world.done[0]
    assert isinstance(create, CreateOrder)
    assert [(p.quantity, p.rate) for p in create.lines] == [(1, money("8.34")), (2, money("8.33")), (1, money("5.00"))]
    assert world.sale.total == money("30.00")


def test_a_tax_that_the_marketplace_owes_never_becomes_ours() -> None:
    sold = order(line(taxes=(tax("1.60", channel_liable=True), tax("0.40"))))
    create = World().see(sold).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert [(p.product, p.rate) for p in create.lines[1:]] == [
        ("sku:TAX", money("0.40")),
        ("sku:MKT-TAX", money("1.60")),
    ]
    bare = World(policy(targets=Targets(tax="sku:TAX"))).see(sold)
    assert bare.verdict().release == "target:tax"


def test_fees_as_targets_are_added_one_by_one_and_then_compared() -> None:
    targets = TARGETS.model_copy(update={"shipping": "fee:Shipping", "custom": "fee:Other"})
    sold = order(
        line(),
        line("12", quantity=1, price="5.00", category=LineCategory.CUSTOM, sku=""),
        line("15", quantity=1, price="2.00", category=LineCategory.CUSTOM, sku=""),
        shipping=(Shipping(price=money("7.00")),),
        cash_rounding=money("-0.02"),
    )
    world = World(policy(targets=targets)).see(sold, payment(amount="33.98"))
    assert world.verdict().outcome is OutcomeName.POSTED
    adjusted = [(e.label, e.amount) for e in world.done if isinstance(e, Adjust)]
    assert adjusted == [("Other", money("7.00")), ("Shipping", money("7.00")), ("Cash rounding", money("-0.02"))]
    assert (world.sale.total, world.sale.balance) == (money("33.98"), money(0))


def test_removed_shipping_is_not_charged() -> None:
    kept = Shipping(price=money("5.00"))
    sold = order(shipping=(kept,))
    sold = sold.model_copy(update={"shipping": (Shipping(price=money("9.00"), title="Old", removed=True), kept)})
    assert World().see(sold, payment(amount="25.00")).verdict().outcome is OutcomeName.POSTED


def test_a_tip_without_a_line_of_its_own_is_posted_all_the_same() -> None:
    sold = order()
    totals = sold.totals.model_copy(update={"tips": money("2.00"), "total": money("22.00")})
    sold = sold.model_copy(update={"totals": totals, "current_total": money("22.00")})
    world = World().see(sold, payment(amount="22.00"))
    assert world.verdict().outcome is OutcomeName.POSTED


@pytest.mark.parametrize(
    ("changes", "rules", "outcome", "reason"),
    [
        ({"test": True}, {}, OutcomeName.SKIPPED, Reason.TEST),
        ({"placed_at": T0 - timedelta(days=60)}, {}, OutcomeName.SKIPPED, Reason.BEFORE_GO_LIVE),
        ({"channel": "pos"}, {"channels": {"web"}}, OutcomeName.SKIPPED, Reason.FILTERED),
        ({"tags": ("wholesale",)}, {"excluded_tags": {"wholesale"}}, OutcomeName.SKIPPED, Reason.FILTERED),
        ({"location_id": "7"}, {"only_locations": {"8"}}, OutcomeName.SKIPPED, Reason.FILTERED),
        ({"currency": "EUR"}, {}, OutcomeName.PARKED, Reason.CURRENCY_UNSUPPORTED),
        ({"confirmed": False}, {}, OutcomeName.WAITING, Reason.FRAUD_HOLD),
        ({"financial_status": FinancialStatus.PENDING}, {}, OutcomeName.WAITING, Reason.GATE),
        ({"financial_status": FinancialStatus.AUTHORIZED}, {}, OutcomeName.WAITING, Reason.GATE),
        ({}, {"fulfilment": Ships.SHOP}, OutcomeName.WAITING, Reason.NOT_SHIPPED),
        (
            SHIPPED,
            {"fulfilment": Ships.SHOP, "closed_before": date(2026, 6, 1)},
            OutcomeName.PARKED,
            Reason.WRONG_PERIOD,
        ),
        (
            {"cancelled_at": T0, "financial_status": FinancialStatus.VOIDED},
            {},
            OutcomeName.SKIPPED,
            Reason.NEVER_POSTED,
        ),
        ({"lines": (line(sku=""),)}, {}, OutcomeName.PARKED, Reason.SKU_UNKNOWN),
    ],
)
def test_an_order_that_does_not_go_says_why(
    changes: dict[str, Any], rules: dict[str, Any], outcome: OutcomeName, reason: Reason
) -> None:
    world = World(policy(**rules)).see(order(**changes))
    verdict = world.verdict()
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.detail
    assert not world.done


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"test": True}, {"admit_test": True}),
        ({"financial_status": FinancialStatus.AUTHORIZED}, {"gate": Gate.AUTHORIZED}),
        ({"financial_status": FinancialStatus.PENDING}, {"gate": Gate.CREATED}),
        ({"financial_status": FinancialStatus.PENDING, "net_terms": True}, {}),
        ({"channel": "web"}, {"channels": {"web"}}),
        (SHIPPED, {"fulfilment": Ships.SHOP}),
        ({"location_id": "7"}, {"only_locations": {"7"}}),
    ],
)
def test_an_order_that_passes_its_gate_is_posted(changes: dict[str, Any], rules: dict[str, Any]) -> None:
    world = World(policy(**rules)).see(order(**changes), payment())
    assert world.verdict().outcome is OutcomeName.POSTED
    created = world.done[0]
    assert isinstance(created, CreateOrder)
    assert created.document_type == ("invoice" if rules.get("fulfilment") is Ships.SHOP else "sales_order")


def test_an_order_of_nothing_is_posted_without_a_payment() -> None:
    world = World().see(order(line(discount=money("20.00")), financial_status=FinancialStatus.PENDING))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.total == 0


@pytest.mark.parametrize("component", ["lines", "discounts", "shipping", "tax", "tips", "total"])
def test_what_does_not_add_up_is_parked_and_names_the_sum(component: str) -> None:
    sold = order(line(taxes=(tax("1.00"),)))
    stated: Decimal = getattr(sold.totals, component)
    totals = sold.totals.model_copy(update={component: stated + money("0.01")})
    world = World().see(sold.model_copy(update={"totals": totals}))
    verdict = world.verdict()
    assert verdict.reason is Reason.DOES_NOT_ADD_UP
    assert component in verdict.detail
    assert not world.done


def test_a_fraction_of_a_cent_is_parked() -> None:
    verdict = World().see(order(line(quantity=1, price="10.005"))).verdict()
    assert verdict.reason is Reason.DOES_NOT_ADD_UP
    assert "fraction" in verdict.detail


def test_half_cents_that_only_add_up_before_a_piece_was_removed_are_parked() -> None:
    whole = line(price="10.005")
    assert World().see(order(whole)).plan().effects
    verdict = (
        World().see(order(whole.model_copy(update={"current_quantity": 1}), current_total=money("10.005"))).verdict()
    )
    assert verdict.reason is Reason.DOES_NOT_ADD_UP
    assert "fraction" in verdict.detail


def test_a_current_total_that_refunds_do_not_explain_is_parked() -> None:
    verdict = World().see(order(current_total=money("19.99"))).verdict()
    assert verdict.reason is Reason.DOES_NOT_ADD_UP
    assert "current total is 19.99" in verdict.detail


def test_a_component_without_a_target_is_parked_until_somebody_chooses_one() -> None:
    sold = order(line(taxes=(tax("1.00"),)))
    verdict = World(policy(targets=Targets())).see(sold).verdict()
    assert (verdict.reason, verdict.release) == (Reason.TARGET_MISSING, "target:tax")


def test_a_mapped_sku_is_posted_under_the_erps_name() -> None:
    create = World(policy(skus={"SKU-11": "ERP-11"})).see(order()).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert create.lines[0].sku == "ERP-11"


def test_an_erp_that_reprices_leaves_a_draft_for_a_person() -> None:
    world = World().see(order(), payment())
    world.carry_out(world.plan().effects[0])
    wrong = world.sale.lines[0].model_copy(update={"total": money("20.01")})
    world.posted[ROOT] = world.sale.model_copy(update={"lines": (wrong,), "total": money("20.01")})
    verdict = world.verdict()
    assert verdict.reason is Reason.ERP_TOTAL_DIFFERS
    assert world.sale.status is PostedStatus.DRAFT
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED


@pytest.mark.parametrize("field", ["discount", "fees", "tax", "shipping", "total"])
def test_every_component_of_the_erp_is_compared(field: str) -> None:
    world = World().see(order())
    world.carry_out(world.plan().effects[0])
    world.posted[ROOT] = world.sale.model_copy(update={field: getattr(world.sale, field) + money("0.01")})
    assert world.verdict().reason is Reason.ERP_TOTAL_DIFFERS


def test_a_hold_of_the_erp_is_never_released_by_us() -> None:
    world = World().see(order(), payment())
    world.carry_out(world.plan().effects[0])
    world.posted[ROOT] = world.sale.model_copy(update={"status": PostedStatus.HELD, "hold": "approval"})
    assert world.verdict().reason is Reason.ERP_HOLD
    assert len(world.done) == 1


def test_a_blocked_effect_parks_its_document_and_its_children() -> None:
    world = World().see(order(), payment(), refund("81", back()))
    world.blocked["order:1/create#1"] = Blocked(Reason.SKU_UNKNOWN, "SKU-11 is not in the ERP", "sku:SKU-11")
    verdict = world.verdict()
    assert (verdict.reason, verdict.release) == (Reason.SKU_UNKNOWN, "sku:SKU-11")
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED
    assert world.verdict(Kind.REFUND, "81").reason is Reason.PARENT_PARKED


def test_two_contents_of_one_version_are_never_posted() -> None:
    world = World().see(order(), payment())
    world.conflicts = frozenset({ROOT})
    assert world.verdict().reason is Reason.SAME_VERSION_DIFFERS


def test_lines_added_by_an_edit_are_added() -> None:
    first = order(line(taxes=(tax("1.60"),)))
    world = World().see(first, payment(amount="21.60"))
    world.settle()
    more = order(line(taxes=(tax("1.60"),)), line("12", quantity=1, price="5.00", taxes=(tax("0.40"),)), minutes=5)
    world.see(more, payment("92", "5.40"))
    assert world.verdict().outcome is OutcomeName.POSTED
    added = next(effect for effect in world.done if isinstance(effect, AddLines))
    assert [(p.line_id, p.rate) for p in added.lines] == [("12", money("5.00")), ("tax", money("0.40"))]
    assert (world.sale.total, world.sale.balance) == (money("27.00"), money(0))


def test_more_pieces_of_a_line_are_added() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.see(order(line(quantity=3), minutes=5), payment("92", "10.00"))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.total == money("30.00")


def test_goods_added_to_an_invoice_are_for_a_person() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(**SHIPPED), payment())
    world.settle()
    world.see(order(line(), line("12"), minutes=5, **SHIPPED))
    assert world.verdict().reason is Reason.MORE_GOODS


def test_an_addition_that_does_not_add_up_is_not_posted() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.see(order(line(), line("12"), minutes=5, current_total=money("1.00")))
    assert world.verdict().reason is Reason.DOES_NOT_ADD_UP


def test_goods_taken_off_an_unpaid_order_make_a_new_revision() -> None:
    world = World(policy(gate=Gate.CREATED)).see(order(financial_status=FinancialStatus.PENDING))
    world.settle()
    fewer = order(line(current_quantity=1, taxes=()), minutes=5, financial_status=FinancialStatus.PENDING)
    world.see(fewer.model_copy(update={"current_total": money("10.00")}))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.names()[2:] == ["order:1/cancel#1", "order:1/create#2", "order:1/confirm#2"]
    assert world.sale.total == money("10.00")


def test_goods_taken_off_before_posting_leave_with_their_share() -> None:
    sold = order(
        line(current_quantity=1, taxes=(tax("2.00"),), discount=money("4.00"), duties=money("1.00")),
        line("12", quantity=1, current_quantity=0),
        financial_status=FinancialStatus.PENDING,
        net_terms=True,
        current_total=money("9.50"),
    )
    world = World().see(sold)
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.total == money("9.50")


def test_goods_taken_off_a_paid_order_are_for_a_person() -> None:
    world = World().see(order(line(current_quantity=1), current_total=money("10.00")), payment())
    assert world.verdict().reason is Reason.FEWER_GOODS
    assert not world.done


def test_fewer_goods_than_a_shipped_order_are_for_a_person() -> None:
    world = World(policy(gate=Gate.CREATED)).see(order(financial_status=FinancialStatus.PENDING))
    world.settle()
    world.ship()
    world.see(order(line(current_quantity=1), minutes=5, financial_status=FinancialStatus.PENDING))
    assert world.verdict().reason is Reason.FEWER_GOODS


def test_an_unpaid_order_is_cancelled() -> None:
    world = World(policy(gate=Gate.CREATED)).see(order(financial_status=FinancialStatus.PENDING))
    world.settle()
    world.see(order(minutes=5, financial_status=FinancialStatus.VOIDED, cancelled_at=T0))
    assert world.verdict().outcome is OutcomeName.POSTED
    assert isinstance(world.done[-1], Cancel)
    assert world.sale.status is PostedStatus.CANCELLED
    assert world.verdict().detail == "cancelled in the ERP"


def test_a_refunded_order_is_paid_refunded_and_then_cancelled() -> None:
    gone = order(
        line(current_quantity=0),
        minutes=5,
        cancelled_at=T0,
        financial_status=FinancialStatus.REFUNDED,
        current_total=money(0),
        refund_ids=("81",),
    )
    full = refund("81", back(quantity=2, subtotal="20.00", restock="cancel"), transaction_ids=("95",))
    world = World().see(order())
    world.settle()
    world.see(gone, payment(), cash_back(), full)
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.names() == [
        "order:1/create#1",
        "order:1/confirm#1",
        "payment:91/record",
        "payment:95/refund",
        "order:1/cancel#1",
    ]
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED
    assert world.verdict(Kind.PAYMENT, "95").outcome is OutcomeName.POSTED


def test_cash_that_comes_after_the_cancellation_is_for_a_person() -> None:
    world = World(policy(gate=Gate.CREATED)).see(order(financial_status=FinancialStatus.PENDING))
    world.settle()
    world.see(order(minutes=5, financial_status=FinancialStatus.VOIDED, cancelled_at=T0))
    world.settle()
    world.see(payment(), refund("81", back()))
    assert world.verdict(Kind.ORDER, "1").reason is Reason.CANCELLED_WITH_CASH
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED
    world.see(cash_back())
    assert world.verdict(Kind.ORDER, "1").outcome is OutcomeName.POSTED
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.NEVER_POSTED
    assert world.verdict(Kind.REFUND, "81").outcome is OutcomeName.POSTED


def test_a_cancelled_order_whose_cash_was_kept_is_for_a_person() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.see(order(minutes=5, cancelled_at=T0))
    assert world.verdict().reason is Reason.CANCELLED_WITH_CASH
    assert world.sale.status is PostedStatus.CONFIRMED


def test_a_cancellation_waits_for_a_payment_that_is_parked() -> None:
    world = World().see(order(), payment(gateway="unheard of"))
    world.settle()
    world.see(order(minutes=5, cancelled_at=T0))
    assert world.verdict().reason is Reason.PARENT_PARKED


def test_an_order_cancelled_after_a_return_is_for_a_person() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.ship()
    world.see(refund("81", back(), transaction_ids=("95",)), cash_back(amount="10.00"))
    world.settle()
    world.posted[ROOT] = world.sale.model_copy(update={"status": PostedStatus.CONFIRMED})
    left = order(line(current_quantity=1), minutes=20, cancelled_at=T0, current_total=money(10), refund_ids=("81",))
    world.see(left)
    assert world.verdict().reason is Reason.FEWER_GOODS


def test_a_shipped_order_is_never_cancelled() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.ship()
    world.see(order(minutes=5, cancelled_at=T0))
    assert world.verdict().reason is Reason.CANCELLED_WITH_CASH
    assert not any(isinstance(effect, Cancel) for effect in world.done)


@pytest.mark.parametrize(
    ("cash_returned", "outcome", "reason"),
    [(True, OutcomeName.SKIPPED, Reason.NEVER_POSTED), (False, OutcomeName.PARKED, Reason.CANCELLED_WITH_CASH)],
)
def test_an_order_cancelled_before_the_shop_shipped_it(
    cash_returned: bool,
    outcome: OutcomeName,
    reason: Reason,
) -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(cancelled_at=T0), payment())
    if cash_returned:
        world.see(cash_back())
    assert (world.verdict().outcome, world.verdict().reason) == (outcome, reason)
    child = world.verdict(Kind.PAYMENT, "91")
    assert child.reason is (Reason.NEVER_POSTED if cash_returned else Reason.PARENT_PARKED)


def test_a_deleted_order_is_never_posted() -> None:
    world = World().see(deletion(), order(), payment(), refund("81", back()), edit(3))
    assert world.verdict().reason is Reason.DELETED
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.DELETED
    assert world.verdict(Kind.ORDER_EDIT).outcome is OutcomeName.SUPERSEDED
    assert world.verdict(Kind.ORDER_DELETION).outcome is OutcomeName.POSTED
    assert not world.done


def test_a_deletion_after_posting_alerts_and_leaves_what_is_posted() -> None:
    world = World().see(order(), payment())
    world.settle()
    world.see(deletion())
    assert world.verdict().reason is Reason.DELETED_AFTER_POSTING
    assert world.verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED


def test_a_deletion_of_a_cancelled_order_asks_for_nothing() -> None:
    world = World(policy(gate=Gate.CREATED)).see(order(financial_status=FinancialStatus.PENDING))
    world.settle()
    world.see(order(minutes=5, cancelled_at=T0, financial_status=FinancialStatus.VOIDED))
    world.settle()
    assert world.see(deletion()).verdict().reason is Reason.DELETED


def test_an_edit_without_content_waits_for_the_next_order_body() -> None:
    world = World().see(edit(5))
    assert world.verdict(Kind.ORDER_EDIT).reason is Reason.NEEDS_READ
    world.see(order(minutes=4), payment())
    assert world.verdict(Kind.ORDER_EDIT).reason is Reason.NEEDS_READ
    world.see(order(minutes=5))
    assert world.verdict(Kind.ORDER_EDIT).outcome is OutcomeName.SUPERSEDED


def test_news_of_an_unknown_order_waits_for_it() -> None:
    world = World().see(payment(), refund("81", back()), payment("93", status="pending"))
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.WAITS_FOR_ORDER
    assert world.verdict(Kind.REFUND, "81").reason is Reason.WAITS_FOR_ORDER
    assert world.verdict(Kind.PAYMENT, "93").reason is Reason.PENDING
    assert world.see(order()).verdict(Kind.PAYMENT, "91").outcome is OutcomeName.POSTED


def test_money_for_an_order_from_before_go_live_is_for_a_person() -> None:
    old = order(placed_at=T0 - timedelta(days=60))
    late, early = payment(), payment("93", processed_at=T0 - timedelta(days=60))
    world = World().see(old, late, early, refund("81", back()))
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.ORIGINAL_NOT_OURS
    assert world.verdict(Kind.PAYMENT, "93").reason is Reason.BEFORE_GO_LIVE
    assert world.verdict(Kind.REFUND, "81").reason is Reason.ORIGINAL_NOT_OURS


def test_children_of_a_waiting_order_wait() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(fulfilment=Fulfilment.PARTIAL), payment())
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.WAITS_FOR_ORDER


def test_a_person_who_cancelled_in_the_erp_is_not_overruled() -> None:
    world = World().see(order(), payment(amount="20.00"))
    world.settle()
    world.posted[ROOT] = world.sale.model_copy(update={"status": PostedStatus.CANCELLED})
    assert world.verdict().detail == "cancelled in the ERP"


@pytest.mark.parametrize(
    ("buyer", "name"),
    [
        (Party(company_id="7", customer_id="8", email="a@b.example"), "company:7"),
        (Party(customer_id="8", email="a@b.example"), "customer:8"),
        (Party(email=" A@B.example "), "email:5b0b4e0b"),
        (Party(), "guest"),
    ],
)
def test_the_account_is_the_company_else_the_customer_else_the_address_else_the_guest(buyer: Party, name: str) -> None:
    ref = account_ref(order(buyer=buyer))
    assert ref.external_id.split(":")[0] == name.split(":", maxsplit=1)[0]
    if not name.startswith("email"):
        assert ref.external_id == name
    assert ref == account_ref(order(buyer=buyer.model_copy(update={"email": buyer.email.strip().lower()})))
    assert isinstance(ref, Ref)


def test_an_order_without_an_address_is_picked_up_where_the_tenant_says() -> None:
    counter = Address(street1="1 Main St", city="Springfield", country="US")
    create = World(policy(pick_up=counter)).see(order()).plan().effects[0]
    assert isinstance(create, CreateOrder)
    assert (create.ship_to, create.bill_to, create.pick_up) == (counter, counter, True)


def test_a_policy_is_another_as_soon_as_one_rule_is_and_never_otherwise() -> None:
    one, same = policy(channels={"web", "pos", "app"}), policy(channels={"app", "web", "pos"})
    assert one.version == same.version
    assert one.version != policy(channels={"web"}).version


def test_duties_leave_with_the_goods_that_they_were_for() -> None:
    gone = line("12", quantity=1, current_quantity=0, price="5.00", duties=money("2.16"))
    sold = order(line(), gone, financial_status=FinancialStatus.PENDING, net_terms=True, current_total=money("20.00"))
    world = World().see(sold)
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.total == money("20.00")


def test_what_the_erp_repriced_at_create_is_never_paid() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(**SHIPPED), payment(), refund("81", back()))
    world.carry_out(world.plan().effects[0])
    update = {"total": money("20.02"), "balance": money("20.02"), "status": PostedStatus.CONFIRMED}
    world.posted[ROOT] = world.sale.model_copy(update=update)
    assert world.verdict().reason is Reason.ERP_TOTAL_DIFFERS
    assert world.verdict(Kind.PAYMENT, "91").reason is Reason.PARENT_PARKED
    assert world.verdict(Kind.REFUND, "81").reason is Reason.PARENT_PARKED


def test_a_sale_that_was_shipped_before_it_was_cancelled_is_invoiced() -> None:
    world = World(policy(fulfilment=Ships.SHOP)).see(order(cancelled_at=T0, **SHIPPED), payment(), cash_back())
    assert world.verdict().outcome is OutcomeName.POSTED
    assert world.sale.document_type == "invoice"


def test_goods_taken_off_a_paid_order_are_for_a_person_before_its_payment_is_known() -> None:
    world = World().see(order(line(current_quantity=1), current_total=money("10.00")))
    assert world.verdict().reason is Reason.FEWER_GOODS


def test_duties_that_no_line_carries_are_those_of_the_order() -> None:
    sold = order()
    totals = sold.totals.model_copy(update={"duties": money("2.00"), "total": money("22.00")})
    world = World().see(
        sold.model_copy(update={"totals": totals, "current_total": money("22.00")}), payment(amount="22.00")
    )
    assert world.verdict().outcome is OutcomeName.POSTED


def test_a_discount_beyond_the_lines_is_taken_off_after_the_fee_that_it_is_for() -> None:
    rules = policy(targets=TARGETS.model_copy(update={"shipping": "fee:Shipping"}))
    free = Shipping(price=money("5.00"), discount=money("5.00"))
    sold = order(line(discount=money("20.00")), shipping=(free,), financial_status=FinancialStatus.PENDING)
    world = World(rules).see(sold)
    assert world.verdict().outcome is OutcomeName.POSTED
    create = world.done[0]
    assert isinstance(create, CreateOrder)
    assert (create.discount, create.total) == (money("20.00"), money("0.00"))
    assert [e.amount for e in world.done if isinstance(e, Adjust)] == [money("5.00"), money("-5.00")]
