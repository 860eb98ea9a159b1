"""Bodies of orders and their edits as Shopify's REST shape has them (2026-04)."""

from datetime import datetime
from decimal import Decimal

from sandbox.shop.cash_bodies import refund_body
from sandbox.shop.documents import Doc, both, customer, moment, money, money_set, tax_lines
from sandbox.shop.lines import line_item, shipping_line
from sandbox.shop.model import Line, Order, Tax
from sandbox.shop.money import ZERO


def order_body(order: Order) -> Doc:
    """The whole order as it stands now."""
    return {**_head(order), **_sums(order), **_people(order), **_parts(order)}


def _head(order: Order) -> Doc:
    cancelled = None if order.cancelled is None else moment(order, order.cancelled)
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "app_id": 580111,
        "browser_ip": "203.0.113.7",
        "name": f"#{order.number}",
        "number": order.number - 1000,
        "order_number": order.number,
        "confirmation_number": f"C{order.number:08X}",
        "po_number": order.po_number,
        "created_at": moment(order, order.placed),
        "processed_at": moment(order, order.placed),
        "updated_at": moment(order, order.updated),
        "closed_at": None,
        "cancelled_at": cancelled,
        "cancel_reason": order.cancel_reason,
        "confirmed": order.confirmed,
        "test": order.test,
        "currency": order.currency,
        "presentment_currency": order.presentment[0] if order.presentment else order.currency,
        "taxes_included": order.taxes_included,
        "tax_exempt": False,
        "estimated_taxes": False,
        "duties_included": False,
        "financial_status": order.financial_status(),
        "fulfillment_status": order.fulfilment_status(),
        "source_name": order.channel,
        "source_identifier": None,
        "location_id": 66_000_001 if order.channel == "pos" else None,
        "user_id": None,
        "device_id": None,
        "merchant_of_record_app_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "customer_locale": "en",
        "note": order.note,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes],
        "tags": ", ".join(order.tags),
        "token": f"{order.id:x}",
        "cart_token": None,
        "checkout_token": f"c{order.id:x}",
        "landing_site": "/",
        "referring_site": "",
        "reference": None,
        "order_status_url": f"https://{order.shop.domain}/orders/{order.id:x}",
        "payment_gateway_names": list(dict.fromkeys(t.gateway for t in order.transactions)),
        "payment_terms": _terms(order),
        "client_details": None,
    }


def _terms(order: Order) -> Doc | None:
    if not order.net_terms:
        return None
    return {
        "id": order.id + 7,
        "payment_terms_name": "Net 30",
        "payment_terms_type": "net",
        "due_in_days": 30,
        "payment_schedules": [{"id": order.id + 8, "amount": money(order, order.total()), "completed_at": None}],
    }


def _sums(order: Order) -> Doc:
    net = order.sum_lines() - order.sum_discounts() + sum((charge.discount for charge in order.shipping), ZERO)
    current = order.current_total()
    owed = max(ZERO, current - (order.paid_in() - order.paid_back()))
    gone = sum((refund.shipping for refund in order.refunds), ZERO)
    return {
        **both(order, "subtotal_price", net),
        **both(order, "total_price", order.total()),
        **both(order, "total_tax", order.sum_tax()),
        **both(order, "total_discounts", order.sum_discounts()),
        **both(order, "total_line_items_price", order.sum_lines()),
        "total_shipping_price_set": money_set(order, order.sum_shipping()),
        "total_outstanding": money(order, owed),
        "total_tip_received": money(order, order.sum_tips()),
        "total_weight": 400 * len(order.lines),
        **both(order, "current_subtotal_price", net),
        **both(order, "current_total_price", current),
        **both(order, "current_total_tax", order.sum_tax()),
        **both(order, "current_total_discounts", order.sum_discounts()),
        "current_shipping_price_set": money_set(order, order.sum_shipping() - gone),
        "current_total_duties_set": _optional(order, order.sum_duties()),
        "current_total_additional_fees_set": _optional(order, order.fees),
        "original_total_duties_set": _optional(order, order.sum_duties()),
        "original_total_additional_fees_set": _optional(order, order.fees),
        "total_cash_rounding_payment_adjustment_set": money_set(order, order.rounding),
        "total_cash_rounding_refund_adjustment_set": money_set(order, ZERO),
    }


def _optional(order: Order, amount: Decimal) -> Doc | None:
    return money_set(order, amount) if amount else None


def _people(order: Order) -> Doc:
    buyer = order.buyer
    home = buyer.homes[order.home % len(buyer.homes)] if buyer.homes else None
    company = None if buyer.company_id is None else {"id": buyer.company_id, "location_id": buyer.company_id + 1}
    return {
        "email": buyer.email,
        "contact_email": buyer.email,
        "phone": None,
        "customer": customer(order, buyer),
        "company": company,
        "billing_address": buyer.homes[0] if buyer.homes else None,
        "shipping_address": home,
    }


def _parts(order: Order) -> Doc:
    taxes: dict[str, Tax] = {}
    for tax in (tax for part in order.parts() for tax in part.taxes):
        known = taxes.setdefault(tax.title, Tax(tax.title, tax.rate, ZERO, tax.liable))
        known.amount += tax.amount
    codes = [discount for discount in order.discounts if discount.code]
    return {
        "line_items": [line_item(order, line) for line in order.lines],
        "line_item_groups": [],
        "shipping_lines": [shipping_line(order, charge) for charge in order.shipping],
        "tax_lines": tax_lines(order, list(taxes.values())),
        "discount_codes": [
            {
                "code": discount.code,
                "amount": money(order, discount.amount),
                "type": "shipping" if discount.target == "shipping_line" else discount.value_type,
            }
            for discount in codes
        ],
        "discount_applications": [
            {
                "target_type": discount.target,
                "type": "discount_code" if discount.code else "automatic",
                "value": str(discount.value),
                "value_type": discount.value_type,
                "allocation_method": "across",
                "target_selection": "all",
                **({"code": discount.code} if discount.code else {"title": discount.title}),
            }
            for discount in order.discounts
        ],
        "fulfillments": _fulfilments(order),
        "refunds": [refund_body(order, refund) for refund in order.refunds],
        "returns": [],
    }


def _fulfilments(order: Order) -> list[Doc]:
    if not order.shipped:
        return []
    return [
        {
            "id": order.id + 3,
            "order_id": order.id,
            "name": f"#{order.number}.1",
            "status": "success",
            "service": "manual",
            "created_at": moment(order, order.updated),
            "updated_at": moment(order, order.updated),
            "location_id": 66_000_001,
            "tracking_company": "DHL",
            "tracking_number": f"T{order.number}",
            "line_items": [{"id": line_id, "quantity": pieces} for line_id, pieces in order.shipped.items()],
        }
    ]


def edit_body(order: Order, edit_id: int, at: datetime, added: list[Line]) -> Doc:
    """What `orders/edited` says: that something changed, not to what."""
    return {
        "order_edit": {
            "id": edit_id,
            "app_id": None,
            "created_at": moment(order, at),
            "committed_at": moment(order, at),
            "notify_customer": False,
            "order_id": order.id,
            "staff_note": "",
            "user_id": None,
            "line_items": {"additions": [{"id": line.id, "delta": line.quantity} for line in added], "removals": []},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }
