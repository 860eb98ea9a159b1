"""An order read by GraphQL is the order that a webhook tells of; and what answers may say besides."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.envelopes import Limits
from connectors.errors import Invalid
from connectors.registry import decode
from connectors.shopify.reader import (
    Ask,
    Data,
    Failed,
    Pages,
    Throttled,
    Unreadable,
    every,
    gone,
    read_answer,
    read_event,
    read_order,
)
from sandbox.shop.admin.documents import order_document, refund_document
from sandbox.shop.admin.execute import Execution, requested
from sandbox.shop.admin.query import Field, parse
from sandbox.shop.bodies import order_body
from sandbox.shop.cash_bodies import transaction_body
from sandbox.shop.generate import generate
from sandbox.shop.model import Order
from schemas.base import Ref, Version
from schemas.event import Fact
from schemas.order import Order as OrderFact
from schemas.payment import Payment

AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
HISTORIES = [history for _, history in generate(11, 220, garbage=False).histories]
SMALL = Pages(lines=1, charges=1, refund_parts=1, transactions=1, refunds=1)
WHOLE = Pages()
Doc = dict[str, Any]


def answered(order: Order | None, ask: Ask) -> Doc:
    """What the shop's API says, as its bytes are read."""
    (field,) = parse(ask.query, ask.variables)
    value = None if order is None else _root(order, field)
    answer = read_answer(json.dumps({"data": {field.name: value}}).encode())
    assert isinstance(answer, Data)
    return answer.data


def _root(order: Order, field: Field) -> Doc | None:
    if field.name == "order":
        return Execution().select(order_document(order), field.fields)
    asked = field.arguments["id"]
    refund = next((one for one in order.refunds if asked == f"gid://shopify/Refund/{one.id}"), None)
    if refund is None:
        return None
    return Execution().select(refund_document(order, refund), field.fields)


def read(order: Order | None, pages: Pages = WHOLE, change: Callable[[Ask, Doc], Doc] | None = None) -> Doc | None:
    """Read to the end; `change` may alter each answer."""
    reading = read_order("7" if order is None else str(order.id), pages)
    ask = next(reading)
    while True:
        data = answered(order, ask)
        if change is not None:
            data = change(ask, data)
        try:
            ask = reading.send(data)
        except StopIteration as end:
            body: Doc | None = end.value
            return body


def facts_read(order: Order, pages: Pages = WHOLE) -> dict[Ref, Fact]:
    body = read(order, pages)
    assert body is not None
    event = read_event(body, tenant=order.shop.domain, zone=ZONE, at=AT, api_version="2026-07")
    assert (event.envelope.topic, event.envelope.triggered_at, event.key.root) == ("orders/read", AT, str(order.id))
    return {fact.ref: fact for fact in event.facts}


def facts_told(order: Order) -> dict[Ref, Fact]:
    """The same order as webhooks tell it: its body, and each transaction."""
    found: dict[Ref, Fact] = {}
    bodies = [("orders/updated", order_body(order))]
    bodies += [("order_transactions/create", transaction_body(order, one)) for one in order.transactions]
    for topic, body in bodies:
        headers = [("X-Shopify-Topic", topic.encode()), ("X-Shopify-Shop-Domain", order.shop.domain.encode())]
        (event,) = decode(
            json.dumps(body).encode(),
            headers,
            zones=lambda _source, _tenant: ZONE,
            default_tenant=None,
            limits=Limits(),
        )
        for fact in event.facts:
            found.setdefault(fact.ref, fact)
    return found


def compared(fact: Fact) -> Fact:
    """A fact without what the two forms say more or less of: the rank counts it, and GraphQL states shop money."""
    changes: dict[str, Any] = {"version": Version(at=fact.version.at)}
    if isinstance(fact, Payment):
        changes["shop_money"] = None
    return fact.model_copy(update=changes)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(HISTORIES), st.builds(Pages, lines=st.integers(1, 5), charges=st.integers(1, 3),
       refund_parts=st.integers(1, 3), transactions=st.integers(1, 3), refunds=st.integers(1, 3)))  # fmt: skip
def test_an_order_is_the_same_in_graphql_and_in_a_webhook(history: Any, pages: Pages) -> None:
    order: Order = history.order
    graphql, webhook = facts_read(order, pages), facts_told(order)
    assert graphql.keys() == webhook.keys()
    for ref, told in webhook.items():
        assert compared(graphql[ref]) == compared(told)
        if isinstance(told, OrderFact):
            assert graphql[ref].version == told.version


