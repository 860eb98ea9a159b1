"""Whether Shopify sent it."""

import base64
import hashlib
import hmac

import pytest

from connectors.shopify.signature import is_genuine

BODY = b'{"id": 1}'


def signed(secret: str, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def test_any_of_the_secrets_proves_the_sender() -> None:
    assert is_genuine(BODY, signed("old"), ["new", "old"])
    assert is_genuine(BODY, f" {signed('new')} ", ["new", "old"])


@pytest.mark.parametrize(
    "signature", ["", "no base64!", "ümlaut", signed("other"), signed("new", b'{"id":1}'), signed("new")[:20]]
)
def test_anything_else_is_not_genuine(signature: str) -> None:
    assert not is_genuine(BODY, signature, ["new", "old"])


def test_without_a_secret_nothing_is_genuine() -> None:
    assert not is_genuine(BODY, signed(""), [])
