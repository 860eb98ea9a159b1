"""What Shopify asks for in the name of a person, and that a shop took the app out (sources.md 1.6)."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.errors import Undecodable
from connectors.shopify.fields import identity
from connectors.shopify.shapes import Shape
from schemas.event import Envelope, Key
from schemas.outcome import Reason
from schemas.party import email_key
from schemas.privacy import Asks, PrivacyEvent, PrivacyRequest

LANE = "~privacy"
"""The root of a tenant's lane for requests: no order has such an id."""

ASKS: Mapping[Shape, Asks] = {
    Shape.CUSTOMER_REDACT: Asks.ERASE_CUSTOMER,
    Shape.SHOP_REDACT: Asks.ERASE_SHOP,
    Shape.DATA_REQUEST: Asks.TELL_CUSTOMER,
    Shape.UNINSTALLED: Asks.LEAVE,
}
_OF_A_PERSON = frozenset({Asks.ERASE_CUSTOMER, Asks.TELL_CUSTOMER})


def privacy_event(asks: Asks, body: Mapping[str, object], envelope: Envelope) -> PrivacyEvent:
    """The request in one body. Raises Undecodable where nobody can tell whose it is or whom it is about."""
    tenant = envelope.tenant or _tenant(body)
    if not tenant:
        raise _unreadable("the shop", "pass the header X-Shopify-Shop-Domain on")
    request = _of_person(asks, body) if asks in _OF_A_PERSON else PrivacyRequest(asks=asks)
    key = Key(external_source=envelope.external_source, tenant=tenant, root=LANE)
    return PrivacyEvent(envelope=envelope.model_copy(update={"tenant": tenant}), key=key, facts=(), request=request)


def _of_person(asks: Asks, body: Mapping[str, object]) -> PrivacyRequest:
    customer = _object(body.get("customer"))
    email = customer.get("email")
    orders = body.get("orders_to_redact" if asks is Asks.ERASE_CUSTOMER else "orders_requested")
    request = PrivacyRequest(
        asks=asks,
        customer_id=_id(customer.get("id")),
        email_key=email_key(email) if isinstance(email, str) else "",
        order_ids=tuple(filter(None, map(_id, orders if isinstance(orders, list) else ()))),
        number=_id(_object(body.get("data_request")).get("id")),
    )
    if not (request.customer_id or request.email_key or request.order_ids):
        raise _unreadable("the person", "ask the shop for whom it is, and send the body whole")
    return request


def _tenant(body: Mapping[str, object]) -> str:
    domain = body.get("shop_domain")
    return domain.strip().lower() if isinstance(domain, str) else ""


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str:
    try:
        return identity(value)
    except ValueError:
        return ""


def _unreadable(who: str, fix: str) -> Undecodable:
    return Undecodable(Reason.UNKNOWN_SHAPE, f"a request about personal data does not name {who}; {fix}")
