"""How to reach the ERP, how fast it may be asked, and how its documentation is to be understood where it is unclear."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from service.settings.section import Section

KeyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
"""Small letters, digits and `_`, so that the name can stand in an environment variable."""

Provenance = Literal["source_platform", "external_order_id", "external_order_number"]


class ErpSettings(Section):
    """The ERP."""

    kind: Literal["arcus"] = "arcus"
    """Which ERP it is."""
    base_url: str = Field(default="https://api.arcuserp.com/v1", pattern=r"^https?://[^\s?#]+$")
    """Root of its API, with the version in the path."""
    api_keys: dict[KeyName, SecretStr] = Field(default_factory=dict)
    """API keys by a name of your choice; a tenant says which one it uses (`api_key`). One key is one ERP entity."""
    webhook_secrets: dict[KeyName, tuple[SecretStr, ...]] = Field(default_factory=dict)
    """Signing secrets of the ERP's webhooks, `whsec_` included, by the API keys' names; several to rotate them."""
    webhook_tolerance_s: float = Field(default=300.0, gt=0)
    """How far the time in a signature of the ERP's webhooks may be from ours, before or after."""
    entity_ids: dict[KeyName, str] = Field(default_factory=dict)
    """ERP entity of each key, by the same names; needed with `path_style: entity`."""
    path_style: Literal["flat", "entity"] = "flat"
    """`/orders`, or `/entities/{id}/orders`."""
    api_version: str = "2026-05-01"
    """The API's version that is asked for."""
    tier: Literal["test", "standard", "elevated", "unlimited"] = "standard"
    """Calls a key may make: test 60/min 10/s, standard 300/min 50/s, elevated 1200/min 100/s, unlimited in tests."""
    per_minute: int | None = Field(default=None, ge=1)
    """Calls per minute and key, where they differ from the tier's."""
    per_second: int | None = Field(default=None, ge=1)
    """Calls per second and key, where they differ from the tier's."""
    recovery_share: float = Field(default=0.3, gt=0, lt=1)
    """Share of the budget that recovery may take while live events wait."""
    max_in_flight: int = Field(default=128, ge=1, le=1_000)
    """Ceiling of calls under way at once; the real number adapts below it."""
    call_deadline_s: float = Field(default=30.0, gt=0)
    """One call may take so long; then its effect is unknown and is looked up."""
    idempotency_window_s: float = Field(default=86_400.0, gt=0)
    """How long the ERP recognises the same bytes under the same key, by its own clock."""
    idempotency_margin_s: float = Field(default=3_600.0, gt=0)
    """Kept away from the end of that window."""
    settle_horizon_s: float = Field(default=30.0, ge=0)
    """After a call's deadline the ERP may need so long until a look-up shows what it did."""
    payment_route: Literal["multi_invoice_apply", "order_payment"] = "multi_invoice_apply"
    """Which call records money that a shop collected."""
    tags: frozenset[Provenance] = frozenset()
    """Names beside `metadata` that carry our identity on an order, where the ERP keeps them."""
    account_name_field: Literal["name", "display_name"] = "name"
    """What the name of a new account is called."""
    account_search: str = "search"
    """Parameter that searches accounts."""
    product_sku_filter: Literal["sku"] | None = None
    """Parameter that finds a product by its SKU, where the ERP has it; else the products are crawled into an index."""
    product_refresh_s: float = Field(default=60.0, gt=0)
    """The index of products is crawled again at most so often when a SKU is missing."""
    payment_term_id: str = ""
    """Payment term sent with every sale, so that an account's Net 30 does not fall on a paid web order."""
    order_date_field: str = ""
    """Name under which a create takes the business date, where a read-back proved that it sticks."""
    return_needs_confirm: bool = True
    """Whether a return document is posted by a confirm of its own."""
    webhook_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    """Address of `POST /webhooks/arcus` as the ERP reaches it; where set, its events are read."""
    webhook_path: Literal["webhook_endpoints", "webhooks"] = "webhook_endpoints"
    """What the path of webhook endpoints is called; the documentation has both."""
    webhook_scope: Literal["webhooks:manage", "webhooks:write"] = "webhooks:manage"
    """Scope that an API key needs for them; named where the ERP refuses. The documentation has both."""
    webhook_events: tuple[str, ...] = ("order.*", "payment.*", "return.*", "account.*")
    """Events that `webhooks register` subscribes to: names, families such as `order.*`, or `*`."""
    activity_path: str = Field(default="/activity", pattern=r"^(/[^\s?#]+)?$")
    """Path of the ERP's activity log, which is polled for what no webhook told; empty where it has none."""
    poll_s: float = Field(default=300.0, gt=0)
    """How often the activity log and the webhook endpoint are looked at."""
    poll_orders_s: float = Field(default=3_600.0, gt=0)
    """How often the ERP's order list is compared with what was last read."""
    poll_days: float = Field(default=7.0, gt=0)
    """How many days back that list is compared, and the activity log is read at first."""
    breaker_threshold: float = Field(default=0.5, gt=0, le=1)
    """Share of failed calls that opens the breaker."""
    breaker_window: int = Field(default=20, ge=2)
    """Over how many calls that share is measured."""
    breaker_pause_s: float = Field(default=5.0, gt=0)
    """How long the breaker stays open before one call tries again."""
