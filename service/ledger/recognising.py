"""Whom a record may be about that nobody can read: ids and e-mails in its bytes, also behind base64. Pure."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from schemas.party import email_key
from service.ledger.tombstones import Named
from service.ports import DeadLetter

_EMAIL: Final = re.compile(rb"[\w.!#$%&'*+=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_ID: Final = re.compile(
    rb"""\b(?:order_|customer_)?id["']?\s*[:=]\s*["']?(\d{1,20})\b|/(?:Order|Customer)/(\d{1,20})"""
)
_TENANT: Final = re.compile(rb"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")


def named(letter: DeadLetter) -> Named:
    """Everybody that a record may be about."""
    parts = [letter.key or b"", letter.value or b"", *(value for _, value in letter.headers)]
    texts = [text for part in parts for text in _readable(part)]
    ids = {(found[1] or found[2]).decode() for text in texts for found in _ID.finditer(text)}
    emails = {found[0].decode(errors="replace") for text in texts for found in _EMAIL.finditer(text)}
    return Named(
        tenants=frozenset(found[0].decode() for text in texts for found in _TENANT.finditer(text.lower())),
        names=frozenset(
            {f"{kind}:{number}" for number in ids for kind in ("order", "customer")}
            | {f"email:{email_key(email)}" for email in emails}
        ),
    )


def _readable(part: bytes) -> Iterator[bytes]:
    yield part
    for found in _BASE64.finditer(part):
        text = found[0].rstrip(b"=")
        padded = text + b"=" * (-len(text) % 4)
        try:
            yield urlsafe_b64decode(padded) if b"-" in text or b"_" in text else b64decode(padded)
        except Error:
            continue


def emptied(letter: DeadLetter) -> DeadLetter:
    """Where the record stood and why it is a dead letter, without what was in it."""
    return replace(letter, key=None, value=None, headers=())
