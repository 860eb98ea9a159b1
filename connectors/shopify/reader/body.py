"""Shopify's words of GraphQL in Shopify's words of webhooks, so that both are read by the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connectors.shopify.fields import positive
from schemas.order import ZERO

Doc = dict[str, object]

_HEAD = {
    "name": "name",
    "order_number": "number",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "updated_at": "updatedAt",
    "cancelled_at": "cancelledAt",
    "confirmed": "confirmed",
    "test": "test",
    "currency": "currencyCode",
    "presentment_currency": "presentmentCurrencyCode",
    "taxes_included": "taxesIncluded",
    "tax_exempt": "taxExempt",
    "duties_included": "dutiesIncluded",
    "source_name": "sourceName",
    "po_number": "poNumber",
    "note": "note",
    "tags": "tags",
    "payment_gateway_names": "paymentGatewayNames",
    "email": "email",
    "phone": "phone",
}
_PLAIN = {
    "total_discounts": "totalDiscountsSet",
    "total_tax": "totalTaxSet",
    "total_tip_received": "totalTipReceivedSet",
    "total_price": "totalPriceSet",
    "current_total_price": "currentTotalPriceSet",
}
# Null where there is none. Were it null by mistake, the sum of the order would not come out, and it would park.
_MAY_BE_NULL = {"total_discounts": "totalDiscountsSet", "total_tax": "totalTaxSet"}
_SETS = {
    "total_price_set": "totalPriceSet",
    "total_shipping_price_set": "totalShippingPriceSet",
    "original_total_duties_set": "originalTotalDutiesSet",
    "current_total_duties_set": "currentTotalDutiesSet",
    "original_total_additional_fees_set": "originalTotalAdditionalFeesSet",
    "current_total_additional_fees_set": "currentTotalAdditionalFeesSet",
}
_ADDRESS = {
    "name": "name",
    "first_name": "firstName",
    "last_name": "lastName",
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "province": "province",
    "province_code": "provinceCode",
    "zip": "zip",
    "country": "country",
    "country_code": "countryCodeV2",
    "phone": "phone",
}
_LINE = {
    "id": "id",
    "name": "name",
    "title": "title",
    "sku": "sku",
    "quantity": "quantity",
    "current_quantity": "currentQuantity",
    "gift_card": "isGiftCard",
    "requires_shipping": "requiresShipping",
}
_CHARGE = {
    "id": "id",
    "title": "title",
    "code": "code",
    "source": "source",
    "delivery_category": "deliveryCategory",
    "is_removed": "isRemoved",
}
_TRANSACTION = {
    "id": "id",
    "gateway": "gateway",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "test": "test",
    "payment_id": "paymentId",
}
# What the shop shows of fulfilment, in the webhook's words; before anything left, the webhook says nothing at all.
_SHIPPED = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "RESTOCKED": "restocked"}
_NOT_SHIPPED = frozenset(
    {"UNFULFILLED", "OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED", "PENDING_FULFILLMENT", "REQUEST_DECLINED"}
)
_TIP = "tip"


def part(value: object, *names: str) -> object:
    """A part of a part; None where something on the way is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def docs(value: object) -> list[Doc]:
    """A list of objects, or the nodes of a connection. Raises ValueError where one of them is something else."""
    found = part(value, "nodes") if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError("a list in the answer is not there, or holds something that is no object")
    return found


def order_body(
    head: Doc, *, lines: Sequence[Doc], charges: Sequence[Doc], transactions: Sequence[Doc], refunds: Sequence[Doc]
) -> Doc:
    """The body of the whole order. `refunds` are bodies already. Raises ValueError where an amount is none."""
    tips = _tips(head, lines)
    return {
        "id": head.get("id"),
        "admin_graphql_api_id": head.get("id"),
        **_renamed(head, _HEAD),
        **{ours: part(head, theirs, "shopMoney", "amount") for ours, theirs in _PLAIN.items()},
        **{ours: "0" for ours, theirs in _MAY_BE_NULL.items() if head.get(theirs) is None},
        **{ours: _set(head.get(theirs)) for ours, theirs in _SETS.items()},
        "total_line_items_price": str(sum((_worth(one) for one in lines if one not in tips), ZERO)),
        "total_cash_rounding_payment_adjustment_set": _set(part(head, "totalCashRoundingAdjustment", "paymentSet")),
        "cancel_reason": _lower(head.get("cancelReason")),
        "financial_status": _lower(head.get("displayFinancialStatus")),
        "fulfillment_status": _fulfilment(head.get("displayFulfillmentStatus")),
        "merchant_of_record_app_id": part(head, "merchantOfRecordApp", "id"),
        "location_id": part(head, "retailLocation", "id"),
        "note_attributes": _pairs(head.get("customAttributes")),
        "payment_terms": _terms(head.get("paymentTerms")),
        "company": part(head, "purchasingEntity", "company"),
        "customer": _customer(head.get("customer")),
        "billing_address": _address(head.get("billingAddress")),
        "shipping_address": _address(head.get("shippingAddress")),
        "line_items": [_line(one, is_tip=one in tips) for one in lines],
        "shipping_lines": [_charge(one) for one in charges],
        "refunds": list(refunds),
        "transactions": [transaction_body(one) for one in transactions],
    }


