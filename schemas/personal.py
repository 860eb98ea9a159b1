"""Which fields are personal: every field of `schemas/` is in exactly one of the two tables (correctness 23, I10).

A person can be told from a personal field, or anybody may have written anything into it. Ids, amounts and digests are
harmless: they stay when a person is erased, so that the books stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeVar, cast

from schemas import effect as effects
from schemas.base import Frozen, Ref, Tagged, Version
from schemas.event import Envelope, Event, Key, Position
from schemas.money import Money
from schemas.order import Line, Order, OrderDeletion, OrderEdit, Shipping, Tax, Totals
from schemas.outcome import Verdict
from schemas.party import Address, Party, email_key
from schemas.payment import Payment
from schemas.posted import ByHand, Posted, PostedAdjustment, PostedLine
from schemas.privacy import PrivacyEvent, PrivacyRequest
from schemas.refund import Refund, RefundLine
from schemas.standing import Standing

PERSONAL: Mapping[type[Frozen], frozenset[str]] = {
    Address: frozenset(["name", "company", "street1", "street2", "city", "region", "postal_code", "country", "phone"]),
    Party: frozenset(["company_name", "name", "email", "phone"]),
    Line: frozenset({"properties"}),
    Order: frozenset({"ship_to", "bill_to", "note", "attributes"}),
    Refund: frozenset({"note"}),
    effects.SaleLine: frozenset({"note"}),
    effects.CreateAccount: frozenset({"ship_to", "bill_to"}),
    effects.AddAddress: frozenset({"address"}),
    effects.CreateOrder: frozenset({"ship_to", "bill_to", "notes", "customer_notes"}),
}
"""By the class that declares the field."""

_HARMLESS: Mapping[type[Frozen], str] = {
    Ref: "external_source tenant kind external_id",
    Version: "at triggered_at rank",
    Tagged: "external_source tenant external_id version",
    Money: "amount currency",
    Position: "topic partition offset",
    Envelope: "external_source tenant topic event_id delivery_id triggered_at api_version",
    Key: "external_source tenant root",
    Event: "envelope key facts",
    PrivacyRequest: "asks customer_id email_key order_ids number",
    PrivacyEvent: "request",
    Party: "customer_id company_id tax_exempt email_key",
    Tax: "title rate amount channel_liable",
    Line: "external_id category sku title quantity current_quantity unit_price discount taxes duties requires_shipping",
    Shipping: "external_id title price discount taxes removed",
    Totals: "lines discounts shipping tax tips duties fees total",
    Order: "fact name number currency presentment placed_at business_date updated_at cancelled_at cancel_reason"
    " test confirmed taxes_included financial_status fulfilment net_terms channel merchant_of_record lines"
    " shipping totals current_total cash_rounding gateways buyer pick_up location_id po_number tags refund_ids",
    OrderEdit: "fact",
    OrderDeletion: "fact",
    Payment: "fact order_id parent_id refund_id payment_kind status gateway amount currency shop_money"
    " processed_at business_date test rounding name",
    RefundLine: "line_id quantity subtotal tax restock",
    Refund: "fact order_id currency created_at business_date lines shipping shipping_tax duties fees discrepancy"
    " transaction_ids return_id",
    Verdict: "document outcome reason detail release amount",
    effects.EffectBase: "document name source_version policy_version currency",
    effects.SaleLine: "line_id component sku product quantity rate",
    effects.CreateAccount: "effect party",
    effects.AddAddress: "effect account_erp_id address_key purpose",
    effects.CreateOrder: "effect revision document_type account party pick_up location business_date lines discount"
    " total name_in_shop extra",
    effects.AddLines: "effect order_erp_id lines total_before total_after there",
    effects.Adjust: "effect order_erp_id label component amount total_before total_after alike_before later",
    effects.Confirm: "effect order_erp_id",
    effects.Cancel: "effect order_erp_id",
    effects.RecordPayment: "effect order_erp_id account_erp_id method amount business_date reference",
    effects.ReturnGoods: "effect original order_erp_id account_erp_id ship_to_erp_id bill_to_erp_id location"
    " business_date lines total notes",
    effects.Credit: "effect order_erp_id account_erp_id amount notes",
    effects.RefundCash: "effect order_erp_id payment_erp_id payment amount refunded_before others",
    ByHand: "what accepted sale",
    Standing: "document erp_id number document_type status payment_status fulfilment_status currency total paid balance"
    " refunded account_erp_id merged_into updated_at read_at missing",
    PostedLine: "line_id component erp_id quantity rate total",
    PostedAdjustment: "label component amount",
    Posted: "document erp_id erp_number document_type status currency revision account_erp_id order_erp_id"
    " ship_to_erp_id bill_to_erp_id lines adjustments discount fees tax shipping total paid balance refunded"
    " addresses read_at told_at source_version policy_version hold by_hand",
}
HARMLESS: Mapping[type[Frozen], frozenset[str]] = {model: frozenset(said.split()) for model, said in _HARMLESS.items()}
"""Notes of returns and credits are words of ours about ids; of a verdict's detail it is a rule, of a hold the ERP's."""

F = TypeVar("F", bound=Frozen)
SHORTEST = 3  # a shorter text is found in too many places to be hidden there


@cache
def personal_fields(model: type[Frozen]) -> Mapping[str, object]:
    """The personal fields of a class, each with what stands there after an erasure."""
    names = {name for parent in model.__mro__ for name in PERSONAL.get(parent, ())}
    fields = model.model_fields
    return {
        name: Address() if fields[name].is_required() else fields[name].get_default(call_default_factory=True)
        for name in model.model_fields
        if name in names
    }


def without_person(value: F) -> F:
    """The same value without any person in it; the very same object where there was none."""
    gone = personal_fields(type(value))
    changes: dict[str, object] = {}
    for name, held in value.__dict__.items():
        left = gone[name] if name in gone else _within(held)
        if left is not held and left != held:
            changes[name] = left
    if isinstance(value, Party) and value.email:
        changes["email_key"] = email_key(value.email)
    return value.model_copy(update=changes) if changes else value


def _within(held: object) -> object:
    if isinstance(held, Frozen):
        return without_person(held)
    if isinstance(held, tuple):
        return tuple(_within(part) for part in held)
    return held


def told(value: Frozen) -> dict[str, object]:
    """What is held about a person in a value: its personal fields that say something, at their places."""
    gone = personal_fields(type(value))
    parts = {name: _said(held) if name in gone else _held(held) for name, held in value.__dict__.items()}
    return {name: part for name, part in parts.items() if part}


def _held(held: object) -> object:
    if isinstance(held, Frozen):
        return told(held)
    if isinstance(held, tuple):
        return [part for part in map(_held, held) if part]
    return None


def _said(held: object) -> object:
    """A personal field whole, without what is empty in it."""
    if isinstance(held, Frozen):
        return {name: part for name, part in held.__dict__.items() if part}
    return [list(pair) for pair in held] if isinstance(held, tuple) else held


def personal_texts(value: Frozen) -> frozenset[str]:
    """Every text in personal fields that is long enough to be recognised elsewhere."""
    return frozenset(text for text in _texts(told(value)) if len(text) >= SHORTEST)


def _texts(part: object) -> Iterator[str]:
    """Every text in what `told` tells: texts, and lists and dicts of such."""
    if isinstance(part, str):
        yield part
        return
    for one in part.values() if isinstance(part, dict) else cast("list[object]", part):
        yield from _texts(one)
