"""The oracle's rule about how documents stand: the product's account held against the ERP's own database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.oracle.mirror import unlike

TAG = {"external_source": "shopify", "tenant": "a.myshopify.com", "external_id": "1"}
ORDER: dict[str, Any] = {
    "id": "so-1",
    "metadata": {**TAG, "kind": "order"},
    "order_number": "SO-1",
    "document_type": "sales_order",
    "order_status": "confirmed",
    "payment_status": "paid",
    "fulfillment_status": "unfulfilled",
    "order_total": Decimal("20.0"),
    "amount_paid": 20,
    "balance_due": 0,
    "account_id": "acc",
}
PAYMENT: dict[str, Any] = {
    "id": "pay-1",
    "external_reference": "a.myshopify.com:9",
    "reference": None,
    "status": "succeeded",
    "amount": 20,
    "amount_refunded": 0,
    "account_id": "acc",
}
CREDIT: dict[str, Any] = {
    "id": "cr-1",
    "notes": "external_source=shopify tenant=a.myshopify.com kind=refund external_id=8",
    "credit_memo_number": "CM-1",
    "status": "issued",
    "amount": 5,
    "amount_applied": None,
}
ACCOUNT: dict[str, Any] = {
    "id": "acc",
    "metadata": {**TAG, "kind": "account"},
    "account_number": "CUST-1",
    "is_active": True,
    "merged_into_account_id": None,
}
DUMP = [
    {"resource": "orders", "doc": ORDER},
    {"resource": "payments", "doc": PAYMENT},
    {"resource": "credits", "doc": CREDIT},
    {"resource": "accounts", "doc": ACCOUNT},
    {"resource": "products", "doc": {"id": "p"}},
    {"resource": "payments", "doc": {**PAYMENT, "id": "by hand", "external_reference": None}},
]
PLAIN = {"missing": False, "number": "", "merged_into": "", "balance": "0", "paid": "0", "refunded": "0"}
TOLD: list[dict[str, Any]] = [
    {
        **PLAIN,
        "erp_id": "so-1",
        "number": "SO-1",
        "type": "sales_order",
        "status": "confirmed",
        "payment_status": "paid",
        "fulfilment_status": "unfulfilled",
        "total": "20.00",
        "paid": "20.00",
        "account": "acc",
    },
    {**PLAIN, "erp_id": "pay-1", "status": "succeeded", "total": "20", "account": "acc"},
    {**PLAIN, "erp_id": "cr-1", "number": "CM-1", "status": "issued", "total": "5"},
    {**PLAIN, "erp_id": "acc", "number": "CUST-1", "status": "active"},
]


def found(*told: dict[str, Any]) -> list[str]:
    return [f"{name.kind}: {words}" for name, words in unlike(DUMP, [{"standings": told[:2]}, {"standings": told[2:]}])]


def test_a_true_account_is_like_the_erp() -> None:
    assert found(*TOLD) == []


@pytest.mark.parametrize(
    ("index", "field", "value", "words"),
    [
        (0, "status", "voided", "order: status is confirmed, the product says voided"),
        (0, "payment_status", "unpaid", "order: payment_status is paid, the product says unpaid"),
        (0, "total", "21", "order: total is 20.0, the product says 21"),
        (0, "account", "other", "order: account is acc, the product says other"),
        (1, "refunded", "3", "payment: refunded is 0, the product says 3"),
        (2, "paid", "5", "refund: paid is 0, the product says 5"),
        (3, "merged_into", "w", "account: merged_into is , the product says w"),
        (3, "missing", True, "account: the product says that it is gone"),
    ],
)
def test_every_field_counts(index: int, field: str, value: object, words: str) -> None:
    told = [dict(one) for one in TOLD]
    told[index][field] = value
    assert found(*told) == [words]


def test_what_is_not_told_is_found() -> None:
    assert found(*TOLD[1:]) == ["order: so-1 is in the ERP, and the product does not say how it stands"]