def transaction_body(transaction: Doc) -> Doc:
    """One transaction. Its amount is the buyer's; the shop's is said besides where it is another currency."""
    bag = transaction.get("amountSet")
    paid = part(bag, "presentmentMoney") or part(bag, "shopMoney")
    foreign = part(paid, "currencyCode") != part(bag, "shopMoney", "currencyCode")
    return {
        **_renamed(transaction, _TRANSACTION),
        "admin_graphql_api_id": transaction.get("id"),
        "parent_id": part(transaction, "parentTransaction", "id"),
        "kind": _lower(transaction.get("kind")),
        "status": _lower(transaction.get("status")),
        "amount": part(paid, "amount"),
        "currency": part(paid, "currencyCode"),
        "amount_set": _set(bag) if foreign else None,
        "amount_rounding": part(transaction, "amountRoundingSet", "shopMoney", "amount"),
    }


def refund_body(refund: Doc, parts: dict[str, list[Doc]]) -> Doc:
    """One refund with all pages of its parts. GraphQL publishes its shipping once, and adjusts only discrepancies."""
    return {
        "id": refund.get("id"),
        "admin_graphql_api_id": refund.get("id"),
        "created_at": refund.get("createdAt"),
        "processed_at": refund.get("processedAt"),
        "note": refund.get("note"),
        "return": refund.get("return"),
        "duties": [{"amount_set": _set(one.get("amountSet"))} for one in docs(refund.get("duties"))],
        "refund_line_items": [
            {
                "line_item_id": part(one, "lineItem", "id"),
                "quantity": one.get("quantity"),
                "restock_type": _lower(one.get("restockType")),
                "subtotal_set": _set(one.get("subtotalSet")),
                "total_tax_set": _set(one.get("totalTaxSet")),
            }
            for one in parts["refundLineItems"]
        ],
        "refund_shipping_lines": [
            {
                "subtotal_amount_set": _set(one.get("subtotalAmountSet")),
                "tax_amount_set": _set(one.get("taxAmountSet")),
            }
            for one in parts["refundShippingLines"]
        ],
        "order_adjustments": [
            {
                "kind": "refund_discrepancy",
                "amount_set": _set(one.get("amountSet")),
                "tax_amount_set": _set(one.get("taxAmountSet")),
            }
            for one in parts["orderAdjustments"]
        ],
        "transactions": [transaction_body(one) for one in parts["transactions"]],
    }


def _renamed(value: Doc, names: dict[str, str]) -> Doc:
    return {ours: value.get(theirs) for ours, theirs in names.items()}


def _line(line: Doc, *, is_tip: bool) -> Doc:
    return {
        **_renamed(line, _LINE),
        "product_id": part(line, "product", "id"),
        "variant_id": part(line, "variant", "id"),
        "price": part(line, "originalUnitPriceSet", "shopMoney", "amount"),
        "properties": _pairs(line.get("customAttributes")),
        "discount_allocations": _allocations(line),
        "tax_lines": _taxes(line),
        "duties": [
            {"shop_money": _half(part(one, "price", "shopMoney")), "tax_lines": _taxes(one)}
            for one in docs(line.get("duties"))
        ],
        "tip": {} if is_tip else None,
    }


def _charge(charge: Doc) -> Doc:
    return {
        **_renamed(charge, _CHARGE),
        "price": part(charge, "originalPriceSet", "shopMoney", "amount"),
        "discount_allocations": _allocations(charge),
        "tax_lines": _taxes(charge),
    }


def _tips(head: Doc, lines: Sequence[Doc]) -> list[Doc]:
    """Lines that are tips, which GraphQL does not mark: titled so, of no product, and worth the order's tips."""
    named = [one for one in lines if one.get("product") is None and str(one.get("title")).strip().lower() == _TIP]
    received = positive(part(head, "totalTipReceivedSet", "shopMoney", "amount") or ZERO)
    return named if named and sum((_worth(one) for one in named), ZERO) == received else []


def _worth(line: Doc) -> Decimal:
    quantity = line.get("quantity")
    price = positive(part(line, "originalUnitPriceSet", "shopMoney", "amount"))
    return price * (quantity if isinstance(quantity, int) else 0)


def _allocations(value: Doc) -> list[Doc]:
    found = docs(value.get("discountAllocations"))
    return [{"amount": part(one, "allocatedAmountSet", "shopMoney", "amount")} for one in found]


def _taxes(value: Doc) -> list[Doc]:
    return [
        {
            "title": one.get("title"),
            "rate": one.get("rate"),
            "channel_liable": one.get("channelLiable"),
            "price": part(one, "priceSet", "shopMoney", "amount"),
        }
        for one in docs(value.get("taxLines"))
    ]


def _set(bag: object) -> Doc | None:
    if bag is None:
        return None
    return {"shop_money": _half(part(bag, "shopMoney")), "presentment_money": _half(part(bag, "presentmentMoney"))}


def _half(money: object) -> Doc | None:
    return None if money is None else {"amount": part(money, "amount"), "currency_code": part(money, "currencyCode")}


def _pairs(value: object) -> list[Doc]:
    return [{"name": one.get("key"), "value": one.get("value")} for one in docs(value)]


def _terms(terms: object) -> Doc | None:
    if terms is None:
        return None
    return {"payment_terms_type": _lower(part(terms, "paymentTermsType")), "due_in_days": part(terms, "dueInDays")}


def _customer(customer: object) -> Doc | None:
    if customer is None:
        return None
    return {
        "id": part(customer, "id"),
        "first_name": part(customer, "firstName"),
        "last_name": part(customer, "lastName"),
        "email": part(customer, "defaultEmailAddress", "emailAddress"),
        "phone": part(customer, "defaultPhoneNumber", "phoneNumber"),
    }


def _address(address: object) -> Doc | None:
    return None if address is None else {ours: part(address, theirs) for ours, theirs in _ADDRESS.items()}


def _fulfilment(status: object) -> object:
    return None if str(status) in _NOT_SHIPPED else _SHIPPED.get(str(status), _lower(status))


def _lower(word: object) -> object:
    return word.lower() if isinstance(word, str) else word
