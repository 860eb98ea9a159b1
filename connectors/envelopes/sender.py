"""Who sent it: what headers, attributes and the body itself say about source, shop, topic and delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.envelopes import airbyte
from connectors.envelopes.layer import canonical
from connectors.envelopes.unwrapped import Unwrapped
from connectors.errors import Undecodable
from connectors.shopify.fields import moment
from connectors.shopify.topics import SOURCE, known, normalised
from schemas.outcome import Reason

_KEPT = ("x-shopify-", "shopify-", "ce-", "intuit-")
_OUTBOX_TYPE = "eventtype"  # where Debezium's outbox router is told to put the type of the event
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9._:-]{0,254}")
_GID = "gid://shopify/"
_LONGEST = 255  # characters of an id of a delivery that are kept


def headers_of(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """The headers of a record that concern us, in one spelling; the last of a name counts, as in Kafka."""
    found: dict[str, str] = {}
    for name, value in headers:
        spelled = canonical(name)
        if spelled.startswith(_KEPT):
            found[spelled] = _plain(value)
        elif spelled == _OUTBOX_TYPE:
            found["outbox-type"] = _plain(value)
    return found


def _plain(value: bytes | None) -> str:
    """The text of a header; Kafka Connect's JSON converter puts it between quotes."""
    found = (value or b"").decode(errors="replace")
    return found[1:-1] if len(found) > 1 and found[0] == found[-1] == '"' else found


def recognised(body: dict[str, object], said: Mapping[str, str], default_tenant: str | None) -> Unwrapped:
    """The body with its sender. Raises Undecodable where nobody can tell whose it is."""
    said = {**said, **airbyte.sender(body, said)}
    preview = "shopify-topic" in said and "x-shopify-topic" not in said
    prefix = "shopify-" if preview else "x-shopify-"
    if not (preview or _is_shopify(body, said)):
        raise _stranger(body, said)
    return Unwrapped(
        source=SOURCE,
        body=body,
        topic=_topic(said, prefix),
        tenant=_tenant(said, prefix) or (default_tenant or ""),
        event_id=_clean(said.get(f"{prefix}event-id") or said.get("ce-id", "")),
        delivery_id=_clean(said.get(f"{prefix}webhook-id", "")),
        triggered_at=_triggered(said.get(f"{prefix}triggered-at")),
        api_version=_clean(said.get(f"{prefix}api-version", "")),
        preview=preview,
    )


def stranger(said: Mapping[str, str]) -> Undecodable | None:
    """The refusal of a record whose wrapping alone says that its sender is not connected."""
    return None if _names_shopify(said) else _foreign(said)


def _is_shopify(body: dict[str, object], said: Mapping[str, str]) -> bool:
    if _names_shopify(said) or "order_edit" in body or "rest-topic" in said:
        return True
    gid = body.get("admin_graphql_api_id")
    return isinstance(gid, str) and gid.startswith(_GID)


def _names_shopify(said: Mapping[str, str]) -> bool:
    if "x-shopify-topic" in said or "x-shopify-shop-domain" in said:
        return True
    if _SHOP.fullmatch(said.get("named-shop", "").lower()):
        return True
    return any("shopify" in said.get(name, "").lower() for name in ("ce-type", "ce-source", "eventbridge-source"))


def _stranger(body: dict[str, object], said: Mapping[str, str]) -> Undecodable:
    if "eventNotifications" in body:
        said = {**said, "intuit-signature": ""}
    return _foreign(said) or Undecodable(
        Reason.UNKNOWN_SHAPE,
        "nothing in it says which shop system it is from: no X-Shopify headers, no id of a Shopify resource; "
        "whoever produces it must pass the headers of the delivery on",
    )


def _foreign(said: Mapping[str, str]) -> Undecodable | None:
    if any(name.startswith("intuit-") for name in said) or said.get("ce-type", "").startswith("qbo."):
        return Undecodable(Reason.UNKNOWN_SOURCE, "it comes from QuickBooks, which is not connected here")
    origin = said.get("ce-source") or said.get("eventbridge-source")
    if origin:
        return Undecodable(Reason.UNKNOWN_SOURCE, f"it comes from {_clean(origin)[:80]!r}, which is not connected here")
    return None


def _topic(said: Mapping[str, str], prefix: str) -> str:
    for name in (
        f"{prefix}topic",
        "ce-xshopifytopic",
        "ce-shopifytopic",
        "ce-topic",
        "ce-type",
        "named-topic",
        "rest-topic",
    ):
        if name in said:
            return normalised(_clean(said[name]))
    outbox = normalised(_clean(said.get("outbox-type", "")))
    return outbox if known(outbox) else ""


def _tenant(said: Mapping[str, str], prefix: str) -> str:
    for name in (
        f"{prefix}shop-domain",
        "ce-xshopifyshopdomain",
        "ce-shopifyshopdomain",
        "ce-shopdomain",
        "ce-shop",
        "named-shop",
    ):
        domain = said.get(name, "").strip().lower()
        if _DOMAIN.fullmatch(domain):
            return domain
    for name in ("ce-source", "ce-subject"):
        found = _SHOP.search(said.get(name, "").lower())
        if found:
            return found.group()
    return ""


def _triggered(text: str | None) -> datetime | None:
    """Only a tie breaker: where it cannot be read it is not there."""
    if text is None:
        return None
    try:
        return moment(text.strip())
    except ValueError:
        return None


def _clean(text: str) -> str:
    kept = text.strip()[:_LONGEST]
    return kept if kept.isprintable() else "".join(letter for letter in kept if letter.isprintable())