def test_every_generated_order_is_the_same_in_both_forms() -> None:
    for history in HISTORIES:
        graphql, webhook = facts_read(history.order), facts_told(history.order)
        assert {ref: compared(fact) for ref, fact in graphql.items()} == {
            ref: compared(fact) for ref, fact in webhook.items()
        }


def long() -> Order:
    """An order with more of everything than fits on a page."""
    order = max((history.order for history in HISTORIES), key=lambda o: (len(o.refunds) > 1, len(o.lines) > 1))
    assert len(order.refunds) > 1
    return order


def test_all_pages_are_read_to_the_end() -> None:
    asked: list[str] = []

    def noted(ask: Ask, data: Doc) -> Doc:
        asked.append(ask.name)
        return data

    order = long()
    assert read(order, SMALL, noted) == read(order)
    assert {"head", "lines", "cash", "refund"} <= set(asked)
    assert asked.count("cash") > 1
    assert asked.count("refund") == len(order.refunds)


def test_no_query_costs_more_than_one_may() -> None:
    reading_order = long()
    costs: list[int] = []

    def noted(ask: Ask, data: Doc) -> Doc:
        costs.append(requested(parse(ask.query, ask.variables)))
        return data

    read(reading_order, Pages(), noted)
    assert max(costs) <= 1000


def test_every_query_is_tried_beforehand() -> None:
    tried = {ask.query: ask for ask in every(SMALL)}
    asked: set[str] = set()

    def noted(ask: Ask, data: Doc) -> Doc:
        asked.add(ask.query)
        assert ask.variables.keys() <= tried[ask.query].variables.keys()
        return data

    for order in (HISTORIES[0].order, long()):
        read(order, SMALL, noted)
    assert asked <= tried.keys()
    assert len(tried) == 9
    assert all(requested(parse(ask.query, ask.variables)) <= 1000 for ask in every(WHOLE))


def test_what_foreign_money_is_worth_is_stated_by_the_shop() -> None:
    orders = [history.order for history in HISTORIES if history.order.presentment is not None]
    payments = [fact for fact in facts_read(orders[0]).values() if isinstance(fact, Payment)]
    assert payments
    for payment in payments:
        assert payment.currency != orders[0].currency
        assert payment.shop_money is not None
        assert payment.shop_money.currency == orders[0].currency


def test_an_order_that_the_shop_does_not_show_is_none() -> None:
    assert read(None) is None
    event = gone("7", tenant="a.myshopify.com", at=AT)
    assert (str(event.key), event.facts, event.envelope.topic) == ("shopify|a.myshopify.com|7", (), "orders/read")


def moved(times: int) -> Callable[[Ask, Doc], Doc]:
    """The order changes after its first page, so many times."""
    left = [times]

    def change(ask: Ask, data: Doc) -> Doc:
        if ask.name == "cash" and left[0]:
            left[0] -= 1
            return {"order": {**data["order"], "updatedAt": "2026-10-02T00:00:00Z"}}
        return data

    return change


def test_an_order_that_changes_between_its_pages_is_read_from_the_start() -> None:
    order = long()
    assert read(order, SMALL, moved(3)) == read(order)
    with pytest.raises(Unreadable, match="changed while it was read, 4 times"):
        read(order, SMALL, moved(4))


@pytest.mark.parametrize("name", ["refund", "refund refundLineItems", "lines"])
def test_a_part_that_is_gone_in_between_means_that_the_order_changed(name: str) -> None:
    order = next(h.order for h in HISTORIES if h.order.refunds and len(h.order.refunds[0].lines) > 1)
    order = order if len(order.lines) > 1 else long()
    left = [1]

    def change(ask: Ask, data: Doc) -> Doc:
        if ask.name == name and left[0]:
            left[0] -= 1
            return dict.fromkeys(data)
        return data

    assert read(order, Pages(lines=1, refund_parts=1), change) == read(order)
    assert left == [0]


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("head", {"order": []}, "something else"),
        ("head", {"order": {"id": "gid://shopify/Order/1", "updatedAt": "x"}}, "something else"),
        ("cash", {"transactions": None}, "a list in the answer"),
        ("cash", {"refunds": [7]}, "a list in the answer"),
        ("cash", {"refunds": [{}]}, "has no id"),
        ("head", {"lineItems": {"nodes": None}}, "a list in the answer"),
        ("head", {"lineItems": {"nodes": [], "pageInfo": {"hasNextPage": True}}}, "does not say where"),
        ("head", {"totalTipReceivedSet": {"shopMoney": {"amount": "-1"}}}, "negative"),
    ],
)
def test_an_answer_that_makes_no_whole_order_is_none(name: str, wrong: Doc, words: str) -> None:
    def change(ask: Ask, data: Doc) -> Doc:
        if ask.name != name:
            return data
        return wrong if "order" in wrong else {"order": {**data["order"], **wrong}}

    with pytest.raises(Unreadable, match=words) as refused:
        read(long(), Pages(), change)
    assert str(refused.value) == refused.value.why


