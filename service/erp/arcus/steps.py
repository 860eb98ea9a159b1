"""From an effect to its one request: pure, the same bytes for the same effect and ids.

Every amount is written with exactly the currency's decimals; one that does not fit is an error here, not a rounding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import singledispatch
from typing import Literal

from schemas.base import Ref
from schemas.effect import (
    AddAddress,
    AddLines,
    Adjust,
    Cancel,
    Confirm,
    CreateAccount,
    CreateOrder,
    Credit,
    Effect,
    RecordPayment,
    RefundCash,
    ReturnGoods,
    SaleLine,
)
from schemas.money import minor_units
from schemas.party import Address, Party
from service.erp.arcus import bodies, identity
from service.erp.arcus.bodies import Discount, Item, NewAddress, NewOrder
from service.erp.arcus.settings import ArcusSettings, ExtraTag, PaymentRoute
from service.erp.arcus.wire import Doc, encode, exact
from service.ports import Resolution, Step

METADATA_KEYS = 50  # documented for webhook endpoints; the sandbox holds orders to it as well
GUEST = "guest"
RECORDED = {
    PaymentRoute.MULTI_INVOICE_APPLY: frozenset({"external", "cash", "check", "credit", "wire", "ach"}),
    PaymentRoute.ORDER_PAYMENT: frozenset({"cash", "check", "credit", "terms"}),
}
"""Tenders that only write down; `card`, and `ach` on an order, would charge somebody (books 1)."""

_ID = r"[^/]+"
REACHABLE = (
    "/accounts",
    f"/accounts/{_ID}/addresses",
    "/orders",
    f"/orders/{_ID}/items/bulk",
    f"/orders/{_ID}/adjustments",
    f"/orders/{_ID}/confirm",
    f"/orders/{_ID}/cancel",
    f"/orders/{_ID}/payments",
    f"/orders/{_ID}/payments/{_ID}/refund",
    "/payments/multi-invoice-apply",
    "/credits",
)
"""All that a shop's events can ask of the ERP; everything is a POST."""
FORBIDDEN = (b'"payments":', b'"payment_method_id":', b'"auto_capture":', b'"send_email":', b'"payment_methods":')
"""Names of fields, with their colon: the same words in a buyer's note are harmless."""
_REACHABLE = re.compile(rf"(?:/entities/{_ID})?(?:{'|'.join(REACHABLE)})")
_FORBIDDEN = re.compile(b"|".join(FORBIDDEN))  # one pass: five searches of 1.5 KB cost 3.2 us, this 1.1


class MovesMoneyError(ValueError):
    """A request that would charge, refund or write to somebody: never sent for a shop (I11)."""


def step(effect: Effect, resolution: Resolution, settings: ArcusSettings) -> Step:
    """Turn an effect into its request; raises ValueError where an amount cannot be written in the currency."""
    path, body = _request(effect, resolution, settings)
    return guarded(Step(method="POST", path=settings.path(path), body=encode(body)))


def guarded(request: Step) -> Step:
    """Return the request if it only books; raises MovesMoneyError otherwise."""
    if request.method != "POST" or _REACHABLE.fullmatch(request.path) is None:
        raise MovesMoneyError(f"{request.method} {request.path} is not a request that a shop may cause")
    found = _FORBIDDEN.search(request.body)
    if found is not None:
        raise MovesMoneyError(f"{request.path} must not carry {found.group().decode()}")
    return request


def records(method: str, settings: ArcusSettings) -> bool:
    """Whether a tender's target only writes a payment down on the configured route."""
    return method in RECORDED[settings.payment_route]


