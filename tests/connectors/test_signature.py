"""Whether the vendor sent it."""

import base64
import hashlib
import hmac

import pytest

from connectors.arcus.signature import is_genuine as arcus_sent
from connectors.quickbooks.signature import is_genuine as intuit_sent
from connectors.shopify.signature import is_genuine

BODY = b'{"id": 1}'
NOW = 1_790_000_000


def signed(secret: str, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def stamped(*secrets: str, at: int = NOW, body: bytes = BODY) -> str:
    told = [hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={one}" for one in told)])


def arcus(signature: str, *secrets: str, now: float = NOW, body: bytes = BODY) -> bool:
    return arcus_sent(body, signature, secrets, now=now, tolerance_s=300)


# RFC 4231, test case 2: https://www.rfc-editor.org/rfc/rfc4231#section-4.3
WANT, JEFE = b"what do ya want for nothing?", "Jefe"
DIGEST = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
# echo -n '1790000000.{"id": 1}' | openssl dgst -sha256 -hmac whsec_0123456789abcdef
OPENSSL = "a32e47d2d5ef828105c1fa2512c55fdba1c78d475168be2ba4818c1078c30a1a"


def test_published_vectors_are_genuine() -> None:
    assert is_genuine(WANT, base64.b64encode(DIGEST).decode(), [JEFE])
    assert intuit_sent(WANT, base64.b64encode(DIGEST).decode(), [JEFE])
    assert arcus(f"t={NOW},v1={OPENSSL}", "whsec_0123456789abcdef")


def test_any_of_the_secrets_proves_the_sender() -> None:
    assert is_genuine(BODY, signed("old"), ["new", "old"])
    assert is_genuine(BODY, f" {signed('new')} ", ["new", "old"])
    assert intuit_sent(BODY, signed("old"), ["new", "old"])
    assert arcus(stamped("old"), "new", "old")
    assert arcus(stamped("gone", "old"), "new", "old")


@pytest.mark.parametrize(
    "signature", ["", "no base64!", "ümlaut", signed("other"), signed("new", b'{"id":1}'), signed("new")[:20]]
)
def test_anything_else_is_not_genuine(signature: str) -> None:
    assert not is_genuine(BODY, signature, ["new", "old"])
    assert not intuit_sent(BODY, signature, ["new", "old"])


def test_without_a_secret_nothing_is_genuine() -> None:
    assert not is_genuine(BODY, signed(""), [])
    assert not arcus(stamped(""))


def test_an_empty_secret_proves_nothing() -> None:
    assert not is_genuine(BODY, signed(""), [""])
    assert not intuit_sent(BODY, signed(""), ["", ""])
    assert not arcus(stamped(""), "")
    assert is_genuine(BODY, signed("new"), ["", "new"])


@pytest.mark.parametrize(("seconds", "genuine"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_time_beyond_the_tolerance_is_somebody_elses(seconds: int, genuine: bool) -> None:
    assert arcus(stamped("new"), "new", now=NOW + seconds) is genuine


@pytest.mark.parametrize(
    "signature",
    [
        "",
        f"t={NOW}",
        stamped("new").removeprefix(f"t={NOW},"),
        stamped("new").replace(f"t={NOW}", f"t={NOW + 1}"),
        f"t={NOW},{stamped('new')}",
        stamped("new").replace("t=", "t=+"),
        stamped("new").replace("t=", "t=0000"),
        stamped("new").replace(f"t={NOW}", "t=²"),
        stamped("new").replace("v1", "v0"),
        stamped("new") + "zz",
        stamped("new", body=b"{}"),
        stamped("new")[:-2],
    ],
)
def test_a_signature_in_pieces_that_do_not_fit_is_not_genuine(signature: str) -> None:
    assert not arcus(signature, "new")


def test_spaces_and_strangers_beside_a_genuine_part_do_no_harm() -> None:
    assert arcus(stamped("new").replace(",", " , ") + ",v0=aa,v1=zz,x", "new")
