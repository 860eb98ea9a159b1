from decimal import Decimal
from typing import Any

import pytest

from schemas.effect import Component, Effect
from schemas.posted import Posted, PostedStatus
from service.erp.arcus import rereading
from service.erp.arcus.identity import address_key, address_label
from service.erp.arcus.order_state import STATUSES, UNKNOWN_STATUS, matched, sent_by, status_of
from service.erp.arcus.payloads import AccountDoc, CreditDoc, LineDoc, OrderDoc, PaymentDoc, Said
from service.erp.arcus.receipts import Answer, check_bulk, posted
from service.erp.arcus.steps import step
from service.errors import Refused, Unknown
from service.ports import Resolution
from tests.erp_arcus.effects import (
    ACCOUNT,
    CASH_BACK,
    HOME,
    PAYMENT,
    REFUND,
    VERSION,
    WORK,
    add_address,
    add_lines,
    adjust,
    cancel,
    charge,
    confirm,
    create_account,
    create_order,
    credit,
    give_back,
    goods,
    intent_of,
    order_posted,
    pay,
    refund_cash,
    settings,
)

ORDER = order_posted()
PRODUCTS = Resolution(products=[("p1", None), ("p2", "v2")], account_erp_id="a1")


def line(ident: str, product: str = "p1", *, quantity: int = 2, rate: str = "10.00", **more: Any) -> dict[str, Any]:
    total = Decimal(rate) * quantity
    row = {"id": ident, "product_id": product, "quantity": quantity, "sell_rate": Decimal(rate), "line_subtotal": total}
    return {**row, **more}


LINES = [line("l1"), line("l2", "p2", quantity=1, rate="5.00", variant_id="v2")]
DOC: dict[str, Any] = {
    "id": "o1",
    "order_number": "SO-1",
    "document_type": "sales_order",
    "order_status": "draft",
    "account_id": "a1",
    "shipping_address_id": "s1",
    "billing_address_id": None,
    "order_total": Decimal("25.00"),
    "amount_paid": 0,
    "balance_due": Decimal("25.00"),
    "fee_total": None,
    "line_items": LINES,
    "surprise": {"new": True},
}


def answered(effect: Effect, doc: dict[str, Any] | Said, products: Resolution = PRODUCTS) -> Any:
    sent = sent_by(intent_of(effect, step(effect, products, settings())))
    made = posted(effect, Answer(doc, sent, "test", 100.0))
    assert [Posted.model_validate(one.model_dump()) for one in made] == list(made)  # made without validation
    return made


@pytest.mark.parametrize("doc", [DOC, {"data": DOC}])
def test_a_created_sale_is_known_line_by_line(doc: dict[str, Any]) -> None:
    (sale,) = answered(create_order(revision=3), doc)
    assert [(one.line_id, one.component, one.erp_id, one.total) for one in sale.lines] == [
        ("11", Component.GOODS, "l1", Decimal("20.00")),
        ("shipping-1", Component.SHIPPING, "l2", Decimal("5.00")),
    ]
    assert (sale.erp_id, sale.erp_number, sale.status, sale.revision) == ("o1", "SO-1", PostedStatus.DRAFT, 3)
    assert (sale.total, sale.balance, sale.fees) == (Decimal("25.00"), Decimal("25.00"), Decimal(0))
    assert (sale.account_erp_id, sale.ship_to_erp_id, sale.bill_to_erp_id) == ("a1", "s1", "")
    assert (sale.read_at, sale.source_version, sale.policy_version) == (100.0, VERSION, "p1")


def test_the_children_of_a_kit_are_passed_over() -> None:
    child = line("c1", "p2", quantity=1, rate="0.00", variant_id="v2", parent_line_item_id="l1")
    orphan = line("c2", "p2", quantity=1, rate="0.00", variant_id="v2")
    (sale,) = answered(create_order(), {**DOC, "line_items": [LINES[0], child, LINES[1], orphan]})
    assert [one.erp_id for one in sale.lines] == ["l1", "l2"]


def test_equal_lines_keep_their_order() -> None:
    twins = create_order(goods("1", quantity=1), goods("2", quantity=1))
    rows = [line("x1", quantity=1), line("x2", quantity=1)]
    (sale,) = answered(twins, {**DOC, "line_items": rows}, Resolution(products=[("p1", None), ("p1", None)]))
    assert [(one.line_id, one.erp_id) for one in sale.lines] == [("1", "x1"), ("2", "x2")]


def test_a_price_of_nothing_is_a_price() -> None:
    gift = create_order(goods(rate="0.00"))
    (sale,) = answered(gift, {**DOC, "line_items": [line("x1", rate="0.00")]}, Resolution(products=[("p1", None)]))
    assert sale.lines[0].total == 0


@pytest.mark.parametrize("rows", [None, [], LINES[:1], [line("l1", quantity=3), LINES[1]]])
def test_a_success_that_lacks_a_line_is_unknown(rows: Any) -> None:
    with pytest.raises(Unknown, match="every line"):
        answered(create_order(), {**DOC, "line_items": rows})


