"""Who buys, and where goods and bills go. Personal: never in a log, a metric or an error message (I10)."""

from __future__ import annotations

from hashlib import sha256

from schemas.base import Frozen


class Address(Frozen):
    """A postal address. Any part may be absent: shops withhold personal data (sources.md 1.7)."""

    name: str = ""
    company: str = ""
    street1: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


class Party(Frozen):
    """The buyer as the shop names it; all absent for a guest at the till."""

    customer_id: str | None = None
    company_id: str | None = None
    company_name: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    tax_exempt: bool = False
    email_key: str = ""
    """`email_key` of an e-mail that was erased: it still names the buyer's account (books 16, correctness 23)."""


def email_key(email: str) -> str:
    """Name a person by e-mail without telling it: a digest of its normalised text; empty for none (books 16)."""
    normalised = email.strip().lower()
    return sha256(normalised.encode()).hexdigest()[:32] if normalised else ""
