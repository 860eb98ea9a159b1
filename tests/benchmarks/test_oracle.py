from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.oracle import examine, holds, words
from benchmarks.orders import SHOP, records
from sandbox.shop.catalogue import erp_products


def catalogue() -> Iterator[bytes]:
    for doc in erp_products(SHOP):
        row = {"entity": SHOP.code, "resource": "products", "doc": {"variants": [], **doc}}
        yield json.dumps(row, default=str).encode()


def test_orders_that_the_erp_does_not_have_are_found_by_the_oracle() -> None:
    found = examine(3, catalogue())
    assert (found.expected["orders"], found.found["orders"]) == (3, 0)
    assert found.count("lost") >= 3
    assert not holds(found, 3)
    assert words(found).startswith("0 of 3 orders")


def test_an_order_that_nobody_sent_is_found_by_the_oracle() -> None:
    known = {record.external_id for record in records(2)}
    tag = {"external_source": "shopify", "tenant": SHOP.domain, "kind": "order", "external_id": "77"}
    assert "77" not in known
    doc = {"id": "so_1", "metadata": tag, "document_type": "invoice", "order_status": "confirmed", "is_on_hold": False}
    line = json.dumps({"entity": SHOP.code, "resource": "orders", "doc": doc}).encode()
    found = examine(2, [*catalogue(), line])
    assert any("77" in str(violation) for violation in found.violations)
