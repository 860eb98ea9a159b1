"""From a record to events, whichever shop it is from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from connectors.envelopes import Limits, Unwrapped, unwrap_each
from connectors.errors import ConnectorError
from connectors.shopify.normalize import normalize
from schemas.event import Event

Zones = Callable[[str, str], tzinfo | None]
"""The time zone of a tenant, by external_source and tenant; None where none is set."""


def decode(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    *,
    zones: Zones,
    default_tenant: str | None,
    limits: Limits,
    received_at: datetime | None = None,
    key: bytes | None = None,
) -> tuple[Event, ...]:
    """All events of a record. Raises the first ConnectorError, even where other elements of a batch are sound."""
    found: list[Event] = []
    for one in decode_each(
        value, headers, zones=zones, default_tenant=default_tenant, limits=limits, received_at=received_at, key=key
    ):
        if isinstance(one, ConnectorError):
            raise one
        found.append(one)
    return tuple(found)


def decode_each(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    *,
    zones: Zones,
    default_tenant: str | None,
    limits: Limits,
    received_at: datetime | None = None,
    key: bytes | None = None,
) -> tuple[Event | ConnectorError, ...]:
    """Each event of a record, or why it is none: one bad element of a batch spoils no other. Never raises."""
    return tuple(
        _event(one, zones, received_at) if isinstance(one, Unwrapped) else one
        for one in unwrap_each(value, headers, limits=limits, default_tenant=default_tenant, key=key)
    )


def _event(one: Unwrapped, zones: Zones, received_at: datetime | None) -> Event | ConnectorError:
    try:
        return normalize(one, zone=zones(one.source, one.tenant), received_at=received_at)
    except ConnectorError as error:
        return error
