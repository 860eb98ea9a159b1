"""A record that nobody can read may still name somebody."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest

from schemas.event import Position
from schemas.outcome import Reason
from schemas.party import email_key
from service.ledger.recognising import emptied, named
from service.ledger.tombstones import SHOP
from service.ports import DeadLetter

TENANT = "a.myshopify.com"
BODY = b'{"id": 1001, "email": "Ada@x.example", "customer": {"id": 191, "na'
ADA = f"email:{email_key('ada@x.example')}"


def letter(value: bytes | None, *, shop: str = "") -> DeadLetter:
    headers = [("x-shopify-shop-domain", shop.encode())] if shop else []
    return DeadLetter(Position(topic="t", partition=0, offset=1), None, value, headers, Reason.UNDECODABLE, "cut")


@pytest.mark.parametrize(
    "value",
    [BODY, b'{"data": "' + b64encode(BODY) + b'"}', urlsafe_b64encode(BODY + b"\xff\xfe\xfd?>" * 3)],
    ids=["plain", "base64", "urlsafe"],
)
@pytest.mark.parametrize("name", ["order:1001", "customer:191", ADA])
def test_whoever_is_named_in_it_is_recognised(value: bytes, name: str) -> None:
    assert named(letter(value)).fits(TENANT, [name])
    assert named(letter(value, shop=TENANT)).fits(TENANT, [name])
    assert not named(letter(value, shop="b.myshopify.com")).fits(TENANT, [name])
    assert not named(letter(value)).fits(TENANT, ["order:1002", "customer:19", "email:other", SHOP])


def test_a_whole_shop_is_recognised_by_its_domain() -> None:
    assert named(letter(b"\xff", shop=TENANT)).fits(TENANT, [SHOP])
    assert not named(letter(b"\xff", shop=TENANT)).fits("b.myshopify.com", [SHOP])


def test_an_amount_is_no_id() -> None:
    assert not named(letter(b'{"total": 191, "paid": "191"}')).fits(TENANT, ["customer:191", "order:191"])


def test_what_looks_like_base64_and_is_none_is_no_trouble() -> None:
    assert named(letter(b"A" * 25)).names == frozenset()
    assert named(letter(None)).names == frozenset()


def test_an_emptied_letter_still_says_where_it_stood_and_why() -> None:
    one = emptied(letter(BODY, shop=TENANT))
    assert (one.key, one.value, one.headers) == (None, None, ())
    assert (one.position.offset, one.reason, one.detail) == (1, Reason.UNDECODABLE, "cut")
