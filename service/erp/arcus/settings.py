"""What an operator may choose about one Arcus entity: the open questions of arcus-api.md 16, as switches."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

from pydantic import Field, SecretStr, field_validator

from schemas.base import Frozen

DAY = 24 * 3600.0


class PathStyle(StrEnum):
    """Whether the entity stands in the path (arcus-api.md 1)."""

    FLAT = "flat"
    ENTITY = "entity"


class PaymentRoute(StrEnum):
    """How money that was collected elsewhere is recorded (arcus-api.md 7)."""

    MULTI_INVOICE_APPLY = "multi_invoice_apply"
    ORDER_PAYMENT = "order_payment"


class AccountName(StrEnum):
    """What the account's name is called in a create."""

    NAME = "name"
    DISPLAY_NAME = "display_name"


class WebhookPath(StrEnum):
    """What the path of webhook endpoints is called (arcus-api.md 13.1)."""

    WEBHOOK_ENDPOINTS = "webhook_endpoints"
    WEBHOOKS = "webhooks"


class ExtraTag(StrEnum):
    """Provenance names of the order object that a create may or may not keep (arcus-api.md 6.10)."""

    SOURCE_PLATFORM = "source_platform"
    EXTERNAL_ORDER_ID = "external_order_id"
    EXTERNAL_ORDER_NUMBER = "external_order_number"


class ArcusSettings(Frozen):
    """One entity of Arcus and its API key."""

    base_url: str = "https://api.arcuserp.com/v1"
    api_key: SecretStr
    currency: str = ""
    """The entity's currency; effects in another are not sent. Empty: whatever the tenant says."""
    entity_id: str = ""
    """Needed for `path_style` entity."""
    path_style: PathStyle = PathStyle.FLAT
    version: str = "2026-05-01"
    tags: frozenset[ExtraTag] = frozenset()
    """Sent beside the metadata, which always goes."""
    payment_route: PaymentRoute = PaymentRoute.MULTI_INVOICE_APPLY
    account_name_field: AccountName = AccountName.NAME
    account_search_param: str = "search"
    sku_filter: bool = False
    """Whether GET /products understands `sku`; otherwise the catalogue is crawled."""
    order_expands: frozenset[str] = frozenset({"line_items", "payments"})
    """Relations asked for with every order that is read, where Arcus does not send them by itself."""
    order_date_field: str = ""
    """Name under which a create takes the business date, where a read-back proved that it sticks."""
    payment_term_id: str = ""
    """Sent with every sale, so that an account's Net 30 does not fall on a paid web order."""
    return_needs_confirm: bool = True
    refund_minor_units: frozenset[int] = frozenset({2})
    """Decimals of the currencies for which the refund call's integer amount is trusted."""
    call_deadline_s: float = Field(default=30.0, gt=0)
    idempotency_window_s: float = Field(default=DAY, gt=0)
    idempotency_margin_s: float = Field(default=900.0, ge=0)
    settle_horizon_s: float = Field(default=30.0, ge=0)
    """How old a read may be at most: the bound on stale answers."""
    look_back_s: float = Field(default=300.0, ge=0)
    """How far before the attempt a look-up begins, for clocks that disagree."""
    product_refresh_s: float = Field(default=30.0, ge=0)
    """A missing SKU leads to a new crawl at most this often."""
    product_max_age_s: float = Field(default=3600.0, gt=0)
    account_max_age_s: float = Field(default=3600.0, gt=0)
    """An account not read for so long is read before use, to follow a merge."""
    activity_path: str = "/activity"
    """Path of the activity log, which is inferred from that of one entry; empty: it is not read."""
    webhook_path: WebhookPath = WebhookPath.WEBHOOK_ENDPOINTS
    webhook_scope: str = "webhooks:manage"
    """What a key without the right to manage webhooks is told to get."""
    webhook_events: tuple[str, ...] = ("order.*", "payment.*", "return.*", "account.*")
    frozen_wait_s: float = Field(default=5.0, gt=0)
    credentials_wait_s: float = Field(default=60.0, gt=0)

    @field_validator("base_url")
    @classmethod
    def _bare(cls, url: str) -> str:
        return url.rstrip("/")

    @property
    def fingerprint(self) -> str:
        """Name the API key without telling it."""
        return sha256(self.api_key.get_secret_value().encode()).hexdigest()[:12]

    def path(self, flat: str) -> str:
        """Return a path in the configured style."""
        if self.path_style is PathStyle.FLAT:
            return flat
        return f"/entities/{self.entity_id}{flat}"
