"""The proof that Shopify sent a webhook: HMAC-SHA256 over the raw bytes (sources.md 1.3)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.secret import fits, from_base64

HEADERS = ("x-shopify-hmac-sha256", "shopify-hmac-sha256")
"""The classic webhook's header, and that of next-generation Events, which are recognised as such further on."""


def is_genuine(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Whether `X-Shopify-Hmac-Sha256` fits one of the secrets: after a rotation the old one signs for an hour more.

    Takes the same time whichever secret fits. No secret, or an empty one, means not genuine.
    """
    return fits(body, from_base64(signature), secrets)
