"""Whether one of several secrets made a signature: HMAC-SHA256, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Sequence


def fits(signed: bytes, given: Sequence[bytes], secrets: Iterable[str]) -> bool:
    """Whether one of the given digests is one of the secrets' over `signed`.

    Takes the same time whichever secret fits, and however much of a digest does. An empty secret proves nothing:
    everybody knows it.
    """
    genuine = False
    for secret in secrets:
        if secret:
            digest = hmac.digest(secret.encode(), signed, "sha256")
            for one in given:
                genuine |= hmac.compare_digest(digest, one)
    return genuine


def from_base64(text: str) -> tuple[bytes, ...]:
    """Return the digest that a header holds as base64; none where it holds none."""
    try:
        return (base64.b64decode(text.strip(), validate=True),)
    except (binascii.Error, ValueError):
        return ()
