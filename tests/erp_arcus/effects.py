"""Effects, intents and settings to try the adapter with."""

from __future__ import annotations

import hashlib
import time
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.base import Kind, Ref
from schemas.effect import (
    AddAddress,
    AddLines,
    Adjust,
    Cancel,
    Component,
    Confirm,
    CreateAccount,
    CreateOrder,
    Credit,
    DocumentType,
    Effect,
    RecordPayment,
    RefundCash,
    ReturnGoods,
    SaleLine,
)
from schemas.party import Address, Party
from schemas.posted import Posted
from service.erp.arcus.identity import address_key
from service.erp.arcus.settings import ArcusSettings
from service.ports import Intent, Step

TENANT = "a.myshopify.com"
VERSION = "2026-05-01T12:00:00.000000Z//000000"
HOME = Address(name="Ada Buyer", street1="1 Main St", city="Fresno", region="CA", postal_code="93650", country="US")
WORK = Address(company="Acme", street1="2 High St", city="Fresno", region="CA", postal_code="93650", country="US")
ADA = Party(customer_id="7", name="Ada Buyer", email="ada@example.com", phone="+1 555")


def ref(kind: Kind, external_id: str) -> Ref:
    return Ref(external_source="shopify", tenant=TENANT, kind=kind, external_id=external_id)


ORDER = ref(Kind.ORDER, "1001")
REFUND = ref(Kind.REFUND, "5001")
PAYMENT = ref(Kind.PAYMENT, "9001")
CASH_BACK = ref(Kind.PAYMENT, "9002")
ACCOUNT = ref(Kind.ACCOUNT, "customer:7")


def settings(**changes: Any) -> ArcusSettings:
    return ArcusSettings(**{"base_url": "http://127.0.0.1:1/v1/", "api_key": "ark_test_ent_a_1", **changes})


def head(document: Ref, name: str, **changes: Any) -> dict[str, Any]:
    given = {"document": document, "name": name, "source_version": VERSION, "policy_version": "p1", "currency": "USD"}
    return {**given, **changes}


def money(text: str | int) -> Decimal:
    return Decimal(text)


def goods(line_id: str = "11", sku: str = "TEA", quantity: int = 2, rate: str = "10.00", note: str = "") -> SaleLine:
    return SaleLine(line_id=line_id, component=Component.GOODS, sku=sku, quantity=quantity, rate=money(rate), note=note)


def charge(component: Component, rate: str, product: str = "sku:SHIPPING") -> SaleLine:
    return SaleLine(line_id=f"{component}-1", component=component, product=product, quantity=1, rate=money(rate))


def create_order(*lines: SaleLine, **changes: Any) -> CreateOrder:
    lines = lines or (goods(), charge(Component.SHIPPING, "5.00"))
    given = {
        **head(ORDER, "order:1001/create#1"),
        "document_type": DocumentType.SALES_ORDER,
        "account": ACCOUNT,
        "party": ADA,
        "ship_to": HOME,
        "bill_to": HOME,
        "business_date": date(2026, 5, 1),
        "lines": lines,
        "total": sum((line.rate * line.quantity for line in lines), Decimal(0)),
        "name_in_shop": "#1001",
    }
    return CreateOrder(**{**given, **changes})


def create_account(**changes: Any) -> CreateAccount:
    given = {**head(ACCOUNT, "account:customer:7/create"), "party": ADA, "ship_to": HOME, "bill_to": HOME}
    return CreateAccount(**{**given, **changes})


def add_address(account_erp_id: str, address: Address = WORK, **changes: Any) -> AddAddress:
    given = {
        **head(ACCOUNT, "account:customer:7/address"),
        "account_erp_id": account_erp_id,
        "address": address,
        "address_key": address_key(address),
        "purpose": "billing",
    }
    return AddAddress(**{**given, **changes})


