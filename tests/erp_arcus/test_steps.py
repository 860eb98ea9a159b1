import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.effect import Component, DocumentType, Effect
from schemas.party import Address, Party
from service.erp.arcus.identity import address_label
from service.erp.arcus.settings import AccountName, ArcusSettings, ExtraTag, PathStyle, PaymentRoute
from service.erp.arcus.steps import FORBIDDEN, MovesMoneyError, guarded, records, step
from service.ports import Resolution, Step
from tests.erp_arcus.effects import (
    ACCOUNT,
    HOME,
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
    order_posted,
    pay,
    refund_cash,
    settings,
)

TWO = Resolution(products=[("p1", None), ("p2", "v2")], account_erp_id="a1", ship_to_erp_id="s1", bill_to_erp_id="b1")
ONE = Resolution(products=[("p1", None)])
NONE = Resolution()
ORDER = order_posted()
PAYMENT = order_posted(erp_id="pay1", order_erp_id="o1")
TAGGED = {
    "external_source": "shopify",
    "tenant": "a.myshopify.com",
    "kind": "order",
    "external_id": "1001",
    "generation": "1",
    "source_version": VERSION,
}
NOTED = "external_source=shopify tenant=a.myshopify.com kind={kind} external_id={id} source_version=" + VERSION


def made(effect: Effect, resolution: Resolution = NONE, config: ArcusSettings | None = None) -> tuple[str, Any]:
    request = step(effect, resolution, config or settings())
    assert request.method == "POST"
    return request.path, json.loads(request.body, parse_float=Decimal)


def test_the_bytes_of_a_sale_are_these() -> None:
    sale = create_order(notes="Gift", customer_notes="Ring twice", discount=Decimal("1.5"), extra=(("channel", "web"),))
    request = step(sale, TWO, settings())
    assert request == Step(
        "POST",
        "/orders",
        b'{"account_id":"a1","auto_compute_tax":false,"billing_address_id":"b1","customer_notes":"Ring twice",'
        b'"discount":{"type":"flat","value":1.50},"document_type":"sales_order","line_items":['
        b'{"product_id":"p1","quantity":2,"sell_rate":10.00},'
        b'{"product_id":"p2","quantity":1,"sell_rate":5.00,"variant_id":"v2"}],'
        b'"metadata":{"business_date":"2026-05-01","channel":"web","external_id":"1001","external_source":"shopify",'
        b'"generation":"1","kind":"order","source_version":"2026-05-01T12:00:00.000000Z//000000",'
        b'"tenant":"a.myshopify.com"},"notes":"Gift","shipping_address_id":"s1"}',
    )
    assert step(sale, TWO, settings()) == request


def test_the_bytes_of_a_payment_are_these() -> None:
    assert step(pay(ORDER, "25"), NONE, settings()) == Step(
        "POST",
        "/payments/multi-invoice-apply",
        b'{"account_id":"a1","amount":25.00,"applications":[{"amount_applied":25.00,"order_id":"o1"}],'
        b'"external_reference":"a.myshopify.com:9001","notes":"external_source=shopify tenant=a.myshopify.com '
        b'kind=payment external_id=9001 source_version=2026-05-01T12:00:00.000000Z//000000",'
        b'"payment_date":"2026-05-01","payment_method":"external"}',
    )


def test_a_sale_may_carry_what_the_settings_switch_on() -> None:
    config = settings(
        tags=frozenset(ExtraTag), order_date_field="order_date", payment_term_id="net0", path_style=PathStyle.ENTITY,
        entity_id="e1",
    )  # fmt: skip
    path, body = made(create_order(pick_up=True, location="loc1", document_type=DocumentType.INVOICE), TWO, config)
    assert path == "/entities/e1/orders"
    assert body["document_type"] == "invoice"
    assert (body["source_platform"], body["external_order_id"], body["external_order_number"]) == (
        "shopify", "1001", "#1001",
    )  # fmt: skip
    assert (body["order_date"], body["payment_term_id"]) == ("2026-05-01", "net0")
    assert (body["delivery_option"], body["location_id"]) == ("pick_up", "loc1")


def test_metadata_never_lets_go_of_the_tag() -> None:
    extra = (("kind", "forged"), ("empty", ""), *((f"k{n}", "x") for n in range(100)))
    _, body = made(create_order(extra=extra), TWO)
    assert len(body["metadata"]) == 50
    assert body["metadata"] | TAGGED == body["metadata"]
    assert "empty" not in body["metadata"]


