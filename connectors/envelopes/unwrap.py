"""The way from a Kafka record to the bodies in it: layer by layer, by shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.envelopes import debezium
from connectors.envelopes.jsontext import parse, parse_text
from connectors.envelopes.layer import Ended
from connectors.envelopes.layers import opened
from connectors.envelopes.sender import headers_of, recognised, stranger
from connectors.envelopes.unwrapped import Limits, Unwrapped
from connectors.errors import ConnectorError, OutOfScope, Undecodable
from schemas.event import Envelope
from schemas.outcome import Reason


def unwrap(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    *,
    limits: Limits,
    default_tenant: str | None = None,
    key: bytes | None = None,
) -> tuple[Unwrapped, ...]:
    """All bodies of a record. Raises the first ConnectorError, even where other elements of a batch are sound."""
    found: list[Unwrapped] = []
    for one in unwrap_each(value, headers, limits=limits, default_tenant=default_tenant, key=key):
        if isinstance(one, ConnectorError):
            raise one
        found.append(one)
    return tuple(found)


def unwrap_each(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    *,
    limits: Limits,
    default_tenant: str | None = None,
    key: bytes | None = None,
) -> tuple[Unwrapped | ConnectorError, ...]:
    """Each body of a record, or why there is none: one bad element of a batch spoils no other.

    `key` is the record's, which tells the tombstone of a row from a value that was lost.
    """
    said = headers_of(headers)
    walk = _Walk(limits=limits, default_tenant=default_tenant)
    try:
        if value is None and (ended := debezium.tombstone(key)) is not None:
            raise _no_event(ended)
        if value is None:
            raise stranger(said) or Undecodable(
                Reason.UNDECODABLE, "the record has no value (a Kafka tombstone); Shopify never sends one"
            )
        return tuple(walk.into(parse(value, limits), said, 0))
    except ConnectorError as error:
        return (error,)


def _no_event(ended: Ended) -> OutOfScope:
    return OutOfScope(envelope=_NOBODY, reason=ended.reason, detail=ended.detail)


_NOBODY = Envelope(external_source="unknown", tenant="")
"""The sender of what says of itself only that it is no event."""


@dataclass(frozen=True, slots=True)
class _Walk:
    limits: Limits
    default_tenant: str | None

    def into(self, value: object, said: dict[str, str], depth: int) -> Iterator[Unwrapped | ConnectorError]:
        """Walk into one value; what the inner wrapping says counts more than what the outer said."""
        if isinstance(value, dict):
            inside = opened(value)
            if inside is None:
                yield recognised(value, said, self.default_tenant)
                return
            if isinstance(inside, Ended):
                yield _no_event(inside)
                return
            self._check(depth)
            if inside.content is None:
                raise stranger(said | inside.said) or Undecodable(Reason.UNDECODABLE, "the envelope has no content")
            yield from self.into(inside.content, said | inside.said, depth + 1)
        elif isinstance(value, list):
            yield from self._elements(value, said, depth)
        elif isinstance(value, str):
            inner = parse_text(value, self.limits)
            if isinstance(inner, str):  # a string is no layer of its own, unless it holds another string
                self._check(depth)
                depth += 1
            yield from self.into(inner, said, depth)
        else:
            raise Undecodable(Reason.UNKNOWN_SHAPE, "it is a bare number, true, false or null instead of an object")

    def _elements(self, values: list[object], said: dict[str, str], depth: int) -> Iterator[Unwrapped | ConnectorError]:
        if not values:
            raise Undecodable(Reason.UNKNOWN_SHAPE, "it is an empty list: there is no event in it")
        if len(values) > self.limits.max_elements:
            raise Undecodable(
                Reason.TOO_LARGE,
                f"the batch has {len(values):,} elements and the limit is {self.limits.max_elements:,}",
            )
        for value in values:
            try:
                if isinstance(value, list):  # a list is no layer of its own, unless it holds another list
                    self._check(depth)
                    yield from self._elements(value, said, depth + 1)
                else:
                    yield from self.into(value, said, depth)
            except ConnectorError as error:
                yield error

    def _check(self, depth: int) -> None:
        if depth >= self.limits.max_layers:
            raise Undecodable(
                Reason.UNKNOWN_SHAPE, f"it is wrapped more than {self.limits.max_layers} times; unwrap it at the sender"
            )
