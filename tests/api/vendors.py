"""How the vendors sign, written down a second time, and secrets that must never be seen again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

APP = "5cre7-of-the-app-0123456789abcdef"
SHOP_OWN = "5cre7-of-the-shop-0123456789abcd"
TOKEN = "5cre7-verifier-0123456789abcdef"
WHSEC = "whsec_5cre7-0123456789abcdef"
ADMIN = "5cre7-of-people-0123456789abcdef"


def digest(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def shopify(body: bytes, secret: str = APP, shop: str = "acme.myshopify.com") -> dict[str, str]:
    return {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Webhook-Id": hashlib.sha256(body).hexdigest()[:32],
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest(secret, body)).decode(),
        "Content-Type": "application/json",
    }


def intuit(body: bytes, secret: str = TOKEN) -> dict[str, str]:
    signature = base64.b64encode(digest(secret, body)).decode()
    return {"intuit-signature": signature, "Content-Type": "application/cloudevents+json"}


def arcus(body: bytes, secret: str = WHSEC, *, at: float | None = None) -> dict[str, str]:
    moment = str(int(time.time() if at is None else at))
    return {"Arcus-Signature": f"t={moment},v1={digest(secret, moment.encode() + b'.' + body).hex()}"}


SIGNED: dict[str, Callable[[bytes], dict[str, str]]] = {"shopify": shopify, "quickbooks": intuit, "arcus": arcus}