def test_a_return_is_an_order_of_its_own_type_that_names_the_original() -> None:
    path, body = made(give_back(ORDER, goods(quantity=1), ship_to_erp_id="s1", bill_to_erp_id="b1"), ONE)
    assert path == "/orders"
    assert body["document_type"] == "return"
    assert body["metadata"]["kind"] == "refund"
    assert body["metadata"]["original_external_id"] == "1001"
    assert "discount" not in body
    assert (body["account_id"], body["shipping_address_id"], body["billing_address_id"]) == ("a1", "s1", "b1")


def test_a_return_worth_less_than_its_goods_has_a_discount() -> None:
    _, body = made(give_back(ORDER, goods(quantity=2), total=Decimal("17.50")), ONE)
    assert body["discount"] == {"type": "flat", "value": Decimal("2.50")}


def test_an_account_is_created_with_one_address_where_goods_and_bill_go_to_one_place() -> None:
    path, body = made(create_account())
    assert path == "/accounts"
    assert (body["name"], body["account_type"], body["email"], body["phone"]) == (
        "Ada Buyer", "individual", "ada@example.com", "+1 555",
    )  # fmt: skip
    assert body["metadata"] == {**TAGGED, "kind": "account", "external_id": "customer:7"}
    assert body["addresses"] == [
        {
            "type": "shipping",
            "label": address_label(HOME),
            "street1": "1 Main St",
            "city": "Fresno",
            "region": "CA",
            "postal_code": "93650",
            "country": "US",
            "is_default_billing": True,
            "is_default_shipping": True,
        }
    ]


def test_an_account_is_created_with_both_addresses() -> None:
    _, body = made(create_account(bill_to=WORK, party=Party(company_id="3", company_name="Acme")))
    assert body["account_type"] == "business"
    assert [(one["type"], one["is_default_billing"], one["is_default_shipping"]) for one in body["addresses"]] == [
        ("shipping", False, True),
        ("billing", True, False),
    ]


def test_an_account_without_a_place_has_no_addresses() -> None:
    config = settings(account_name_field=AccountName.DISPLAY_NAME)
    _, body = made(create_account(ship_to=None, bill_to=Address(name="Ada"), party=Party(email="a@b.c")), config=config)
    assert "addresses" not in body
    assert body["display_name"] == "a@b.c"
    _, one = made(create_account(ship_to=None, bill_to=WORK))
    assert [address["type"] for address in one["addresses"]] == ["billing"]


def test_the_guest_account_keeps_no_guests_name() -> None:
    guest = ACCOUNT.model_copy(update={"external_id": "guest"})
    _, body = made(create_account(document=guest))
    assert body["name"] == "Guest of a.myshopify.com"
    assert "email" not in body
    assert "phone" not in body
    _, nameless = made(create_account(party=Party()))
    assert nameless["name"] == "customer:7 of a.myshopify.com"


def test_a_further_address_takes_no_default_away() -> None:
    path, body = made(add_address("a1"))
    assert path == "/accounts/a1/addresses"
    assert (body["type"], body["is_default_billing"], body["is_default_shipping"]) == ("billing", False, False)


def test_lines_are_added_all_at_once() -> None:
    path, body = made(add_lines(ORDER, goods(note="Engrave: A")), ONE)
    assert path == "/orders/o1/items/bulk"
    assert body == {
        "items": [{"product_id": "p1", "quantity": 2, "sell_rate": Decimal("10.00"), "notes": "Engrave: A"}]
    }


@pytest.mark.parametrize(("amount", "effect"), [("0.02", "fee"), ("-0.02", "discount")])
def test_an_adjustment_is_a_fee_or_a_discount_of_a_fixed_amount(amount: str, effect: str) -> None:
    path, body = made(adjust(ORDER, amount))
    assert path == "/orders/o1/adjustments"
    assert body == {
        "name": "Cash rounding",
        "effect_type": effect,
        "discount_type": "fixed_amount",
        "value": Decimal("0.02"),
        "notes": NOTED.format(kind="order", id="1001"),
    }


def test_confirming_and_cancelling_say_nothing_more() -> None:
    assert made(confirm("o1")) == ("/orders/o1/confirm", {})
    assert made(cancel("o1")) == ("/orders/o1/cancel", {})


def test_a_check_carries_its_number() -> None:
    _, body = made(pay(ORDER, "25", method="check"))
    assert body["check_number"] == "a.myshopify.com:9001"


def test_a_payment_can_go_by_the_order() -> None:
    config = settings(payment_route=PaymentRoute.ORDER_PAYMENT)
    path, body = made(pay(ORDER, "25", method="check"), config=config)
    assert path == "/orders/o1/payments"
    assert body == {
        "payment_method": "check",
        "amount": Decimal("25.00"),
        "reference": "a.myshopify.com:9001",
        "check_number": "a.myshopify.com:9001",
        "notes": NOTED.format(kind="payment", id="9001"),
    }
    _, cash = made(pay(ORDER, "25", method="cash"), config=config)
    assert "check_number" not in cash


