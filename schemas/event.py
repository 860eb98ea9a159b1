"""The envelope: where an event came from and what it is a fact about."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.base import ExternalId, ExternalSource, Frozen, Utc
from schemas.order import Order, OrderDeletion, OrderEdit
from schemas.payment import Payment
from schemas.refund import Refund

Fact = Annotated[Order | OrderEdit | OrderDeletion | Payment | Refund, Field(discriminator="fact")]
"""Something that a shop said about one of its entities."""


class Position(Frozen):
    """Where a record stands in Kafka."""

    topic: str
    partition: int
    offset: int


class Envelope(Frozen):
    """What the delivery itself says; nothing in it is trusted for money."""

    external_source: ExternalSource
    tenant: str
    topic: str = ""
    """The shop's topic in the form `orders/create`; empty where it was lost on the way."""
    event_id: str = ""
    delivery_id: str = ""
    triggered_at: Utc | None = None
    api_version: str = ""


class Key(Frozen):
    """The root document: everything about it runs in one lane, under one lease."""

    external_source: ExternalSource
    tenant: str
    root: ExternalId

    def __str__(self) -> str:
        return f"{self.external_source}|{self.tenant}|{self.root}"

    def __hash__(self) -> int:
        return hash((self.external_source, self.tenant, self.root))


class Event(Frozen):
    """One event: its envelope, its key, and the facts in it (a refund brings its transactions along)."""

    envelope: Envelope
    key: Key
    facts: tuple[Fact, ...]
