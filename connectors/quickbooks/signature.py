"""The proof that Intuit sent a webhook: HMAC-SHA256 over the raw bytes by the app's verifier token (sources.md 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.secret import fits, from_base64

HEADERS = ("intuit-signature",)
"""One for both formats."""


def is_genuine(body: bytes, signature: str, tokens: Sequence[str]) -> bool:
    """Whether `intuit-signature` fits one of the verifier tokens. No token, or an empty one, means not genuine."""
    return fits(body, from_base64(signature), tokens)