def test_a_list_without_an_end_is_given_up() -> None:
    endless = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "MQ=="}}

    def pages(_ask: Ask, data: Doc) -> Doc:
        return {"order": {**data["order"], "lineItems": endless}} if "order" in data else data

    with pytest.raises(Unreadable, match="more than 500 pages"):
        read(long(), Pages(), pages)

    def full(ask: Ask, data: Doc) -> Doc:
        if ask.name != "cash":
            return data
        return {"order": {**data["order"], "refunds": [{"id": "x"}] * int(str(ask.variables["refunds"]))}}

    with pytest.raises(Unreadable, match="more than 2,000 transactions or refunds"):
        read(long(), Pages(), full)


def changed(order: Order, **changes: Any) -> Doc:
    body = read(order, Pages(), lambda a, d: {"order": {**d["order"], **changes}} if a.name == "head" else d)
    assert body is not None
    return body


def test_words_of_graphql_become_those_of_a_webhook() -> None:
    order = long()
    assert changed(order, displayFulfillmentStatus="ON_HOLD")["fulfillment_status"] is None
    assert changed(order, displayFulfillmentStatus="RESTOCKED")["fulfillment_status"] == "restocked"
    assert changed(order, displayFulfillmentStatus="NEW_WORD")["fulfillment_status"] == "new_word"
    assert changed(order, cancelReason="FRAUD")["cancel_reason"] == "fraud"
    terms = changed(order, paymentTerms={"paymentTermsType": "FIXED", "dueInDays": None})["payment_terms"]
    assert terms == {"payment_terms_type": "fixed", "due_in_days": None}
    assert changed(order, customer=None, billingAddress=None, shippingAddress=None)["customer"] is None


def test_no_tax_and_no_discount_may_be_null() -> None:
    body = changed(long(), totalTaxSet=None, totalDiscountsSet=None)
    assert (body["total_tax"], body["total_discounts"]) == ("0", "0")


def bag(amount: str) -> Doc:
    return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}


def test_a_tip_is_known_by_title_and_worth() -> None:
    order = next(h.order for h in HISTORIES if any(line.kind == "tip" for line in h.order.lines))
    body = changed(order)
    assert [line["tip"] for line in body["line_items"] if line["title"] == "Tip"] == [{}]
    other = changed(order, totalTipReceivedSet=bag("0.01"))
    assert all(line["tip"] is None for line in other["line_items"])
    assert Decimal(other["total_line_items_price"]) > Decimal(body["total_line_items_price"])


def test_a_transaction_without_presentment_money_is_in_the_shops() -> None:
    order = long()

    def change(ask: Ask, data: Doc) -> Doc:
        if ask.name != "cash":
            return data
        ours = [{**one, "amountSet": bag("5.00")} for one in data["order"]["transactions"]]
        return {"order": {**data["order"], "transactions": ours}}

    body = read(order, Pages(), change)
    assert body is not None
    assert {(one["amount"], one["currency"], one["amount_set"]) for one in body["transactions"]} == {
        ("5.00", "USD", None)
    }


def test_a_line_without_a_quantity_is_worth_nothing_and_refused_later() -> None:
    line = {"id": "gid://shopify/LineItem/1", "originalUnitPriceSet": bag("5.00"), "quantity": None, "title": "X"}
    empty: Doc = {"customAttributes": [], "discountAllocations": [], "taxLines": [], "duties": []}
    body = changed(long(), lineItems={"nodes": [{**line, **empty}], "pageInfo": {"hasNextPage": False}})
    assert body["total_line_items_price"] == "0.00"


