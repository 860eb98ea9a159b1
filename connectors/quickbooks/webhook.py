"""A verified delivery of Intuit as records: one for each entity of each realm, in the order in which they came.

A delivery about one entity stays as it is, byte for byte; of one about several each part is cut out byte for byte and
wrapped as the whole was. What cannot be taken apart goes on as it is, and whoever reads the topic says what is wrong
with it: a delivery that is refused would hold back all that follow (sources.md 2.2).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.envelopes.pointer import NoSuchPart, elements, part
from connectors.envelopes.unwrapped import Limits
from connectors.webhook import Headers, Outgoing, identifier, kept, key_of

PREFIXES = ("intuit-", "ce-")
_ELEMENTS = Limits().max_elements


@dataclass(frozen=True, slots=True)
class _Piece:
    realm: str
    entity: str
    number: str
    text: str


def records(body: bytes, headers: Headers) -> tuple[Outgoing, ...]:
    """The records of a delivery, in either format."""
    theirs = kept(headers, PREFIXES)
    try:
        text = body.decode()
        events = text.lstrip(" \t\r\n").startswith("[")
        pieces = list(_cloud_events(text) if events else _notifications(text))
    except (NoSuchPart, UnicodeDecodeError):
        pieces = []
    groups: dict[bytes | None, list[_Piece]] = {}
    for piece in pieces:
        groups.setdefault(key_of(piece.realm, piece.entity, piece.number), []).append(piece)
    if len(groups) < 2 or None in groups or len(pieces) > _ELEMENTS:
        return (Outgoing(next(iter(groups)) if len(groups) == 1 else None, body, theirs),)
    wrap = _array if events else _object
    return tuple(Outgoing(key, wrap(group), theirs) for key, group in groups.items())


def _cloud_events(text: str) -> Iterator[_Piece]:
    for one in elements(text):
        entity = _text(one, "/type").lower().removeprefix("qbo.").partition(".")[0]
        yield _Piece(_text(one, "/intuitaccountid"), entity, _text(one, "/intuitentityid"), one)


def _notifications(text: str) -> Iterator[_Piece]:
    for notification in elements(part(text, "/eventNotifications")):
        realm = _text(notification, "/realmId")
        for one in elements(part(notification, "/dataChangeEvent/entities")):
            yield _Piece(realm, _text(one, "/name").lower(), _text(one, "/id"), one)


def _array(group: list[_Piece]) -> bytes:
    return f"[{','.join(piece.text for piece in group)}]".encode()


def _object(group: list[_Piece]) -> bytes:
    entities = ",".join(piece.text for piece in group)
    realm = json.dumps(group[0].realm)
    return f'{{"eventNotifications":[{{"realmId":{realm},"dataChangeEvent":{{"entities":[{entities}]}}}}]}}'.encode()


def _text(text: str, pointer: str) -> str:
    """An identifier at a place; empty where there is none."""
    try:
        return identifier(json.loads(part(text, pointer)))
    except NoSuchPart:
        return ""
