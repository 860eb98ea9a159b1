"""The proof that Shopify sent a webhook: HMAC-SHA256 over the raw bytes (sources.md 1.3)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence


def is_genuine(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Whether `X-Shopify-Hmac-Sha256` fits one of the secrets: after a rotation the old one signs for an hour more.

    Takes the same time whichever secret fits, and however much of the signature does. No secret means not genuine.
    """
    try:
        given = base64.b64decode(signature.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    genuine = False
    for secret in secrets:
        genuine |= hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), given)
    return genuine
