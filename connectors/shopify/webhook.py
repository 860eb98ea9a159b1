"""A verified delivery of Shopify as a record: the bytes as they came, keyed by shop and order."""

from __future__ import annotations

import re

from pydantic_core import from_json

from connectors.shopify.delivery import body_id
from connectors.shopify.peek import order_key
from connectors.webhook import Headers, Outgoing, kept, key_of, named

PREFIXES = ("x-shopify-", "shopify-")
_SHOP = re.compile(r"[a-z0-9][a-z0-9._:-]{0,254}")
_NUMBER = re.compile(r"\d{1,20}")


def shop(headers: Headers) -> str:
    """The shop that the delivery names, in lower case; empty where it names none. The signature does not cover it."""
    domain = named(headers, "x-shopify-shop-domain", "shopify-shop-domain").lower()
    return domain if _SHOP.fullmatch(domain) else ""


def records(body: bytes, headers: Headers) -> tuple[Outgoing, ...]:
    """The one record of a delivery."""
    return (Outgoing(key_of(shop(headers), _root(body, headers)), body, kept(headers, PREFIXES)),)


def _root(body: bytes, headers: Headers) -> str:
    """The order that it is about: from a header, from the first bytes of an order, or from the body."""
    told = named(headers, "x-shopify-order-id")
    if _NUMBER.fullmatch(told):
        return told
    if (hint := order_key(body, headers)) is not None:
        return hint.root
    try:
        found = from_json(body)
    except ValueError:
        return ""
    inner = found.get("order_edit", found) if isinstance(found, dict) else None
    return (body_id(inner, "order_id") or body_id(inner, "id") or "") if isinstance(inner, dict) else ""