def add_lines(order: Posted, *lines: SaleLine, **changes: Any) -> AddLines:
    raised = sum((line.rate * line.quantity for line in lines), Decimal(0))
    given = {
        **head(ORDER, "order:1001/add"),
        "order_erp_id": order.erp_id,
        "lines": lines,
        "total_before": order.total,
        "total_after": order.total + raised,
    }
    return AddLines(**{**given, **changes})


def adjust(order: Posted, amount: str, **changes: Any) -> Adjust:
    given = {
        **head(ORDER, f"order:1001/adjust:{amount}"),
        "order_erp_id": order.erp_id,
        "label": "Cash rounding",
        "component": Component.ROUNDING,
        "amount": money(amount),
        "total_before": order.total,
        "total_after": order.total + money(amount),
    }
    return Adjust(**{**given, **changes})


def confirm(order_erp_id: str, **changes: Any) -> Confirm:
    return Confirm(**{**head(ORDER, "order:1001/confirm#1"), "order_erp_id": order_erp_id, **changes})


def cancel(order_erp_id: str, **changes: Any) -> Cancel:
    return Cancel(**{**head(ORDER, "order:1001/cancel#1"), "order_erp_id": order_erp_id, **changes})


def pay(order: Posted, amount: str, **changes: Any) -> RecordPayment:
    given = {
        **head(PAYMENT, "payment:9001/record"),
        "order_erp_id": order.erp_id,
        "account_erp_id": order.account_erp_id,
        "method": "external",
        "amount": money(amount),
        "business_date": date(2026, 5, 1),
        "reference": f"{TENANT}:9001",
    }
    return RecordPayment(**{**given, **changes})


def give_back(order: Posted, *lines: SaleLine, **changes: Any) -> ReturnGoods:
    given = {
        **head(REFUND, "refund:5001/return#1"),
        "original": ORDER,
        "order_erp_id": order.erp_id,
        "account_erp_id": order.account_erp_id,
        "ship_to_erp_id": order.ship_to_erp_id,
        "bill_to_erp_id": order.bill_to_erp_id,
        "business_date": date(2026, 5, 2),
        "lines": lines,
        "total": sum((line.rate * line.quantity for line in lines), Decimal(0)),
        "notes": "Refund 5001 of #1001",
    }
    return ReturnGoods(**{**given, **changes})


def refund_cash(payment: Posted, amount: str, **changes: Any) -> RefundCash:
    given = {
        **head(CASH_BACK, "payment:9002/refund"),
        "order_erp_id": payment.order_erp_id,
        "payment_erp_id": payment.erp_id,
        "payment": payment.document,
        "amount": money(amount),
        "refunded_before": payment.refunded,
    }
    return RefundCash(**{**given, **changes})


def credit(order: Posted, amount: str, **changes: Any) -> Credit:
    given = {
        **head(REFUND, "refund:5001/credit"),
        "order_erp_id": order.erp_id,
        "account_erp_id": order.account_erp_id,
        "amount": money(amount),
        "notes": "Refund 5001 of #1001",
    }
    return Credit(**{**given, **changes})


def order_posted(**changes: Any) -> Posted:
    given = {"document": ORDER, "erp_id": "o1", "currency": "USD", "account_erp_id": "a1", "total": money("25.00")}
    return Posted(**{**given, **changes})


def intent_of(effect: Effect, step: Step, **changes: Any) -> Intent:
    """Make an intent as the story does; its deadline leaves a test all the time it needs."""
    now = time.time()
    generation = changes.get("generation", 1)
    name = f"{effect.document}|{effect.name}|{generation}|{changes.pop('salt', '')}"
    given = {
        "id": "of-" + hashlib.sha256(name.encode()).hexdigest()[:40],
        "erp": "arcus",
        "key": "shopify|a.myshopify.com|1001",
        "document": effect.document,
        "effect": effect,
        "generation": 1,
        "step": step,
        "credential": settings().fingerprint,
        "attempted_at": now,
        "deadline": now + 20,
        "erp_time": now,
    }
    return Intent(**{**given, **changes})
