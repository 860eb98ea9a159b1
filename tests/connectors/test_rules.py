"""Single rules of reading Shopify, each against one change of a sound body."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import ConnectorError, Invalid, OutOfScope, Undecodable
from connectors.shopify.shapes import Shape, shape_of
from connectors.shopify.topics import normalised
from schemas.base import Kind
from schemas.event import Event
from schemas.order import Fulfilment, LineCategory, Order, OrderDeletion, OrderEdit
from schemas.outcome import Reason
from schemas.payment import Payment
from schemas.refund import Refund

Load = Callable[[str], dict[str, Any]]
Run = Callable[[dict[str, Any]], tuple[Event | ConnectorError, ...]]
Body = dict[str, Any]
WEB = "order_web_raw"
REFUND = "refund_pubsub_push"


@pytest.fixture
def changed(case: Load, run: Run) -> Callable[..., Event | ConnectorError]:
    """The outcome of a case after a change of its body."""

    def one(name: str, change: Callable[[Body], object] | None = None, **fields: object) -> Event | ConnectorError:
        given = case(name)
        body: Body = given["value"]
        body.update(fields)
        if change is not None:
            change(body)
        (outcome,) = run(given)
        return outcome

    return one


Changed = Callable[..., Event | ConnectorError]


def order_of(outcome: Event | ConnectorError) -> Order:
    assert isinstance(outcome, Event), outcome
    (fact,) = (fact for fact in outcome.facts if isinstance(fact, Order))
    return fact


def invalid(outcome: Event | ConnectorError) -> Invalid:
    assert isinstance(outcome, Invalid), outcome
    return outcome


@pytest.mark.parametrize("missing", ["updated_at", "currency", "taxes_included", "total_price", "shipping_lines"])
def test_a_body_without_an_essential_is_news_of_a_change_not_an_order(changed: Changed, missing: str) -> None:
    outcome = changed(WEB, lambda body: body.pop(missing))
    assert isinstance(outcome, Event)
    assert [type(fact) for fact in outcome.facts] == [OrderEdit]
    assert outcome.key.root == "1001"


def test_null_lists_are_empty_lists(changed: Changed) -> None:
    found = order_of(changed(WEB, shipping_lines=None, refunds=None, note_attributes=None, tags=None))
    assert (found.shipping, found.attributes, found.tags) == ((), (), ())


def test_a_price_only_in_its_set_is_read_there(changed: Changed) -> None:
    def move(body: Body) -> None:
        body["line_items"][0]["price"] = None
        body["line_items"][0]["price_set"] = {"shop_money": {"amount": "20.00", "currency_code": "USD"}}

    assert order_of(changed(WEB, move)).lines[0].unit_price == Decimal("20.00")


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        ("-20.00", "is negative"),
        (-20, "is negative"),
        ("1,00", "is not an amount"),
        ("1_000", "is not an amount"),
        ("٣", "is not an amount"),
        (True, "is not an amount"),
        ([], "is not an amount"),
        ("9" * 41, "is not an amount"),
        (10**20, "is too large for an amount"),
        (0.0000004, "has more than 6 decimals"),
    ],
)
def test_a_wrong_amount_is_refused_by_the_name_of_its_field(changed: Changed, amount: object, problem: str) -> None:
    found = invalid(changed(WEB, total_price=amount))
    assert found.field == "total_price"
    assert found.detail.endswith(f"total_price {problem}")
    assert found.reason is Reason.INVALID
    assert (found.kind, found.external_id, found.root) == (Kind.ORDER, "1001", "1001")


@pytest.mark.parametrize(("rate", "expected"), [(0.088754321, "0.088754"), ("0.06", "0.06"), (1, "1")])
def test_a_tax_rate_is_only_for_reading_and_may_be_cut(changed: Changed, rate: object, expected: str) -> None:
    found = order_of(changed(WEB, lambda body: body["line_items"][0]["tax_lines"][0].update(rate=rate)))
    assert found.lines[0].taxes[0].rate == Decimal(expected)


def test_a_negative_tax_is_refused(changed: Changed) -> None:
    found = invalid(changed(WEB, lambda body: body["line_items"][0]["tax_lines"][0].update(price="-1")))
    assert found.field == "line_items[0].tax_lines[0].price"


def test_a_negative_price_in_a_set_is_refused(changed: Changed) -> None:
    def move(body: Body) -> None:
        body["line_items"][0]["price"] = None
        body["line_items"][0]["price_set"] = {"shop_money": {"amount": "-1", "currency_code": "USD"}}

    assert invalid(changed(WEB, move)).field == "line_items[0].price_set"


def test_a_line_without_any_price_must_be_read(changed: Changed) -> None:
    found = invalid(changed(WEB, lambda body: body["line_items"][0].pop("price")))
    assert (found.field, found.reason) == ("line_items[0].price", Reason.NEEDS_READ)


def test_a_broken_set_is_named_with_its_place(changed: Changed) -> None:
    def move(body: Body) -> None:
        body["line_items"][0]["price"] = None
        body["line_items"][0]["price_set"] = {"shop_money": {"amount": "x"}}

    assert invalid(changed(WEB, move)).field == "line_items[0].price_set.shop_money.amount"


def test_sums_beyond_an_amount_are_refused(changed: Changed) -> None:
    def grow(body: Body) -> None:
        body["line_items"][0]["discount_allocations"] = [{"amount": "99999999999999"}] * 2

    assert invalid(changed(WEB, grow)).field == "line_items[0].discount_allocations"


def test_a_wrong_total_discount_of_an_old_body_is_named(changed: Changed) -> None:
    def old(body: Body) -> None:
        body["line_items"][0].pop("discount_allocations")
        body["line_items"][0]["total_discount"] = "-1"

    found = invalid(changed(WEB, old))
    assert found.field == "line_items[0].total_discount"


def test_a_property_without_a_value_is_empty(changed: Changed) -> None:
    def empty(body: Body) -> None:
        body["line_items"][0]["properties"] = [{"name": "Engraving", "value": None}]

    assert order_of(changed(WEB, empty)).lines[0].properties == (("Engraving", ""),)


def test_an_old_line_without_any_discount_has_none(changed: Changed) -> None:
    def old(body: Body) -> None:
        body["line_items"][0].pop("discount_allocations")
        body["line_items"][0].pop("total_discount")

    assert order_of(changed(WEB, old)).lines[0].discount == 0


def test_an_old_shipping_line_without_a_discounted_price_has_no_discount(changed: Changed) -> None:
    def old(body: Body) -> None:
        del body["shipping_lines"][0]["discount_allocations"]
        del body["shipping_lines"][0]["discounted_price"]

    assert order_of(changed(WEB, old)).shipping[0].discount == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1001, "1001"), ("1001", "1001"), ("gid://shopify/Order/1001", "1001"), (1001.0, "1001"), (None, "1001")],
)
def test_an_id_is_read_in_every_spelling(changed: Changed, value: object, expected: str) -> None:
    assert order_of(changed(WEB, id=value)).external_id == expected


@pytest.mark.parametrize("value", [True, 0, -1, 1.5, 2**64, "12a", [], "gid://shopify/Order/x"])
def test_what_is_no_id_is_refused(changed: Changed, value: object) -> None:
    found = invalid(changed(WEB, id=value))
    assert (found.field, found.detail) == ("id", "order 1001: id is not an id")


def test_a_line_without_an_id_is_refused(changed: Changed) -> None:
    def strip(body: Body) -> None:
        body["line_items"][0].update(id=None, admin_graphql_api_id=None)

    assert invalid(changed(WEB, strip)).field == "line_items[0].id"


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        (1640995200, "is not a date and time"),
        ("yesterday", "is not a date and time"),
        ("1900-01-01T00:00:00Z", "is in the year 1900, which cannot be right"),
    ],
)
def test_a_wrong_date_is_named(changed: Changed, when: object, problem: str) -> None:
    assert invalid(changed(WEB, created_at=when)).detail == f"order 1001: created_at {problem}"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"currency": 5}, "currency"),
        ({"line_items": "none"}, "line_items"),
        ({"customer": "Ada"}, "customer"),
        ({"test": "perhaps"}, "test"),
        ({"note": ["a"]}, "note"),
        ({"note_attributes": "a=b"}, "note_attributes"),
        ({"note_attributes": ["a"]}, "note_attributes"),
        ({"tags": 5}, "tags"),
        ({"tags": [5]}, "tags"),
        ({"refunds": [{"transactions": 5}]}, "refunds[0].transactions"),
    ],
)
def test_a_wrong_type_is_refused_by_the_name_of_its_field(
    changed: Changed, fields: dict[str, object], field: str
) -> None:
    assert invalid(changed(WEB, **fields)).field == field


def test_a_refusal_never_repeats_what_the_body_says(changed: Changed) -> None:
    found = invalid(changed(WEB, note=["ada@example.com"], currency="ADA@EXAMPLE.COM"))
    assert "example.com" not in str(found).lower()


def test_a_tip_is_not_told_by_its_title_alone(changed: Changed) -> None:
    def title(body: Body) -> None:
        body["line_items"][1].update(title="Tip", product_id=None, price="5.00")
        body["total_tip_received"] = "3.00"

    assert LineCategory.TIP not in {line.category for line in order_of(changed(WEB, title)).lines}


def test_tips_that_no_total_states_are_those_of_the_tip_lines(changed: Changed) -> None:
    def tip(body: Body) -> None:
        del body["total_tip_received"]
        body["line_items"][1]["tip"] = {}

    assert order_of(changed(WEB, tip)).totals.tips == Decimal("5.00")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"payment_terms_type": "NET"}, True),
        ({"payment_terms_type": "receipt", "due_in_days": None}, False),
        ({"due_in_days": 15}, True),
    ],
)
def test_terms_count_only_where_payment_is_due_later(changed: Changed, terms: object, *, expected: bool) -> None:
    assert order_of(changed(WEB, payment_terms=terms)).net_terms is expected


def test_an_unknown_fulfilment_is_other(changed: Changed) -> None:
    assert order_of(changed(WEB, fulfillment_status="restocked")).fulfilment is Fulfilment.OTHER


def test_a_presentment_that_is_not_stated_is_none(changed: Changed) -> None:
    for stated in ({}, {"presentment_money": {"amount": "1"}}):
        assert order_of(changed(WEB, presentment_currency="GBP", total_price_set=stated)).presentment is None


def test_the_current_total_is_the_total_where_none_is_stated(changed: Changed) -> None:
    assert order_of(changed(WEB, lambda body: body.pop("current_total_price"))).current_total == Decimal("51.70")


def test_a_shop_total_that_contradicts_the_shipping_lines_is_kept_as_stated(changed: Changed) -> None:
    stated = {"shop_money": {"amount": "7.00", "currency_code": "USD"}}
    assert order_of(changed(WEB, total_shipping_price_set=stated)).totals.shipping == Decimal("7.00")


def test_the_further_of_two_bodies_of_one_second_is_newer(changed: Changed) -> None:
    def rank(**fields: object) -> int:
        return order_of(changed(WEB, **fields)).version.rank

    refunds = [{"id": 1}]
    steps = [
        rank(financial_status="pending"),
        rank(financial_status="authorized"),
        rank(financial_status="paid"),
        rank(financial_status="paid", fulfillment_status="partial"),
        rank(financial_status="paid", fulfillment_status="fulfilled"),
        rank(financial_status="partially_refunded"),
        rank(financial_status="paid", refunds=refunds),
        rank(financial_status="paid", cancelled_at="2026-06-01T05:30:05Z"),
        rank(financial_status="voided", refunds=refunds * 99, cancelled_at="2026-06-01T05:30:05Z"),
    ]
    assert steps == sorted(set(steps))
    assert steps[-1] < 10**6


def test_a_buyer_without_a_customer_is_named_by_the_bill(changed: Changed) -> None:
    assert order_of(changed(WEB, customer=None)).buyer.name == "Ada Byron"
    assert order_of(changed(WEB, customer=None, billing_address=None)).buyer.name == ""
    assert order_of(changed(WEB, customer={"id": 1}, billing_address={})).buyer.name == ""


def test_an_order_without_a_name_or_number_has_none(changed: Changed) -> None:
    assert order_of(changed(WEB, lambda body: body.update(name=None, order_number=None))).name == ""


def test_a_number_where_a_text_is_expected_is_read_as_text(changed: Changed) -> None:
    found = order_of(changed(WEB, note=17, shipping_address={"zip": 1901}))
    assert (found.note, found.ship_to and found.ship_to.postal_code) == ("17", "1901")


def test_cash_is_the_same_fact_by_every_road_but_for_what_a_road_does_not_say(case: Load, run: Run) -> None:
    given = case("refund_wrapper_base64")
    (by_refund,) = run(given)
    assert isinstance(by_refund, Event)
    embedded = next(fact for fact in by_refund.facts if isinstance(fact, Payment))
    own = case("transaction_unknown_words")
    own["value"].update(id=2010, admin_graphql_api_id=None, kind="refund", status="success", amount="20.00")
    own["value"].update(parent_id=2001, test=False, amount_set=None)
    (by_itself,) = run(own)
    assert isinstance(by_itself, Event)
    alone = by_itself.facts[0]
    assert isinstance(alone, Payment)
    assert alone.model_copy(update={"refund_id": "3001", "version": embedded.version}) == embedded
    assert alone.version < embedded.version


def test_a_final_transaction_is_newer_than_its_pending_self(case: Load, run: Run) -> None:
    ranks = []
    for status in ("pending", "success"):
        given = case("transaction_cloudevents_binary")
        given["value"]["status"] = status
        given["value"]["currency_exchange_adjustment"] = None if status == "success" else {"currency": "USD"}
        (event,) = run(given)
        assert isinstance(event, Event)
        ranks.append(event.facts[0].version)
    assert ranks[0] < ranks[1]


def test_a_copy_of_a_refund_that_says_less_is_older(case: Load, run: Run) -> None:
    given = case("refund_connect_string_payload")
    full = run(given)[0]
    body = json.loads(given["value"]["payload"])
    body.update(refund_shipping_lines=None, order_adjustments=None, duties=None)
    given["value"] = body
    sparse = run(given)[0]
    assert isinstance(full, Event)
    assert isinstance(sparse, Event)
    assert sparse.facts[0].version < full.facts[0].version


def test_a_negative_duty_of_a_refund_is_refused(case: Load, run: Run) -> None:
    given = case("refund_connect_string_payload")
    body = json.loads(given["value"]["payload"])
    body["duties"][0]["amount_set"]["shop_money"]["amount"] = "-0.50"
    given["value"]["payload"] = body
    assert invalid(run(given)[0]).field == "total_duties_set"


def test_a_refund_line_is_named_by_the_line_inside_it(case: Load, run: Run) -> None:
    given = case("refund_connect_string_payload")
    body = json.loads(given["value"]["payload"])
    body["refund_line_items"][0].update(line_item_id=None, line_item={"id": 12})
    given["value"]["payload"] = body
    (event,) = run(given)
    assert isinstance(event, Event)
    assert isinstance(event.facts[0], Refund)
    assert event.facts[0].lines[0].line_id == "12"


def test_a_refund_line_without_a_line_must_be_read(case: Load, run: Run) -> None:
    given = case("refund_connect_string_payload")
    body = json.loads(given["value"]["payload"])
    body["refund_line_items"][0]["line_item_id"] = None
    given["value"]["payload"] = body
    assert invalid(run(given)[0]).field == "refund_line_items[0].line_item_id"


def test_an_old_order_counts_refund_lines_only_where_it_can_tell_the_line(case: Load, run: Run) -> None:
    given = case("order_of_2022")
    order = given["value"]["order"]
    order["refunds"].append({"id": 5, "refund_line_items": None})
    order["refunds"].append({"id": 6, "created_at": "2026-06-03T09:00:00Z", "refund_line_items": []})
    (event,) = run(given)
    assert order_of(event).lines[0].current_quantity == 2
    order["refunds"][0]["refund_line_items"].append({"quantity": 1})
    assert invalid(run(given)[0]).field == "refunds[0].refund_line_items[1].line_item_id"


def test_duties_without_shop_money_are_none(changed: Changed) -> None:
    def duty(body: Body) -> None:
        body["line_items"][0]["duties"] = [{"id": 1}]

    assert order_of(changed(WEB, duty)).lines[0].duties == 0


def test_an_edit_without_its_content_is_refused(case: Load, run: Run) -> None:
    given = case("order_deleted")
    given["headers"]["X-Shopify-Topic"] = "orders/edited"
    given["value"] = {"order_edit": None}
    assert invalid(run(given)[0]).field == "order_edit"


def test_a_cut_body_that_nothing_dates_must_be_read(case: Load, run: Run) -> None:
    given = case("order_cut_to_its_id")
    del given["headers"]["X-Shopify-Triggered-At"]
    found = invalid(run(given)[0])
    assert (found.field, found.reason) == ("updated_at", Reason.NEEDS_READ)


def test_a_deletion_is_one_even_where_the_whole_order_is_sent_along(case: Load, run: Run) -> None:
    given = case(WEB)
    given["headers"]["X-Shopify-Topic"] = "orders/delete"
    for gid in (given["value"]["admin_graphql_api_id"], None):
        given["value"]["admin_graphql_api_id"] = gid
        (event,) = run(given)
        assert isinstance(event, Event)
        assert isinstance(event.facts[0], OrderDeletion)


@pytest.mark.parametrize(
    ("body", "topic", "shape"),
    [
        ({"line_items": [], "financial_status": "paid"}, "orders/edited", Shape.ORDER),
        ({"order_id": 1, "refund_line_items": []}, "orders/create", Shape.REFUND),
        ({"order_id": 1, "gateway": "x", "kind": "sale"}, "refunds/create", Shape.TRANSACTION),
        ({"admin_graphql_api_id": "gid://shopify/Refund/1"}, "orders/create", Shape.REFUND),
        ({"admin_graphql_api_id": "gid://shopify/Fulfillment/1"}, "orders/create", Shape.FOREIGN),
        ({"remote_reference": "x", "order_id": 1}, "orders/create", Shape.FOREIGN),
        ({"order_edit": {}}, "orders/create", Shape.EDIT),
        ({"id": 1}, "orders/edited", Shape.EDIT),
        ({"id": 1}, "orders/paid", Shape.ORDER),
        ({"id": 1}, "order_transactions/create", Shape.TRANSACTION),
        ({"id": 1}, "refunds/create", Shape.REFUND),
        ({"id": 1}, "orders/risk_assessment_changed", Shape.FOREIGN),
        ({"id": 1}, "orders", Shape.UNKNOWN),
        ({"id": 1}, "", Shape.UNKNOWN),
    ],
)
def test_the_body_decides_and_the_topic_only_where_it_cannot(body: Body, topic: str, shape: Shape) -> None:
    assert shape_of(body, topic) is shape


@pytest.mark.parametrize(
    ("spelling", "topic"),
    [
        ("orders/create", "orders/create"),
        ("ORDERS_PARTIALLY_FULFILLED", "orders/partially_fulfilled"),
        ("order_transactions_create", "order_transactions/create"),
        ("com.shopify.orders.updated.v1", "orders/updated"),
        ("shop/redact", "shop/redact"),
        ("Pizza/Baked", "pizza/baked"),
        ("", ""),
    ],
)
def test_a_topic_has_one_spelling(spelling: str, topic: str) -> None:
    assert normalised(spelling) == topic


def test_what_is_out_of_scope_names_its_order_where_it_can(case: Load, run: Run) -> None:
    given = case("refused_dispute")
    (found,) = run(given)
    assert isinstance(found, OutOfScope)
    assert (found.reason, found.topic, str(found.key)) == (
        Reason.OUT_OF_SCOPE,
        "disputes/create",
        "shopify|kiosk-nord.myshopify.com|1001",
    )
    given["value"].update(id="x", order_id=None)
    (found,) = run(given)
    assert isinstance(found, OutOfScope)
    assert (found.key, found.ref, str(found)) == (None, None, f"out_of_scope: {found.detail}")


def test_a_body_of_shopify_without_a_topic_that_nobody_knows_is_undecodable(case: Load, run: Run) -> None:
    given = case("refused_unknown_topic")
    del given["headers"]["X-Shopify-Topic"]
    (found,) = run(given)
    assert isinstance(found, Undecodable)
    assert "with no topic" in str(found)
