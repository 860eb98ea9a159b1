"""The proof that Arcus sent a webhook: `t=<unix seconds>,v1=<hex>` over `<t>.<raw body>` (arcus-api.md 13.2)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.secret import fits

HEADERS = ("arcus-signature",)
_LONGEST_TIME = 12  # digits: the year 33,658


def is_genuine(body: bytes, signature: str, secrets: Sequence[str], *, now: float, tolerance_s: float) -> bool:
    """Whether one of the header's `v1` fits one of the secrets, which are used whole, `whsec_` included.

    Several `v1` stand in one header while a secret is rotated. A time further from `now` than the tolerance, in either
    direction, means that somebody sends an old delivery again.
    """
    times, digests = _parts(signature)
    if len(times) != 1 or not digests or abs(now - int(times[0])) > tolerance_s:
        return False
    return fits(times[0].encode() + b"." + body, digests, secrets)


def _parts(signature: str) -> tuple[list[str], list[bytes]]:
    times, digests = [], []
    for part in signature.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST_TIME):
                return [], []
            times.append(value)
        elif name == "v1":
            try:
                digests.append(bytes.fromhex(value))
            except ValueError:
                continue
    return times, digests
