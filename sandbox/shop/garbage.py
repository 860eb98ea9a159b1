"""Records that nobody can read, or that are nobody's business."""

import json
from random import Random

from sandbox.shop.deliveries import Delivery, envelope
from sandbox.shop.foretell import Expected
from sandbox.shop.history import FIRST_DAY
from sandbox.shop.shops import SHOPS, Shop

UNREADABLE = ("not_json", "wrong_encoding", "null_value", "unknown_shape", "nested", "cut_short")
STRANGER = Shop(
    "stranger", "nobody-knows.myshopify.com", "USD", "erp", "UTC", "US", SHOPS[0].tax_rate, SHOPS[0].typical
)
HEADERS = (("x-shopify-topic", b"orders/create"), ("x-shopify-shop-domain", SHOPS[0].domain.encode()))


def unreadable(kind: str, number: int, rng: Random) -> Delivery:
    """One record for the dead letters."""
    key = b"garbage-%d" % number
    values: dict[str, bytes | None] = {
        "not_json": b"<html><body>502 Bad Gateway</body></html>",
        "wrong_encoding": '{"id": 1, "note": "Grüße"}'.encode("utf-16"),
        "null_value": None,
        "unknown_shape": json.dumps({"hello": "world", "n": rng.randrange(1000)}).encode(),
        "nested": b"[" * 5_000 + b"]" * 5_000,
        "cut_short": b'{"id": 450789469, "admin_graphql_api_id": "gid://shopify/Order/45078',
    }
    headers = () if kind in ("unknown_shape", "null_value") else HEADERS
    return Delivery(key, values[kind], headers, "other", keep=True)


def foreign_topic(number: int) -> Delivery:
    """A topic of the same shop that is not ours to post."""
    body = {
        "id": 9_000_000 + number,
        "email": "somebody@example.com",
        "admin_graphql_api_id": f"gid://shopify/Customer/{9_000_000 + number}",
    }
    key, value, headers = envelope(
        SHOPS[1], "customers/update", body, root=9_000_000 + number, at=FIRST_DAY, number=number
    )
    return Delivery(key, value, headers, "other", keep=True)


def of_a_stranger(number: int, body: dict[str, object]) -> tuple[Delivery, Expected]:
    """An order of a shop that nobody set up."""
    root = 77_000_000 + number
    named = {**body, "refunds": [], "id": root, "admin_graphql_api_id": f"gid://shopify/Order/{root}"}
    key, value, headers = envelope(STRANGER, "orders/create", named, root=root, at=FIRST_DAY, number=number)
    expected = Expected(STRANGER.domain, "order", str(root), "parked", "tenant_unknown", root=str(root))
    return Delivery(key, value, headers, "other", keep=True), expected
