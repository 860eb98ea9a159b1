from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.base import Kind, Ref
from schemas.party import Party
from service.errors import Refused
from service.telemetry.redaction import HIDDEN, SAFE, redact, scrub, shown

SECRETS = [
    ("sent with ark_live_ent_abc_Xy9", "Xy9"),
    ("token shpat_0123456789abcdef", "0123456789"),
    ("Authorization: Bearer abcdef.ghijkl-mno", "ghijkl"),
    ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("jwt eyJhbGciOi.eyJzdWIi.c2ln", "c2ln"),
    ("postgresql+asyncpg://ferry:hush@db:5432/ferry", "hush"),
    ("{'X-Shopify-Hmac-Sha256': 'bXkgc2lnbmF0dXJl'}", "bXkgc2"),
    ("x-shopify-hmac-sha256: bXkgc2lnbmF0dXJl=", "bXkgc2"),
    ('{"api_key": "k-12345"}', "k-12345"),
    ("sasl_password=hush,", "hush"),
    ("buyer bob.norman+x@mail.example.co.uk wrote", "norman"),
    ("call +1 (555) 625-1199 now", "625"),
    ("(err) [SQL: INSERT ...] [parameters: ('Bob Norman', '1 Elm St')] (Background", "Norman"),
    ("email value is bad [type=x, input_value='Bob Norman', input_type=str]", "Norman"),
]


@pytest.mark.parametrize(("text", "hidden"), SECRETS)
def test_a_secret_or_a_person_inside_a_text_is_hidden(text: str, hidden: str) -> None:
    assert hidden not in scrub(text)
    assert HIDDEN in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "order shopify|a.myshopify.com|820982911946154508 was posted as SO-1001",
        "lag 120 at offset 4711 of orderferry.shopify/3",
        "2026-05-31T22:30:00-07:00 +00:00 12.50 USD",
        "http://127.0.0.1:8080/metrics",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert scrub(text) == text


@given(st.text())
def test_any_text_can_be_scrubbed_and_twice_changes_nothing(text: str) -> None:
    once = scrub(text)
    assert scrub(once).count(HIDDEN) == once.count(HIDDEN)


@pytest.mark.parametrize(
    "name", ["email", "name", "first_name", "address", "buyer", "token", "headers", "body", "note", "anything_new"]
)
def test_the_text_of_a_field_that_is_not_known_is_hidden(name: str) -> None:
    assert name not in SAFE
    assert redact(None, "", {name: "Bob"}) == {name: HIDDEN}
    assert redact(None, "", {name: ["Bob"]}) == {name: HIDDEN}
    assert redact(None, "", {name: {"a": "Bob"}}) == {name: HIDDEN}


def test_numbers_of_unknown_fields_pass_unless_their_name_is_personal() -> None:
    entry = redact(None, "", {"seconds": 1.5, "share": Decimal("0.1"), "phone": 5556251199, "zip_code": 90210})
    assert entry == {"seconds": 1.5, "share": Decimal("0.1"), "phone": HIDDEN, "zip_code": HIDDEN}


@dataclass
class Letter:
    address: str


def test_a_whole_document_is_never_logged_even_under_a_known_name() -> None:
    entry = redact(None, "", {"document": Party(name="Bob"), "detail": {"name": "Bob"}, "what": Letter("Elm St")})
    assert entry == {"document": "[Party]", "detail": "[dict]", "what": "[Letter]"}


def test_each_part_of_a_list_is_shown_as_the_field_would_be() -> None:
    assert shown("topic", ["orders/create", {"email": "ada@example.com"}]) == ["orders/create", "[dict]"]


def test_what_has_a_text_of_its_own_is_logged_by_it() -> None:
    ref = Ref(external_source="shopify", tenant="a.com", kind=Kind.ORDER, external_id="1")
    error = Refused(what="create order", status=400, code="bad", hint="mail bob@example.com")
    entry = redact(None, "", {"document": ref, "error": error, "kind": Kind.ORDER, "reason": None, "_record": "x"})
    assert entry["document"] == "shopify a.com order 1"
    assert entry["error"] == f"create order was refused with 400 bad: mail {HIDDEN}"
    assert entry["kind"] == Kind.ORDER
    assert entry["_record"] == "x"
