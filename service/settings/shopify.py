"""How Shopify's shops are read where something is parked that only they can tell."""

from __future__ import annotations

from pydantic import Field

from service.settings.section import Section


class ShopifySettings(Section):
    """Reading back from Shopify; it takes place for tenants with a `shop_token`."""

    base_url: str = Field(default="https://{shop}", pattern=r"^https?://[^\s?#]+$")
    """Where a shop is reached; `{shop}` stands for its domain."""
    api_version: str = Field(default="2026-07", pattern=r"^(\d{4}-\d{2}|unstable)$")
    """Version of the Admin GraphQL API. One lives about twelve months."""
    lines_page: int = Field(default=40, ge=1, le=250)
    """Lines of an order asked for at once. One query may cost 1,000 points, and a line costs about ten."""
    charges_page: int = Field(default=10, ge=1, le=250)
    """Shipping charges asked for at once."""
    refund_page: int = Field(default=40, ge=1, le=250)
    """Lines, charges, adjustments and transactions of a refund asked for at once."""
    transactions_page: int = Field(default=25, ge=1, le=250)
    """Transactions of an order asked for at first; twice as many while they come back full."""
    refunds_page: int = Field(default=25, ge=1, le=250)
    """Refunds of an order asked for at first; twice as many while they come back full."""
    call_deadline_s: float = Field(default=30.0, gt=0)
    """One call may take so long."""
    every_s: float = Field(default=15.0, gt=0)
    """How often it is looked whether something waits to be read."""
    again_s: float = Field(default=60.0, gt=0)
    """An order that stays parked is read again after so long, then twice as long, and so on."""
    again_max_s: float = Field(default=3_600.0, gt=0)
    """The longest time between two reads of one order."""
    settle_s: float = Field(default=10.0, ge=1)
    """A change has to be so old, by the shop's clock, to be read: a younger one may not show, or may go on."""
