"""The lane of an order body without reading the body: most of the traffic is parsed once, when its turn comes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.event import Key

_ORDER = re.compile(
    rb'\s*\{\s*"id"\s*:\s*\d+\s*,\s*"admin_graphql_api_id"\s*:\s*"gid:\\?/\\?/shopify\\?/Order\\?/(\d{1,255})"'
)
_TOPICS = frozenset(
    b"orders/" + name for name in (b"create", b"updated", b"paid", b"cancelled", b"fulfilled", b"partially_fulfilled")
)


def order_key(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Key | None:
    """Return the key of a plain order body that names itself in its first fields, as Shopify's do; else None.

    A hint for the lane only: what the record really is, is read in full before anything is done with it.
    """
    if value is None or (found := _ORDER.match(value)) is None:
        return None
    topic = tenant = b""
    for name, content in headers:
        lower = name.lower()
        if lower == "x-shopify-topic":
            topic = content
        elif lower == "x-shopify-shop-domain":
            tenant = content
        elif lower == "content-type" and b"cloudevents" in content.lower():
            return None
    if topic not in _TOPICS or not tenant.isascii() or not 0 < len(tenant) < 256:
        return None
    return Key(external_source="shopify", tenant=tenant.decode().strip().lower(), root=found[1].decode())