@singledispatch
def _request(effect: Effect, _resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    raise TypeError(f"no request is known for {type(effect).__name__}")


@_request.register
def _create_account(effect: CreateAccount, _resolution: Resolution, settings: ArcusSettings) -> tuple[str, Doc]:
    guest = effect.document.external_id == GUEST
    party = Party() if guest else effect.party
    body = bodies.account(
        name_field=settings.account_name_field.value,
        name=account_name(effect.document, party),
        account_type="business" if party.company_id else "individual",
        email=party.email,
        phone=party.phone,
        addresses=first_addresses(effect),
        metadata=identity.tag_of(effect),
    )
    return "/accounts", body


def account_name(document: Ref, party: Party) -> str:
    """Return a name that a person recognises; a nameless buyer is named after the shop."""
    named = party.company_name or party.name or party.email
    if named:
        return named
    who = "Guest" if document.external_id == GUEST else document.external_id
    return f"{who} of {document.tenant}"


def first_addresses(effect: CreateAccount) -> list[NewAddress]:
    """Return the addresses of a new account: one where goods and bill go to the same place."""
    ship_to = None if identity.is_empty(effect.ship_to) else effect.ship_to
    bill_to = None if identity.is_empty(effect.bill_to) else effect.bill_to
    if ship_to is not None and bill_to is not None and identity.address_key(ship_to) == identity.address_key(bill_to):
        return [_address(ship_to, "shipping", both=True)]
    made = []
    if ship_to is not None:
        made.append(_address(ship_to, "shipping", default=True))
    if bill_to is not None:
        made.append(_address(bill_to, "billing", default=True))
    return made


def _address(
    address: Address, purpose: Literal["shipping", "billing"], *, default: bool = False, both: bool = False
) -> NewAddress:
    return NewAddress(
        type=purpose,
        label=identity.address_label(address),
        street1=address.street1,
        street2=address.street2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country=address.country,
        is_default_billing=both or (default and purpose == "billing"),
        is_default_shipping=both or (default and purpose == "shipping"),
    )


@_request.register
def _add_address(effect: AddAddress, _resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    return f"/accounts/{effect.account_erp_id}/addresses", _address(effect.address, effect.purpose).body()


@_request.register
def _create_order(effect: CreateOrder, resolution: Resolution, settings: ArcusSettings) -> tuple[str, Doc]:
    discount = exact(effect.discount, effect.currency)
    order = NewOrder(
        document_type=effect.document_type.value,
        account_id=resolution.account_erp_id,
        items=_items(effect.lines, resolution, effect.currency),
        discount=Discount("flat", discount) if discount else None,
        shipping_address_id=resolution.ship_to_erp_id,
        billing_address_id=resolution.bill_to_erp_id,
        location_id=effect.location,
        delivery_option="pick_up" if effect.pick_up else "",
        payment_term_id=settings.payment_term_id,
        notes=effect.notes,
        customer_notes=effect.customer_notes,
        auto_compute_tax=False,
        metadata=_metadata(effect, effect.extra),
        extra=_switched(effect, settings, effect.name_in_shop),
    )
    return "/orders", order.body()


@_request.register
def _return_goods(effect: ReturnGoods, resolution: Resolution, settings: ArcusSettings) -> tuple[str, Doc]:
    total = sum((line.rate * line.quantity for line in effect.lines), Decimal(0))
    discount = exact(total - effect.total, effect.currency)
    order = NewOrder(
        document_type="return",
        account_id=effect.account_erp_id,
        items=_items(effect.lines, resolution, effect.currency),
        discount=Discount("flat", discount) if discount > 0 else None,
        shipping_address_id=effect.ship_to_erp_id,
        billing_address_id=effect.bill_to_erp_id,
        location_id=effect.location,
        notes=effect.notes,
        auto_compute_tax=False,
        metadata=_metadata(effect, (("original_external_id", effect.original.external_id),)),
        extra=_switched(effect, settings, ""),
    )
    return "/orders", order.body()


def _metadata(effect: CreateOrder | ReturnGoods, extra: Sequence[tuple[str, str]]) -> dict[str, str]:
    fixed = {**identity.tag_of(effect), "business_date": effect.business_date.isoformat()}
    free = [(name, value) for name, value in extra if name not in fixed and value]
    return {**fixed, **dict(free[: METADATA_KEYS - len(fixed)])}


def _switched(effect: CreateOrder | ReturnGoods, settings: ArcusSettings, name: str) -> dict[str, str]:
    values = {
        ExtraTag.SOURCE_PLATFORM: effect.document.external_source,
        ExtraTag.EXTERNAL_ORDER_ID: effect.document.external_id,
        ExtraTag.EXTERNAL_ORDER_NUMBER: name,
    }
    sent = {wanted.value: values[wanted] for wanted in settings.tags}
    if settings.order_date_field:
        sent[settings.order_date_field] = effect.business_date.isoformat()
    return sent


def _items(lines: Sequence[SaleLine], resolution: Resolution, currency: str) -> list[Item]:
    return [
        Item(product_id, line.quantity, variant_id, exact(line.rate, currency), line.note)
        for line, (product_id, variant_id) in zip(lines, resolution.products, strict=True)
    ]


@_request.register
def _add_lines(effect: AddLines, resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    items = _items(effect.lines, resolution, effect.currency)
    return f"/orders/{effect.order_erp_id}/items/bulk", {"items": [item.body() for item in items]}


@_request.register
def _adjust(effect: Adjust, _resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    body = bodies.adjustment(
        name=effect.label,
        effect="fee" if effect.amount > 0 else "discount",
        value=exact(abs(effect.amount), effect.currency),
        notes=identity.notes_tag(effect.document, source_version=effect.source_version),
    )
    return f"/orders/{effect.order_erp_id}/adjustments", body


@_request.register
def _confirm(effect: Confirm, _resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    return f"/orders/{effect.order_erp_id}/confirm", {}


@_request.register
def _cancel(effect: Cancel, _resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    return f"/orders/{effect.order_erp_id}/cancel", {}


@_request.register
def _record_payment(effect: RecordPayment, _resolution: Resolution, settings: ArcusSettings) -> tuple[str, Doc]:
    if not records(effect.method, settings):
        raise MovesMoneyError(f"the tender {effect.method!r} is not one that only records a payment")
    amount = exact(effect.amount, effect.currency)
    reference = identity.reference(effect.document)
    notes = identity.notes_tag(effect.document, source_version=effect.source_version)
    if settings.payment_route is PaymentRoute.ORDER_PAYMENT:
        body = bodies.order_payment(method=effect.method, amount=amount, reference=reference, notes=notes)
        return f"/orders/{effect.order_erp_id}/payments", body
    body = bodies.multi_invoice_apply(
        account_id=effect.account_erp_id,
        method=effect.method,
        applications=[(effect.order_erp_id, amount)],
        reference=reference,
        payment_date=effect.business_date.isoformat(),
        notes=notes,
    )
    return "/payments/multi-invoice-apply", body


@_request.register
def _refund_cash(effect: RefundCash, _resolution: Resolution, settings: ArcusSettings) -> tuple[str, Doc]:
    decimals = minor_units(effect.currency)
    if decimals not in settings.refund_minor_units:
        raise ValueError(f"the refund call counts in cents; {effect.currency} has {decimals} decimals (books 12)")
    amount = exact(effect.amount, effect.currency)
    path = f"/orders/{effect.order_erp_id}/payments/{effect.payment_erp_id}/refund"
    return path, bodies.refund(minor_units=int(amount.scaleb(decimals)))


@_request.register
def _credit(effect: Credit, _resolution: Resolution, _settings: ArcusSettings) -> tuple[str, Doc]:
    tagged = identity.notes_tag(effect.document, source_version=effect.source_version)
    body = bodies.credit(
        account_id=effect.account_erp_id,
        amount=exact(effect.amount, effect.currency),
        notes=f"{effect.notes} {tagged}".strip(),
    )
    return "/credits", body
