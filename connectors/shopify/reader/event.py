"""What was read, as the event that it is from then on."""

from __future__ import annotations

from datetime import datetime, tzinfo

from connectors.envelopes.unwrapped import Unwrapped
from connectors.shopify.normalize import normalize
from connectors.shopify.reader.body import Doc
from connectors.shopify.topics import SOURCE
from schemas.event import Envelope, Event, Key

_TOPIC = "orders/read"


def read_event(body: Doc, *, tenant: str, zone: tzinfo | None, at: datetime, api_version: str = "") -> Event:
    """The event of a body that was read at this moment of the shop's clock. Raises Invalid."""
    event = normalize(
        Unwrapped(source=SOURCE, body=body, topic=_TOPIC, tenant=tenant, api_version=api_version), zone=zone
    )
    # Not in the facts: their versions are those of the shop's own moments, as in a webhook.
    return event.model_copy(update={"envelope": event.envelope.model_copy(update={"triggered_at": at})})


def gone(number: str, *, tenant: str, at: datetime, api_version: str = "") -> Event:
    """The event of an order that the shop does not show: no fact, for it may only be older than the app may see."""
    envelope = Envelope(external_source=SOURCE, tenant=tenant, topic=_TOPIC, triggered_at=at, api_version=api_version)
    return Event(envelope=envelope, key=Key(external_source=SOURCE, tenant=tenant, root=number), facts=())
