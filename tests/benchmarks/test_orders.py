from __future__ import annotations

import json
from decimal import Decimal

import pytest

from benchmarks.invoice import invoice
from benchmarks.orders import BUYERS, RECORD_BYTES, SHOP, records, totals, written


def test_every_record_is_a_shopify_order_of_ten_kilobytes() -> None:
    found = list(records(2 * BUYERS + 1))
    assert {len(record.value) for record in found} == {RECORD_BYTES}
    assert len({record.value for record in found}) == len(found)
    for record in found:
        body = json.loads(record.value)
        assert str(body["id"]) == record.external_id
        assert body["admin_graphql_api_id"].endswith(record.external_id)
        assert body["financial_status"] == "pending"
        assert body["fulfillment_status"] == "fulfilled"
        assert Decimal(body["total_price"]) == record.total


def test_no_two_orders_share_an_id_a_name_or_a_line() -> None:
    bodies = [json.loads(record.value) for record in records(300)]
    assert len({body["id"] for body in bodies}) == 300
    assert len({body["name"] for body in bodies}) == 300
    assert len({body["number"] for body in bodies}) == 300
    assert len({body["token"] for body in bodies}) == 300
    lines = [line["id"] for body in bodies for line in body["line_items"]]
    assert len(set(lines)) == len(lines)


def test_a_hundred_buyers_have_one_address_each() -> None:
    bodies = [json.loads(record.value) for record in records(2 * BUYERS)]
    homes: dict[int, set[str]] = {}
    for body in bodies:
        homes.setdefault(body["customer"]["id"], set()).add(json.dumps(body["shipping_address"], sort_keys=True))
    assert len(homes) == BUYERS
    assert {len(addresses) for addresses in homes.values()} == {1}


def test_records_go_on_where_others_ended() -> None:
    whole = [record.external_id for record in records(10)]
    assert [record.external_id for record in records(4, first=6)] == whole[6:]


def test_totals_are_known_without_writing_the_orders_again() -> None:
    assert totals(250, first=3) == {record.external_id: record.total for record in records(250, first=3)}


def test_headers_are_those_of_a_webhook() -> None:
    record = next(records(1))
    headers = dict(record.headers)
    assert headers["X-Shopify-Shop-Domain"].decode() == SHOP.domain
    assert headers["X-Shopify-Topic"] == b"orders/fulfilled"
    assert record.key.decode() == f"{SHOP.domain}:{record.external_id}"


@pytest.mark.parametrize("buyer", [0, 41, 99])
def test_the_afternoon_version_bills_the_whole_order(buyer: int) -> None:
    order = json.loads(written(buyer).value)
    products = {line["sku"]: {"product_id": line["sku"]} for line in order["line_items"]}
    services = {"SVC-SHIPPING": {"product_id": "s"}, "SVC-TAX": {"product_id": "t"}}
    body = invoice(order, account={"id": "a", "address": "b"}, products=products | services)
    lines = sum((Decimal(str(line["sell_rate"])) * line["quantity"] for line in body["line_items"]), Decimal(0))
    assert lines - Decimal(str(body["discount"]["value"])) == written(buyer).total