@pytest.mark.parametrize(
    "doc",
    [
        {},
        {"data": {}},
        {"id": "o1"},
        {"id": None, "order_total": 1},
        {**DOC, "order_total": "many"},
        {**DOC, "order_total": None},
        {**DOC, "amount_paid": Decimal("0.0000001")},
    ],
)
def test_a_success_that_is_no_order_is_unknown(doc: dict[str, Any]) -> None:
    with pytest.raises(Unknown, match="not a complete order"):
        answered(confirm("o1"), doc)


def test_a_return_belongs_to_its_order() -> None:
    effect = give_back(ORDER, goods(), charge(Component.SHIPPING, "5.00"))
    (back,) = answered(effect, {**DOC, "document_type": "return"})
    assert (back.document, back.document_type, back.order_erp_id) == (REFUND, "return", "o1")
    assert len(back.lines) == 2


def test_added_lines_are_the_last_of_equal_ones() -> None:
    more = add_lines(ORDER, goods("12"))
    (sale,) = answered(more, {**DOC, "line_items": [*LINES, line("l3")]}, Resolution(products=[("p1", None)]))
    assert [(one.line_id, one.erp_id) for one in sale.lines] == [("12", "l3")]


def test_an_adjustment_adds_itself_and_takes_the_totals() -> None:
    (sale,) = answered(adjust(ORDER, "-0.02"), {**DOC, "order_total": Decimal("24.98"), "discount_total": "0.02"})
    assert [one.amount for one in sale.adjustments] == [Decimal("-0.02")]
    assert (sale.total, sale.discount, sale.lines) == (Decimal("24.98"), Decimal("0.02"), ())


def test_a_change_of_state_takes_the_state() -> None:
    assert answered(confirm("o1"), {**DOC, "order_status": "open"})[0].status is PostedStatus.CONFIRMED
    assert answered(cancel("o1"), {**DOC, "order_status": "cancelled"})[0].status is PostedStatus.CANCELLED


@pytest.mark.parametrize("word", sorted(STATUSES))
def test_every_word_for_a_status_is_understood(word: str) -> None:
    doc = OrderDoc.model_validate({**DOC, "order_status": None, "status": word.upper()})
    assert status_of(doc) == (STATUSES[word], "")


def test_a_word_that_nobody_knows_holds_the_order_visibly() -> None:
    status, hold = status_of(OrderDoc.model_validate({**DOC, "order_status": "marinating"}))
    assert status is PostedStatus.HELD
    assert hold == f"{UNKNOWN_STATUS} 'marinating'"


def test_a_hold_is_told_in_the_erps_words() -> None:
    held = {**DOC, "is_on_hold": True, "hold_type": "approval", "hold_reason": "Too large"}
    assert status_of(OrderDoc.model_validate(held)) == (PostedStatus.HELD, "approval Too large")
    assert status_of(OrderDoc.model_validate({**DOC, "is_on_hold": True})) == (PostedStatus.HELD, "hold")
    open_hold = {**held, "order_status": "confirmed"}
    assert status_of(OrderDoc.model_validate(open_hold)) == (PostedStatus.CONFIRMED, "approval Too large")


def test_what_left_the_house_is_shipped_whatever_the_order_says() -> None:
    doc = {**DOC, "order_status": "confirmed", "fulfillment_status": "partially_fulfilled"}
    assert status_of(OrderDoc.model_validate(doc))[0] is PostedStatus.SHIPPED


def test_a_lines_worth_is_taken_from_what_there_is() -> None:
    def bare(**more: Any) -> LineDoc:
        return LineDoc.model_validate({"id": "1", "quantity": 3, "sell_rate": Decimal(2), **more})

    assert bare(line_subtotal=Decimal(7), line_total=Decimal(8)).worth == 7
    assert bare(line_total=Decimal(8)).worth == 8
    assert bare().worth == 6
    assert matched([bare()], sent_by(intent_of(cancel("o1"), step(cancel("o1"), PRODUCTS, settings())))) == []


def test_a_bulk_addition_is_whole_or_refused_or_unknown() -> None:
    effect = add_lines(ORDER, goods("1"), goods("2"))
    check_bulk({"processed": 2, "items": None, "errors": []}, effect, what="test")
    with pytest.raises(Refused, match="inactive"):
        check_bulk({"processed": 0, "errors": [{"index": 1, "error": "inactive"}]}, effect, what="test")
    with pytest.raises(Unknown, match="1 of 2"):
        check_bulk({"processed": 1, "errors": [{"index": 1, "error": "inactive"}]}, effect, what="test")
    with pytest.raises(Unknown, match="1 of 2"):
        check_bulk({"processed": 1, "errors": []}, effect, what="test")
    with pytest.raises(Unknown, match="not a complete"):
        check_bulk({}, effect, what="test")


def address(ident: str, label: str | None) -> dict[str, Any]:
    return {"id": ident, "label": label, "line1": "1 Main St"}


