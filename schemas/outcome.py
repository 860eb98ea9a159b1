"""How an event or a document ends, each with one name and a reason in words that a shop clerk understands."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from schemas.base import Frozen, Ref


class OutcomeName(StrEnum):
    """Every source event ends in exactly one of these (I8)."""

    POSTED = "posted"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    WAITING = "waiting"
    PARKED = "parked"
    DEAD_LETTERED = "dead_lettered"


class Reason(StrEnum):
    """Why it ended so. The value is the code in metrics, in `explain` and in the park list."""

    # skipped: a rule says that this is not ours to post
    BEFORE_GO_LIVE = "before_go_live"
    TEST = "test"
    OUT_OF_SCOPE = "out_of_scope"
    FILTERED = "filtered"
    DELETED = "deleted"
    DISCARDED = "discarded"
    NEVER_POSTED = "never_posted"
    MOVES_NO_CASH = "moves_no_cash"
    OTHER_AUTHORITY = "other_authority"
    TOMBSTONE = "tombstone"
    ROW_DELETED = "row_deleted"
    HEARTBEAT = "heartbeat"
    PRIVACY_REQUEST = "privacy_request"
    APP_UNINSTALLED = "app_uninstalled"
    # waiting: nothing is wrong, the shop is not that far yet
    GATE = "gate"
    NOT_SHIPPED = "not_shipped"
    PENDING = "pending"
    FRAUD_HOLD = "fraud_hold"
    WAITS_FOR_ORDER = "waits_for_order"
    TRANSACTIONS_AWAITED = "transactions_awaited"
    TENANT_PAUSED = "tenant_paused"
    # parked: it cannot go on without something named
    DOES_NOT_ADD_UP = "does_not_add_up"
    INVALID = "invalid"
    SKU_UNKNOWN = "sku_unknown"
    SKU_AMBIGUOUS = "sku_ambiguous"
    TARGET_MISSING = "target_missing"
    TENDER_UNMAPPED = "tender_unmapped"
    CURRENCY_UNSUPPORTED = "currency_unsupported"
    WAITS_FOR_INVOICE = "waits_for_invoice"
    PARENT_PARKED = "parent_parked"
    TRANSACTIONS_MISSING = "transactions_missing"
    NEEDS_READ = "needs_read"
    SAME_VERSION_DIFFERS = "same_version_differs"
    ORIGINAL_NOT_OURS = "original_not_ours"
    CANCELLED_WITH_CASH = "cancelled_with_cash"
    DELETED_AFTER_POSTING = "deleted_after_posting"
    FEWER_GOODS = "fewer_goods"
    MORE_GOODS = "more_goods"
    SHIPPED_BY_SHOP = "shipped_by_shop"
    EXCHANGE = "exchange"
    OVERPAID = "overpaid"
    WRONG_PERIOD = "wrong_period"
    REFUND_UNITS = "refund_units"
    REFUND_REFUSED = "refund_refused"
    ERP_TOTAL_DIFFERS = "erp_total_differs"
    ERP_HOLD = "erp_hold"
    ERP_REFUSED = "erp_refused"
    DRIFT = "drift"
    IN_DOUBT = "in_doubt"
    TWO_FOUND = "two_found"
    TENANT_UNKNOWN = "tenant_unknown"
    HELD = "held"
    # dead-lettered: nobody can tell what it is
    UNDECODABLE = "undecodable"
    UNKNOWN_SOURCE = "unknown_source"
    UNKNOWN_SHAPE = "unknown_shape"
    TOO_LARGE = "too_large"


DOUBTS: Final = frozenset({Reason.IN_DOUBT, Reason.TWO_FOUND})
"""A person has to say what happened; nothing else that is said of the document may hide it."""
TENANT_SET_UP: Final = "tenant:"
TENANT_RESUMED: Final = "tenant:resumed"
"""Conditions on which what belongs to a tenant goes on."""


class Verdict(Frozen):
    """What became of one document, and why."""

    document: Ref
    outcome: OutcomeName
    reason: Reason | None = None
    detail: str = ""
    """In a clerk's words: which figures, which SKU, what to do. Never a name, an address or an e-mail."""
    release: str = ""
    """The condition that lets a parked document go on by itself, for example `sku:ABC-1` or `tender:paypal`."""
    amount: str = ""
    """How much money waits here, for example `12.00 USD`."""
