"""What a body is. The body decides; the topic only where the body cannot."""

from __future__ import annotations

from enum import Enum, auto

from connectors.shopify.fields import gid_type
from connectors.shopify.topics import DELETED, EDITED, ORDER_TOPICS, REFUND_TOPICS, TRANSACTION_TOPICS, known


class Shape(Enum):
    """The documents that we know, and the ones that we know are not ours."""

    ORDER = auto()
    EDIT = auto()
    DELETION = auto()
    TRANSACTION = auto()
    REFUND = auto()
    CUSTOMER_REDACT = auto()
    DATA_REQUEST = auto()
    SHOP_REDACT = auto()
    UNINSTALLED = auto()
    FOREIGN = auto()
    UNKNOWN = auto()


_BY_GID = {"Order": Shape.ORDER, "OrderTransaction": Shape.TRANSACTION, "Refund": Shape.REFUND}
_BY_TOPIC = {
    **dict.fromkeys(ORDER_TOPICS, Shape.ORDER),
    **dict.fromkeys(TRANSACTION_TOPICS, Shape.TRANSACTION),
    **dict.fromkeys(REFUND_TOPICS, Shape.REFUND),
    DELETED: Shape.DELETION,
    EDITED: Shape.EDIT,
    "customers/redact": Shape.CUSTOMER_REDACT,
    "customers/data_request": Shape.DATA_REQUEST,
    "shop/redact": Shape.SHOP_REDACT,
    "app/uninstalled": Shape.UNINSTALLED,
}
# What only a request about a person has.
_ABOUT_A_PERSON = {"orders_to_redact": Shape.CUSTOMER_REDACT, "orders_requested": Shape.DATA_REQUEST}
# Keys that only a resource without a gid has: dispute, tender, payout line, gift card, risk.
_FOREIGN_KEYS = frozenset({"evidence_due_by", "remote_reference", "payout_id", "last_characters", "risk_level"})


def shape_of(body: dict[str, object], topic: str) -> Shape:
    """The shape of a body that came under this topic (normalised, may be empty)."""
    if isinstance(body.get("order_edit"), dict):
        return Shape.EDIT
    gid = gid_type(body.get("admin_graphql_api_id"))
    if gid and gid != "Shop":
        found = _BY_GID.get(gid, Shape.FOREIGN)
        # No body can say of itself that it was deleted.
        return Shape.DELETION if found is Shape.ORDER and topic == DELETED else found
    return _by_keys(body, topic) or _by_topic(topic)


def _by_keys(body: dict[str, object], topic: str) -> Shape | None:
    for name, shape in _ABOUT_A_PERSON.items():
        if name in body:
            return shape
    if not _FOREIGN_KEYS.isdisjoint(body):
        return Shape.FOREIGN
    if "line_items" in body and "financial_status" in body:
        return Shape.DELETION if topic == DELETED else Shape.ORDER
    if "order_id" in body and "refund_line_items" in body:
        return Shape.REFUND
    if "order_id" in body and "gateway" in body and "kind" in body:
        return Shape.TRANSACTION
    return None


def _by_topic(topic: str) -> Shape:
    return _BY_TOPIC.get(topic) or (Shape.FOREIGN if known(topic) else Shape.UNKNOWN)