def test_an_account_is_known_by_the_addresses_that_are_ours() -> None:
    rows = [
        address("d1", address_label(HOME)),
        address("d2", "Old"),
        address("d3", address_label(HOME)),
        address("d4", None),
    ]
    (account,) = answered(create_account(), {"id": "a1", "account_number": "C-1", "addresses": rows})
    assert (account.document, account.erp_number, account.document_type) == (ACCOUNT, "C-1", "account")
    assert account.addresses == ((address_key(HOME), "d1"),)
    assert answered(create_account(), {"id": "a1", "addresses": None})[0].addresses == ()


def test_a_further_address_is_known_by_its_digest() -> None:
    (account,) = answered(add_address("a1"), {"data": address("d9", "anything")})
    assert (account.erp_id, account.addresses) == ("a1", ((address_key(WORK), "d9"),))


def test_a_payment_lies_on_its_order() -> None:
    (paid,) = answered(pay(ORDER, "25"), {"data": {"id": "y1", "amount": Decimal("25.00")}, "idempotent_replay": True})
    assert (paid.document, paid.erp_id, paid.document_type, paid.total) == (PAYMENT, "y1", "payment", Decimal(25))
    assert (paid.order_erp_id, paid.account_erp_id, paid.refunded) == ("o1", "a1", 0)


def test_a_refund_of_cash_is_a_document_and_a_mark_on_its_payment() -> None:
    original = order_posted(document=PAYMENT, erp_id="y1", order_erp_id="o1", total=Decimal(25), refunded=Decimal(5))
    effect = refund_cash(original, "10")
    stale = {"id": "y1", "amount": Decimal(25), "amount_refunded": Decimal(5), "account_id": "a1"}
    cash, payment = answered(effect, stale)
    assert (cash.document, cash.erp_id, cash.document_type, cash.total) == (CASH_BACK, "y1", "refund", Decimal(10))
    assert (payment.document, payment.total, payment.refunded) == (PAYMENT, Decimal(25), Decimal(15))
    assert answered(effect, PaymentDoc.model_validate({**stale, "amount_refunded": Decimal(15)}))[1].refunded == 15


def test_a_credit_has_its_number() -> None:
    (memo,) = answered(credit(ORDER, "3"), {"id": "c1", "credit_memo_number": "CM-1", "amount": Decimal(3)})
    assert (memo.document, memo.erp_number, memo.document_type, memo.total) == (REFUND, "CM-1", "credit", Decimal(3))


def test_something_that_is_no_effect_has_no_receipt() -> None:
    nothing: Any = "nonsense"
    answer = Answer({}, sent_by(intent_of(cancel("o1"), step(cancel("o1"), PRODUCTS, settings()))), "test", 0)
    with pytest.raises(TypeError, match="no receipt"):
        posted(nothing, answer)


def test_an_order_read_again_keeps_our_line_ids_and_versions() -> None:
    (before,) = answered(create_order(), DOC)
    now = {**DOC, "order_number": "", "order_status": "fulfilled", "amount_paid": Decimal(25), "balance_due": 0}
    now["line_items"] = [line("l1", quantity=1)]
    after = rereading.order(before, OrderDoc.model_validate(now), at=200.0)
    assert [(one.line_id, one.quantity, one.total) for one in after.lines] == [
        ("11", 1, Decimal("10.00")),
        ("shipping-1", 1, Decimal("5.00")),
    ]
    assert (after.status, after.erp_number) == (PostedStatus.SHIPPED, "SO-1")
    assert after.paid == 25
    assert after.balance == 0
    assert (after.source_version, after.read_at) == (VERSION, 200.0)
    assert rereading.order(before, OrderDoc.model_validate({**now, "line_items": None}), at=1.0).lines == before.lines


def test_money_read_again_takes_its_amounts() -> None:
    paid = order_posted(document=PAYMENT, erp_id="y1")
    doc = PaymentDoc.model_validate({"id": "y1", "amount": Decimal(25), "amount_refunded": Decimal(5)})
    assert rereading.payment(paid, doc, at=1.0).refunded == 5
    memo = order_posted(document=REFUND, erp_id="c1")
    rows = [CreditDoc.model_validate({"id": ident, "amount": Decimal(3)}) for ident in ("c0", "c1")]
    assert rereading.credit(memo, rows, at=1.0).total == 3
    assert rereading.credit(memo, rows[:1], at=1.0) == memo


def test_a_merged_account_becomes_its_winner_and_keeps_its_addresses() -> None:
    before = order_posted(document=ACCOUNT, erp_id="a1", erp_number="C-1", addresses=((address_key(WORK), "d1"),))
    winner = AccountDoc.model_validate(
        {"id": "a2", "account_number": None, "addresses": [address("d2", address_label(HOME))]}
    )
    after = rereading.account(before, winner, at=1.0)
    assert (after.erp_id, after.erp_number) == ("a2", "C-1")
    assert dict(after.addresses) == {address_key(WORK): "d1", address_key(HOME): "d2"}
