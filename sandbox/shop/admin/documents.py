"""An order as GraphQL has it: the same facts as its webhook body, in other words and other shapes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.shop.admin.execute import Connection, Listed
from sandbox.shop.documents import Doc, money_set, number
from sandbox.shop.model import Line, Order, Refund, RefundLine, Shipping, Tax, Transaction
from sandbox.shop.money import ZERO, text
from sandbox.shop.shops import PICK_UP_TITLE

_SHIPPED = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}


def order_document(order: Order) -> Doc:
    """The whole order as it stands now."""
    return {"__typename": "Order", **_head(order), **_people(order), **_sums(order), **_parts(order)}


def _gid(kind: str, number_: int | None) -> str | None:
    return None if number_ is None else f"gid://shopify/{kind}/{number_}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _head(order: Order) -> Doc:
    return {
        "id": _gid("Order", order.id),
        "name": f"#{order.number}",
        "number": order.number,
        "createdAt": _moment(order.placed),
        "processedAt": _moment(order.placed),
        "updatedAt": _moment(order.updated),
        "cancelledAt": None if order.cancelled is None else _moment(order.cancelled),
        "cancelReason": order.cancel_reason and order.cancel_reason.upper(),
        "confirmed": order.confirmed,
        "test": order.test,
        "currencyCode": order.currency,
        "presentmentCurrencyCode": order.presentment[0] if order.presentment else order.currency,
        "taxesIncluded": order.taxes_included,
        "taxExempt": False,
        "dutiesIncluded": False,
        "displayFinancialStatus": order.financial_status().upper(),
        "displayFulfillmentStatus": _SHIPPED[order.fulfilment_status()],
        "sourceName": order.channel,
        "poNumber": order.po_number,
        "note": order.note,
        "tags": list(order.tags),
        "paymentGatewayNames": list(dict.fromkeys(t.gateway for t in order.transactions)),
        "merchantOfRecordApp": None,
        "retailLocation": {"id": _gid("Location", 66_000_001)} if order.channel == "pos" else None,
        "customAttributes": _attributes(order.attributes),
        "paymentTerms": {"paymentTermsType": "NET", "dueInDays": 30} if order.net_terms else None,
    }


def _people(order: Order) -> Doc:
    buyer = order.buyer
    home = buyer.homes[order.home % len(buyer.homes)] if buyer.homes else None
    customer = None
    if buyer.customer_id is not None:
        customer = {
            "id": _gid("Customer", buyer.customer_id),
            "firstName": buyer.first,
            "lastName": buyer.last,
            "defaultEmailAddress": {"emailAddress": buyer.email} if buyer.email else None,
            "defaultPhoneNumber": None,
        }
    company = None
    if buyer.company_id is not None:
        company = {
            "__typename": "PurchasingCompany",
            "company": {"id": _gid("Company", buyer.company_id), "name": None},
        }
    return {
        "email": buyer.email,
        "phone": None,
        "customer": customer,
        "purchasingEntity": company,
        "billingAddress": _address(buyer.homes[0] if buyer.homes else None),
        "shippingAddress": _address(home),
    }


def _address(home: Doc | None) -> Doc | None:
    if home is None:
        return None
    return {
        "name": home.get("name"),
        "firstName": home.get("first_name"),
        "lastName": home.get("last_name"),
        "company": home.get("company"),
        "address1": home.get("address1"),
        "address2": home.get("address2"),
        "city": home.get("city"),
        "province": home.get("province"),
        "provinceCode": home.get("province_code"),
        "zip": home.get("zip"),
        "country": home.get("country"),
        "countryCodeV2": home.get("country_code"),
        "phone": home.get("phone"),
    }


def _sums(order: Order) -> Doc:
    duties, fees = order.sum_duties(), order.fees
    return {
        "totalPriceSet": _bag(order, order.total()),
        "totalDiscountsSet": _bag(order, order.sum_discounts()),
        "totalTaxSet": _bag(order, order.sum_tax()),
        "totalTipReceivedSet": _bag(order, order.sum_tips()),
        "totalShippingPriceSet": _bag(order, order.sum_shipping()),
        "currentTotalPriceSet": _bag(order, order.current_total()),
        "originalTotalDutiesSet": _bag(order, duties) if duties else None,
        "currentTotalDutiesSet": _bag(order, duties) if duties else None,
        "originalTotalAdditionalFeesSet": _bag(order, fees) if fees else None,
        "currentTotalAdditionalFeesSet": _bag(order, fees) if fees else None,
        "totalCashRoundingAdjustment": {"paymentSet": _bag(order, order.rounding), "refundSet": _bag(order, ZERO)},
    }


def _bag(order: Order, amount: Decimal) -> Doc:
    plain = money_set(order, amount)
    return {
        theirs: {"amount": plain[ours]["amount"], "currencyCode": plain[ours]["currency_code"]}
        for theirs, ours in (("shopMoney", "shop_money"), ("presentmentMoney", "presentment_money"))
    }


def _parts(order: Order) -> Doc:
    cash = [transaction_document(order, one) for one in order.transactions]
    return {
        "lineItems": Connection([_line(order, line) for line in order.lines]),
        "shippingLines": Connection([_charge(order, charge) for charge in order.shipping]),
        "transactions": Listed(cash),
        "refunds": Listed([refund_document(order, one) for one in order.refunds]),
    }


def _line(order: Order, line: Line) -> Doc:
    duties = [{"price": _bag(order, line.duties), "taxLines": []}] if line.duties else []
    return {
        "__typename": "LineItem",
        "id": _gid("LineItem", line.id),
        "name": line.title,
        "title": line.title,
        "sku": line.sku,
        "quantity": line.quantity,
        "currentQuantity": line.current,
        "isGiftCard": line.kind == "gift_card",
        "requiresShipping": line.kind in ("stock", "custom"),
        "product": None if line.product_id is None else {"id": _gid("Product", line.product_id)},
        "variant": None if line.variant_id is None else {"id": _gid("ProductVariant", line.variant_id)},
        "customAttributes": _attributes(line.properties),
        "originalUnitPriceSet": _bag(order, line.price),
        "discountAllocations": _cuts(order, line.discounts),
        "taxLines": _taxes(order, line.taxes),
        "duties": duties,
    }


def _charge(order: Order, charge: Shipping) -> Doc:
    return {
        "__typename": "ShippingLine",
        "id": _gid("ShippingLine", charge.id),
        "title": charge.title,
        "code": charge.title,
        "source": "Local pickup" if charge.title == PICK_UP_TITLE else "shopify",
        "deliveryCategory": None,
        "isRemoved": False,
        "originalPriceSet": _bag(order, charge.price),
        "discountAllocations": _cuts(order, charge.discounts),
        "taxLines": _taxes(order, charge.taxes),
    }


def _attributes(pairs: Sequence[tuple[str, str]]) -> list[Doc]:
    return [{"key": name, "value": value} for name, value in pairs]


def _cuts(order: Order, discounts: Sequence[tuple[int, Decimal]]) -> list[Doc]:
    return [{"allocatedAmountSet": _bag(order, amount)} for _, amount in discounts]


def _taxes(order: Order, taxes: Sequence[Tax]) -> list[Doc]:
    return [
        {
            "title": tax.title,
            "rate": number(tax.rate),
            "channelLiable": tax.liable,
            "priceSet": _bag(order, tax.amount),
        }
        for tax in taxes
    ]


def transaction_document(order: Order, transaction: Transaction) -> Doc:
    """One transaction."""
    shop = transaction.shop_amount if transaction.currency != order.currency else transaction.amount
    rounding, parent = transaction.rounding, transaction.parent
    return {
        "__typename": "OrderTransaction",
        "id": _gid("OrderTransaction", transaction.id),
        "kind": transaction.kind.upper(),
        "status": transaction.status.upper(),
        "gateway": transaction.gateway,
        "createdAt": _moment(transaction.at),
        "processedAt": _moment(transaction.at),
        "test": transaction.test,
        "paymentId": f"#{order.number}.{transaction.id % 1000}",
        "parentTransaction": None if parent is None else {"id": _gid("OrderTransaction", parent)},
        "amountSet": {
            "shopMoney": {"amount": text(shop, order.currency), "currencyCode": order.currency},
            "presentmentMoney": _paid(transaction),
        },
        "amountRoundingSet": None if rounding is None else _bag(order, rounding),
    }


def _paid(transaction: Transaction) -> Doc:
    return {"amount": str(transaction.amount), "currencyCode": transaction.currency}


def refund_document(order: Order, refund: Refund) -> Doc:
    """One refund; its shipping is published once here, and only discrepancies are adjustments."""
    shipping = []
    if refund.shipping:
        shipping = [
            {
                "id": _gid("RefundShippingLine", refund.id + 2),
                "subtotalAmountSet": _bag(order, refund.shipping),
                "taxAmountSet": _bag(order, refund.shipping_tax),
            }
        ]
    adjustments = []
    if refund.discrepancy:
        adjustments = [
            {
                "id": _gid("OrderAdjustment", refund.id + 3),
                "amountSet": _bag(order, -refund.discrepancy),
                "taxAmountSet": _bag(order, ZERO),
            }
        ]
    return {
        "__typename": "Refund",
        "id": _gid("Refund", refund.id),
        "createdAt": _moment(refund.at),
        "processedAt": _moment(refund.at),
        "note": "changed their mind",
        "order": {"id": _gid("Order", order.id), "updatedAt": _moment(order.updated)},
        "return": None if refund.return_id is None else {"id": _gid("Return", refund.return_id)},
        "duties": [],
        "refundLineItems": Connection([_refunded(order, refund, line) for line in refund.lines]),
        "refundShippingLines": Connection(shipping),
        "orderAdjustments": Connection(adjustments),
        "transactions": Connection([transaction_document(order, one) for one in refund.transactions]),
    }


def _refunded(order: Order, refund: Refund, line: RefundLine) -> Doc:
    return {
        "id": _gid("RefundLineItem", line.id),
        "quantity": line.quantity,
        "restockType": "CANCEL" if refund.unshipped else "RETURN",
        "lineItem": {"id": _gid("LineItem", line.line.id)},
        "subtotalSet": _bag(order, line.subtotal),
        "totalTaxSet": _bag(order, line.tax),
    }
