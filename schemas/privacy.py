"""What a shop asks for in the name of a person, or when it leaves: no fact about a document (correctness 23)."""

from __future__ import annotations

from enum import StrEnum

from schemas.base import Frozen
from schemas.event import Event


class Asks(StrEnum):
    """What is asked for."""

    ERASE_CUSTOMER = "erase_customer"
    ERASE_SHOP = "erase_shop"
    TELL_CUSTOMER = "tell_customer"
    """A person wants to know what is held about them; a person answers."""
    LEAVE = "leave"
    """The shop took the app out: nothing more is posted for it until a person says so."""


class PrivacyRequest(Frozen):
    """One request. A person is named by ids and by the digest of the e-mail; a telephone number names several."""

    asks: Asks
    customer_id: str = ""
    email_key: str = ""
    """`schemas.party.email_key` of the e-mail: the e-mail itself is not kept."""
    order_ids: tuple[str, ...] = ()
    number: str = ""
    """The shop's own number of it, where it has one."""


class PrivacyEvent(Event):
    """The event that brings a request. It has no facts, and a lane of its own for each tenant."""

    request: PrivacyRequest