@pytest.mark.parametrize(
    ("route", "method"),
    [
        (PaymentRoute.ORDER_PAYMENT, "card"),
        (PaymentRoute.ORDER_PAYMENT, "ach"),
        (PaymentRoute.ORDER_PAYMENT, "external"),
        (PaymentRoute.MULTI_INVOICE_APPLY, "card"),
        (PaymentRoute.MULTI_INVOICE_APPLY, ""),
    ],
)
def test_a_tender_that_could_charge_somebody_is_never_sent(route: PaymentRoute, method: str) -> None:
    config = settings(payment_route=route)
    assert not records(method, config)
    with pytest.raises(MovesMoneyError):
        step(pay(ORDER, "25", method=method), NONE, config)


def test_a_refund_counts_in_cents() -> None:
    path, body = made(refund_cash(PAYMENT, "12.34"))
    assert path == "/orders/o1/payments/pay1/refund"
    assert body == {"amount": 1234, "reason": "other"}


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_a_refund_in_a_currency_without_cents_is_not_sent_unless_a_switch_says_so(currency: str) -> None:
    with pytest.raises(ValueError, match="counts in cents"):
        step(refund_cash(PAYMENT, "12", currency=currency), NONE, settings())
    config = settings(refund_minor_units=frozenset({0, 2, 3}))
    _, body = made(refund_cash(PAYMENT, "12", currency=currency), config=config)
    assert body["amount"] == {"JPY": 12, "KWD": 12000}[currency]


def test_a_credit_carries_its_tag_behind_the_words_for_people() -> None:
    path, body = made(credit(ORDER, "3"))
    assert path == "/credits"
    assert body == {
        "account_id": "a1",
        "amount": Decimal("3.00"),
        "reason": "goodwill",
        "notes": "Refund 5001 of #1001 " + NOTED.format(kind="refund", id="5001"),
    }


@given(
    units=st.integers(min_value=1, max_value=10**12),
    quantity=st.integers(min_value=1, max_value=99),
    currency=st.sampled_from([("JPY", 0), ("USD", 2), ("KWD", 3)]),
)
def test_prices_reach_the_wire_to_the_last_digit(units: int, quantity: int, currency: tuple[str, int]) -> None:
    code, decimals = currency
    rate = Decimal(units).scaleb(-decimals)
    line = goods(quantity=quantity).model_copy(update={"rate": rate})
    request = step(create_order(line, currency=code), ONE, settings())
    sent = json.loads(request.body, parse_float=Decimal)["line_items"][0]
    assert Decimal(sent["sell_rate"]) == rate
    assert sent["quantity"] == quantity


def test_a_price_that_does_not_fit_is_not_rounded() -> None:
    with pytest.raises(ValueError, match="fraction"):
        step(create_order(goods(rate="0.005")), ONE, settings())


def test_lines_and_products_must_go_together() -> None:
    with pytest.raises(ValueError, match="zip"):
        step(create_order(goods(), charge(Component.TAX, "1.00")), ONE, settings())


def test_something_that_is_no_effect_has_no_request() -> None:
    with pytest.raises(TypeError, match="no request is known"):
        step("nonsense", NONE, settings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/orders/o1/mark-no-show",
        "/orders/o1/release-hold",
        "/orders/o1/void",
        "/orders/o1/convert",
        "/payments/batch",
        "/returns/r1/refund",
        "/accounts/a1/merge",
        "/entities/e1/migration/orders/bulk",
        "/orders/o1/payments/p1/void",
    ],
)
def test_what_a_shop_may_not_cause_is_stopped_at_the_door(path: str) -> None:
    with pytest.raises(MovesMoneyError):
        guarded(Step("POST", path, b"{}"))
    with pytest.raises(MovesMoneyError):
        guarded(Step("DELETE", "/orders", b"{}"))


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_field_that_charges_or_writes_is_stopped_at_the_door(name: bytes) -> None:
    with pytest.raises(MovesMoneyError):
        guarded(Step("POST", "/orders", b"{" + name + b"1}"))


@pytest.mark.parametrize("words", ['"payments":', '"send_email": true', "auto_capture"])
def test_a_buyers_words_are_not_taken_for_a_field(words: str) -> None:
    path, body = made(create_order(customer_notes=words), TWO)
    assert (path, body["customer_notes"]) == ("/orders", words)
