"""Shopify's topics: one spelling, and which of them are ours."""

from __future__ import annotations

import re
from functools import lru_cache

SOURCE = "shopify"

ORDER_TOPICS = frozenset(
    f"orders/{verb}" for verb in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled", "read")
)
EDITED = "orders/edited"
DELETED = "orders/delete"
TRANSACTION_TOPICS = frozenset({"order_transactions/create", "transactions/read"})
REFUND_TOPICS = frozenset({"refunds/create", "refunds/read"})

# Known resources that are not ours to post (books 21); `orders` and `refunds` have other topics besides ours.
_RESOURCES = (
    "app_subscriptions",
    "app",
    "bulk_operations",
    "carts",
    "checkouts",
    "collections",
    "collection_listings",
    "companies",
    "company_contacts",
    "company_locations",
    "customer_groups",
    "customer_payment_methods",
    "customers",
    "discounts",
    "disputes",
    "domains",
    "draft_orders",
    "fulfillment_events",
    "fulfillment_holds",
    "fulfillment_orders",
    "fulfillments",
    "gift_cards",
    "inventory_items",
    "inventory_levels",
    "locations",
    "markets",
    "order_transactions",
    "orders",
    "payment_schedules",
    "payment_terms",
    "payouts",
    "product_feeds",
    "product_listings",
    "products",
    "profiles",
    "refunds",
    "returns",
    "reverse_deliveries",
    "reverse_fulfillment_orders",
    "scheduled_product_listings",
    "segments",
    "selling_plan_groups",
    "shop",
    "subscription_billing_attempts",
    "subscription_contracts",
    "tender_transactions",
    "themes",
    "transactions",
    "variants",
)
_RESOURCE_FIRST = re.compile(rf"({'|'.join(sorted(_RESOURCES, key=len, reverse=True))})[/_.](.+)")
_VERSION = re.compile(r"\.v\d+$")


@lru_cache(maxsize=1024)
def normalised(topic: str) -> str:
    """`orders/create` for ORDERS_CREATE, orders_create, com.shopify.orders.create.v1 and the like.

    A topic of no known resource is passed on in lower case.
    """
    text = _VERSION.sub("", topic.strip().lower())
    text = text.rpartition("shopify.")[2]
    found = _RESOURCE_FIRST.fullmatch(text)
    return f"{found[1]}/{found[2]}" if found else text


def known(topic: str) -> bool:
    """Whether a normalised topic names a resource of Shopify."""
    return topic.partition("/")[0] in _RESOURCES and "/" in topic
