"""What is asked, in Shopify's own words: only the fields that a webhook body has, too, and that we use."""

from __future__ import annotations

from dataclasses import dataclass

_SHOP = "{ shopMoney { amount currencyCode } }"
_BOTH = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
_PAGE = "pageInfo { hasNextPage endCursor }"
_TAXES = f"taxLines {{ title rate channelLiable priceSet {_SHOP} }}"
_CUTS = f"discountAllocations {{ allocatedAmountSet {_SHOP} }}"
_ADDRESS = (
    "{ name firstName lastName company address1 address2 city province provinceCode zip country countryCodeV2 phone }"
)
_LINES = f"""nodes {{
  id name title sku quantity currentQuantity isGiftCard requiresShipping
  product {{ id }} variant {{ id }} customAttributes {{ key value }}
  originalUnitPriceSet {_SHOP} {_CUTS} {_TAXES} duties {{ price {_SHOP} {_TAXES} }}
}} {_PAGE}"""
_CHARGES = f"""nodes {{
  id title code source deliveryCategory isRemoved originalPriceSet {_SHOP} {_CUTS} {_TAXES}
}} {_PAGE}"""
_TRANSACTION = f"""{{
  id kind status gateway createdAt processedAt test paymentId parentTransaction {{ id }}
  amountSet {_BOTH} amountRoundingSet {_SHOP}
}}"""

HEAD = f"""query OrderHead($id: ID!, $lines: Int!, $charges: Int!) {{ order(id: $id) {{
  id name number createdAt processedAt updatedAt cancelledAt cancelReason confirmed test
  currencyCode presentmentCurrencyCode taxesIncluded taxExempt dutiesIncluded
  displayFinancialStatus displayFulfillmentStatus sourceName poNumber note tags paymentGatewayNames email phone
  merchantOfRecordApp {{ id }} retailLocation {{ id }} customAttributes {{ key value }}
  paymentTerms {{ paymentTermsType dueInDays }}
  customer {{ id firstName lastName defaultEmailAddress {{ emailAddress }} defaultPhoneNumber {{ phoneNumber }} }}
  purchasingEntity {{ ... on PurchasingCompany {{ company {{ id name }} }} }}
  billingAddress {_ADDRESS} shippingAddress {_ADDRESS}
  totalPriceSet {_BOTH} totalDiscountsSet {_SHOP} totalTaxSet {_SHOP} totalTipReceivedSet {_SHOP}
  totalShippingPriceSet {_SHOP} currentTotalPriceSet {_SHOP}
  originalTotalDutiesSet {_SHOP} currentTotalDutiesSet {_SHOP}
  originalTotalAdditionalFeesSet {_SHOP} currentTotalAdditionalFeesSet {_SHOP}
  totalCashRoundingAdjustment {{ paymentSet {_SHOP} }}
  lineItems(first: $lines) {{ {_LINES} }}
  shippingLines(first: $charges, includeRemovals: true) {{ {_CHARGES} }}
}} }}"""
LINES = f"""query OrderLines($id: ID!, $page: Int!, $after: String) {{ order(id: $id) {{
  updatedAt lineItems(first: $page, after: $after) {{ {_LINES} }}
}} }}"""
CHARGES = f"""query OrderCharges($id: ID!, $page: Int!, $after: String) {{ order(id: $id) {{
  updatedAt shippingLines(first: $page, after: $after, includeRemovals: true) {{ {_CHARGES} }}
}} }}"""
CASH = f"""query OrderCash($id: ID!, $transactions: Int!, $refunds: Int!) {{ order(id: $id) {{
  updatedAt transactions(first: $transactions) {_TRANSACTION} refunds(first: $refunds) {{ id }}
}} }}"""

PARTS = {
    "refundLineItems": (
        f"nodes {{ id quantity restockType lineItem {{ id }} subtotalSet {_SHOP} totalTaxSet {_SHOP} }} {_PAGE}"
    ),
    "refundShippingLines": f"nodes {{ id subtotalAmountSet {_SHOP} taxAmountSet {_SHOP} }} {_PAGE}",
    "orderAdjustments": f"nodes {{ id amountSet {_SHOP} taxAmountSet {_SHOP} }} {_PAGE}",
    "transactions": f"nodes {_TRANSACTION} {_PAGE}",
}
"""The lists of a refund, each of which is paged."""

REFUND = f"""query OrderRefund($id: ID!, $page: Int!) {{ refund(id: $id) {{
  id createdAt processedAt note order {{ id updatedAt }} return {{ id }} duties {{ amountSet {_SHOP} }}
  {" ".join(f"{name}(first: $page) {{ {fields} }}" for name, fields in PARTS.items())}
}} }}"""
MORE = {
    name: f"""query RefundPart($id: ID!, $page: Int!, $after: String) {{ refund(id: $id) {{
  order {{ updatedAt }} {name}(first: $page, after: $after) {{ {fields} }}
}} }}"""
    for name, fields in PARTS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """How much is asked for at once: more costs more points, and one query may cost a thousand."""

    lines: int = 40
    charges: int = 10
    refund_parts: int = 40
    transactions: int = 25
    refunds: int = 25


@dataclass(frozen=True, slots=True)
class Ask:
    """One query with its variables."""

    name: str
    """Says what is asked, of all orders alike: the cost of the last one is a guess at the next."""
    query: str
    variables: dict[str, object]


def every(pages: Pages) -> tuple[Ask, ...]:
    """Each query once, about an order that is none: the shop checks its fields and our rights all the same."""
    order, refund = {"id": "gid://shopify/Order/1"}, {"id": "gid://shopify/Refund/1"}
    part = {"page": pages.refund_parts}
    return (
        Ask("head", HEAD, {**order, "lines": pages.lines, "charges": pages.charges}),
        Ask("lines", LINES, {**order, "page": pages.lines, "after": None}),
        Ask("charges", CHARGES, {**order, "page": pages.charges, "after": None}),
        Ask("cash", CASH, {**order, "transactions": pages.transactions, "refunds": pages.refunds}),
        Ask("refund", REFUND, {**refund, **part}),
        *(Ask(f"refund {name}", query, {**refund, **part, "after": None}) for name, query in MORE.items()),
    )