COST = {"requestedQueryCost": 12, "actualQueryCost": 3, "throttleStatus": {
    "maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0}}  # fmt: skip


def error(code: str, *path: str) -> Doc:
    return {"message": f"it is  {code}", "path": list(path), "extensions": {"code": code}}


def said(doc: object) -> Any:
    return read_answer(json.dumps(doc).encode())


def test_an_answer_says_what_it_cost() -> None:
    found = said({"data": {}, "extensions": {"cost": COST}})
    assert isinstance(found, Data)
    assert found.cost is not None
    assert (found.cost.requested, found.cost.maximum, found.cost.available, found.cost.restore_rate) == (
        12, 2000, 1990, 100,
    )  # fmt: skip
    assert said({"data": {}, "extensions": {"cost": {**COST, "throttleStatus": None}}}).cost is None
    nothing = {**COST["throttleStatus"], "restoreRate": 0}  # type: ignore[dict-item]
    assert said({"data": {}, "extensions": {"cost": {**COST, "throttleStatus": nothing}}}).cost is None


def test_throttled_means_that_nothing_was_done() -> None:
    found = said({"errors": [error("THROTTLED")], "extensions": {"cost": COST}})
    assert isinstance(found, Throttled)
    assert found.cost is not None


def test_personal_fields_that_are_denied_are_left_out_and_others_are_not() -> None:
    data = {"order": {"id": 1, "customer": None}}
    assert isinstance(said({"data": data, "errors": [error("ACCESS_DENIED", "order", "customer")]}), Data)
    for denied in (
        error("ACCESS_DENIED", "order", "lineItems"),
        error("ACCESS_DENIED", "order"),
        error("X", "a", "email"),
    ):
        assert isinstance(said({"data": data, "errors": [denied]}), Failed)


@pytest.mark.parametrize(
    ("doc", "code", "again"),
    [
        ({"errors": [error("INTERNAL_SERVER_ERROR")]}, "INTERNAL_SERVER_ERROR", True),
        ({"errors": [error("INTERNAL_SERVER_ERROR"), error("undefinedField")]}, "INTERNAL_SERVER_ERROR", False),
        ({"errors": [{"message": "x" * 500}]}, "ERROR", False),
        ({"errors": "[API] Invalid API key"}, "ERROR", False),
        ({"errors": [7]}, "ERROR", False),
        ({"data": None}, "NO_DATA", True),
        ({}, "NO_DATA", True),
        ("text", "NO_DATA", True),
    ],
)
def test_what_stands_against_an_answer_has_a_code_and_short_words(doc: object, code: str, again: bool) -> None:
    found = said(doc)
    assert isinstance(found, Failed)
    assert (found.code, found.again) == (code, again)
    assert len(found.words) <= 160


def test_an_answer_that_is_no_json_is_asked_for_again() -> None:
    assert read_answer(b"<html>") == Failed("NOT_JSON", "the answer is not JSON", again=True)


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 10**30, "", "x", "-1", "1e99", "NaN", [], {}, [None], [{}], [[]], {"nodes": []}, {"nodes": [1]},
     {"shopMoney": {"amount": "1"}}, {"hasNextPage": True, "endCursor": 5}]
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return [path, *(place for name, inner in items for place in places(inner, (*path, name)))]


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from(HISTORIES))
def test_odd_answers_are_an_event_or_a_named_refusal(data: st.DataObject, history: Any) -> None:
    """Whatever the shop answers, the duty goes on: anything else that is raised would end the process."""
    order: Order = history.order
    left = [data.draw(st.integers(1, 3))]

    def odd(_ask: Ask, answer: Doc) -> Doc:
        if left[0] and data.draw(st.booleans()):
            left[0] -= 1
            path = data.draw(st.sampled_from(places(answer)[1:]))
            at: Any = answer
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = copy.deepcopy(data.draw(ODD))
        return answer

    try:
        body = read(order, Pages(lines=2, refund_parts=1), odd)
        if body is not None:
            event = read_event(body, tenant=order.shop.domain, zone=ZONE, at=AT)
            assert event.key.root == str(order.id)
    except (Unreadable, Invalid):
        pass


WORDS = st.sampled_from(["data", "errors", "extensions", "cost", "throttleStatus", "path", "code", "message"])


@settings(max_examples=200, deadline=None)
@given(st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner)))
def test_any_json_is_an_answer_of_some_kind(doc: Any) -> None:
    assert isinstance(said(doc), Data | Throttled | Failed)
